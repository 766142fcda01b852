// Makes docs/proof/faults.md of the JSON reports of one or more runs: `node --conditions=source test/faults/proof.ts REPORT…`. Of a scenario
// that was played several times the last one counts, and what came out before is told beside it; the joined report stands beside the page.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/tidewheel.ts';
import type { Report } from './scenario.ts';
import { scenarios } from './scenarios/all.ts';

type Played = Report & { readonly commit: string };

interface RunOfScenarios {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly kernel: string; readonly node: string };
  readonly reports: readonly Played[];
}

const runs = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')) as RunOfScenarios);
/** Where it was played is nobody's business. */
const all = runs
  .flatMap(({ reports }) => reports)
  .map(({ failure, ...report }): Played => {
    if (failure === undefined) return report;
    return { ...report, failure: failure.replaceAll(/file:\/\/\S*?\/(?=test\/|packages\/|node_modules\/)/g, '') };
  });
const byId = Map.groupBy(all, ({ id }) => id);
const played = scenarios.flatMap(({ id }) => byId.get(id)?.at(-1) ?? []);
const machine = runs.at(-1)?.machine;

/** So that a failure which did not come again is not hidden by the run that passed. */
function outcomeBefore(report: Played): string {
  const failed = report.criteria
    .filter((one) => !one.passed)
    .map(({ name, measured }) => `${name}: ${rounded(measured)}`);
  const broken = report.verdicts
    .filter((one) => one.violations > 0)
    .map((one) => `${one.rule}: ${one.violations} violations`);
  const what = [...failed, ...broken, ...(report.failure === undefined ? [] : [report.failure.split('\n')[0]])].join(
    ', ',
  );
  const outcome = report.passed ? 'passed' : `failed (${what})`;
  return `before, at ${shortened(report.commit)}, with a load of ${rounded(report.loadAverage)}: ${outcome}`;
}

/** What follows the hash stays: it says that the tree was not as committed. */
function shortened(commit: string): string {
  return commit.replaceAll(/[0-9a-f]{40}/g, (hash) => hash.slice(0, 9));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

const rows = played.map((report) => {
  const verdict = report.skipped === undefined ? (report.passed ? 'passed' : '**failed**') : 'not played';
  const criteria = report.criteria.map(({ name, measured, atMost, atLeast, passed }) => {
    const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    return `${passed ? '' : '**'}${name}: ${rounded(measured)} (${bound})${passed ? '' : '**'}`;
  });
  const violations = report.verdicts.reduce((sum, one) => sum + one.violations, 0);
  const looked = report.verdicts.reduce((sum, one) => sum + one.looked, 0);
  const failure = report.failure === undefined ? [] : [report.failure.split('\n')[0]];
  const before = (byId.get(report.id) ?? []).slice(0, -1).map((other) => `<em>${outcomeBefore(other)}</em>`);
  const cell = [...criteria, ...failure, ...before].join('<br>');
  return `| ${report.id} | ${report.title} | ${cell} | ${violations} of ${looked} | ${Math.round(report.tookMs / 1000)} s | ${rounded(report.loadAverage)} | ${shortened(report.commit)} | ${verdict} |`;
});

const missing = scenarios.filter(({ id }) => !byId.has(id));

/** Whether all of it can be played again as it was. */
function provenance(): string {
  const minutes = Math.round(sum(({ tookMs }) => tookMs) / 60_000);
  const groups = [...Map.groupBy(played, ({ commit }) => commit)].toSorted((a, b) => b[1].length - a[1].length);
  const [first, ...others] = groups;
  const [main, most] = first ?? ['', []];
  const rest = others.map(([commit, reports]) => `${reports.map(({ id }) => id).join(', ')} at ${commit}`);
  const where =
    rest.length === 0 ? `all at commit ${main}` : `${most.length} of them at commit ${main}; ${rest.join('; ')}`;
  // Runs of the suite may have gone on side by side, which makes it harder for each.
  const how =
    runs.length === 1 ? 'one after another' : `in ${runs.length} runs of the suite, some of them side by side`;
  return `They took ${minutes} minutes together, ${how}, ${where}.`;
}

const sum = (of: (report: Report) => number) => played.reduce((total, report) => total + of(report), 0);
const page = `# Real faults: what was measured

Real masters and workers as processes, a real PostgreSQL, every link behind a proxy that can delay, lose, silence and reset; 200
schedules of 1 to 10 seconds, some that buffer or replace their runs, count from their ends, jitter or keep to a calendar, a backfill;
short and long jobs, shell jobs, triggers with and without keys, cancels. The checker compares
the store with what the workers wrote to files, with what the caller of the API was told, and with the clock's own arithmetic.
Made by \`npm run test:faults\` and \`test/faults/proof.ts\`; the numbers in full, with the commit of each, are in
[faults.json](faults.json).

Machine: ${machine?.cores} cores (${machine?.cpu}), Linux ${machine?.kernel}, Node ${machine?.node}; shared with other work while it was measured
(load: runnable threads at the end of the scenario, averaged over a minute).

${played.length} scenarios, ${played.filter((report) => report.passed && report.skipped === undefined).length} passed; ${sum((r) => r.measures?.fires ?? 0)} fires, ${sum((r) => r.measures?.runs ?? 0)} runs, ${sum((r) => r.measures?.attempts ?? 0)} attempts.

| # | fault | measured (bound) | violations | took | load | commit | |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

Not played for this page: ${missing.length === 0 ? 'none' : missing.map(({ id, title }) => `${id} (${title})`).join('; ')}.
${provenance()}

## Rules of the checker

${[...new Map(played.flatMap((report) => report.verdicts.map((one) => [one.rule, one.promise] as const)))].map(([rule, promise]) => `- **${rule}**: ${promise}.`).join('\n')}
`;

const folder = join(repositoryRoot, 'docs/proof');
writeFileSync(join(folder, 'faults.md'), page);
writeFileSync(join(folder, 'faults.json'), `${JSON.stringify({ machine, reports: all }, null, 1)}\n`);
