// `npm run test:faults`: plays the scenarios one after another and says what was measured. `--only 1,3` plays some, `--report FILE` writes
// JSON, `--pace 10` stretches the quiet times, `--repeat 5` plays each several times and keeps the worst, `--list` lists them.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../support/tidewheel.ts';
import { reportText } from './report.ts';
import { playScenario, type Report } from './scenario.ts';
import { scenarios } from './scenarios/all.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    report: { type: 'string' },
    pace: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
  },
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The handlers of `exit` end what was started.
  process.once(signal, () => process.exit(130));
}

async function main(): Promise<number> {
  const asked = values.only?.split(',').map((id) => id.trim());
  const unknown = asked?.filter((id) => !scenarios.some((one) => one.id === id)) ?? [];
  if (unknown.length > 0) {
    console.error(`there is no scenario ${unknown.join(', ')}; --list shows them`);
    return 2;
  }
  const chosen = scenarios.filter((one) => asked?.includes(one.id) ?? (values.list || one.onDemand !== true));
  if (values.list) {
    for (const { id, title, expects } of chosen) console.log(`${id.padEnd(5)} ${title}\n      ${expects}`);
    return 0;
  }
  const reports: (Report & { commit: string })[] = [];
  for (const scenario of chosen) {
    for (let time = 0; time < Number(values.repeat); time += 1) {
      const before = commitNow();
      const report = await playScenario(scenario, { factor: Number(values.pace) });
      reports.push({ commit: sameCommit(before, commitNow()), ...report });
      console.log(reportText(report));
      // After each one, so that an interrupted run has told what it found.
      if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(summary(reports), null, 2)}\n`);
    }
  }
  const failed = reports.filter((report) => !report.passed);
  const skipped = reports.filter((report) => report.skipped !== undefined);
  const minutes = reports.reduce((sum, { tookMs }) => sum + tookMs, 0) / 60_000;
  console.log(
    `${reports.length} played in ${minutes.toFixed(1)} min, ${failed.length} failed, ${skipped.length} skipped`,
  );
  return failed.length === 0 ? 0 : 1;
}

function summary(reports: readonly object[]): object {
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, kernel: release(), node: process.version };
  return { machine, reports };
}

/** With `-dirty` when the files are not as committed: then nobody can play the same again. */
function commitNow(): string {
  const describe = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  return execFileSync('git', describe, { cwd: repositoryRoot, encoding: 'utf8' }).trim();
}

/** Processes start from the files as they are at that moment, so a tree that moves on meanwhile was not played at either commit. */
function sameCommit(before: string, after: string): string {
  return before === after ? before : `${before}-changed-to-${after}`;
}

process.exit(await main());
