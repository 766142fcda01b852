// Makes docs/proof/faults.md of the JSON reports of one or more runs: `node --conditions=source test/faults/proof.ts REPORT…`. Of a scenario
// that was played several times the last one counts; the joined report stands beside the page.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/tidewheel.ts';
import type { Report } from './scenario.ts';
import { scenarios } from './scenarios/all.ts';

interface RunOfScenarios {
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly kernel: string; readonly node: string };
  readonly reports: readonly Report[];
}

const runs = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')) as RunOfScenarios);
const latest = new Map(
  runs.flatMap(({ commit, reports }) => reports.map((report) => [report.id, { commit, ...report }] as const)),
);
const played = scenarios.flatMap(({ id }) => latest.get(id) ?? []);
const machine = runs.at(-1)?.machine;

const rows = played.map((report) => {
  const verdict = report.skipped === undefined ? (report.passed ? 'passed' : '**failed**') : 'not played';
  const criteria = report.criteria.map(({ name, measured, atMost, atLeast, passed }) => {
    const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    return `${passed ? '' : '**'}${name}: ${Math.round(measured * 100) / 100} (${bound})${passed ? '' : '**'}`;
  });
  const violations = report.verdicts.reduce((sum, one) => sum + one.violations, 0);
  const looked = report.verdicts.reduce((sum, one) => sum + one.looked, 0);
  const cell = [...criteria, ...(report.failure === undefined ? [] : [report.failure.split('\n')[0]])].join('<br>');
  return `| ${report.id} | ${report.title} | ${cell} | ${violations} of ${looked} | ${Math.round(report.tookMs / 1000)} s | ${verdict} |`;
});

const missing = scenarios.filter(({ id }) => !latest.has(id));

/** Whether all of it can be played again as it was. */
function provenance(): string {
  const commits = [...new Set(played.map(({ commit }) => commit))];
  const minutes = Math.round(sum(({ tookMs }) => tookMs) / 60_000);
  const [only = ''] = commits;
  if (commits.length > 1)
    return `They took ${minutes} minutes, one by one, at ${commits.length} commits while the program was being changed.`;
  return `They took ${minutes} minutes, one after another, all at commit ${only}.`;
}

const sum = (of: (report: Report) => number) => played.reduce((total, report) => total + of(report), 0);
const page = `# Real faults: what was measured

Real masters and workers as processes, a real PostgreSQL, every link behind a proxy that can delay, lose, silence and reset; 200
schedules of 1 to 10 seconds, short and long jobs, shell jobs, triggers with and without keys, cancels. The checker compares
the store with what the workers wrote to files, with what the caller of the API was told, and with the clock's own arithmetic.
Made by \`npm run test:faults\` and \`test/faults/proof.ts\`; the numbers in full, with the commit of each, are in
[faults.json](faults.json).

Machine: ${machine?.cores} cores (${machine?.cpu}), Linux ${machine?.kernel}, Node ${machine?.node}; shared with other work while it was measured.

${played.length} scenarios, ${played.filter((report) => report.passed && report.skipped === undefined).length} passed; ${sum((r) => r.measures?.fires ?? 0)} fires, ${sum((r) => r.measures?.runs ?? 0)} runs, ${sum((r) => r.measures?.attempts ?? 0)} attempts.

| # | fault | measured (bound) | violations | took | |
|---|---|---|---|---|---|
${rows.join('\n')}

Not played for this page: ${missing.length === 0 ? 'none' : missing.map(({ id, title }) => `${id} (${title})`).join('; ')}.
${provenance()}

## Rules of the checker

${[...new Map(played.flatMap((report) => report.verdicts.map((one) => [one.rule, one.promise] as const)))].map(([rule, promise]) => `- **${rule}**: ${promise}.`).join('\n')}
`;

const folder = join(repositoryRoot, 'docs/proof');
writeFileSync(join(folder, 'faults.md'), page);
writeFileSync(join(folder, 'faults.json'), `${JSON.stringify({ machine, reports: played }, null, 1)}\n`);
