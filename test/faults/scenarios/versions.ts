// Two versions side by side: masters and workers of the previous commit with those of this one, under load; then the upgrade, and the way
// back, which works or is refused as the migrations between them say.

import { readMigrations } from '../../../packages/server/src/store/migrate.ts';
import { type OtherVersion, previousCommit, unpackVersion, withoutHistory } from '../../support/other-version.ts';
import type { MasterSeat, MasterStart, WorkerStart } from '../faulty-cluster.ts';
import { pause } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';

let old: OtherVersion | undefined;

function previous(): OtherVersion {
  if (old === undefined) throw new Error('the previous version is not unpacked');
  return old;
}

const asMaster = (version: OtherVersion): MasterStart => ({ program: [...version.program, 'server'] });
const asWorker = (version: OtherVersion): WorkerStart => ({
  program: [...version.program, 'worker'],
  cwd: version.root,
});

/** By what the migrations say that the previous version does not know. */
function mayGoBack(version: OtherVersion): boolean {
  return readMigrations().every(({ usableFrom }) => usableFrom <= version.migration);
}

async function goBack(stage: Stage, seat: MasterSeat): Promise<void> {
  await seat.running.end('SIGTERM');
  if (mayGoBack(previous())) {
    await seat.start(asMaster(previous()));
    stage.note('the way back was as the migrations say', 1);
    stage.mark(`${seat.name} is back at the previous version`);
    await pause(8000);
    await seat.running.end('SIGTERM');
  } else {
    const program = seat.launch(asMaster(previous()));
    program.expectedToDie = true;
    const { code } = await program.ended;
    stage.note(
      'the way back was as the migrations say',
      code === 4 && program.output.includes('DATABASE_NEWER') ? 1 : 0,
    );
    stage.mark(`${seat.name} was refused at the previous version`);
  }
  await seat.start();
}

async function upgrade(seat: MasterSeat): Promise<void> {
  await seat.running.end('SIGTERM');
  await seat.start();
}

const skewed: Scenario = {
  id: '47',
  title: 'masters and workers of the previous version beside those of this one; an upgrade, and the way back',
  expects: 'both versions fire, claim, run and report together; nothing is missed while one follows the other',
  missing: () => (previousCommit() === null ? withoutHistory : undefined),
  prepare: () => {
    const version = unpackVersion(previousCommit() ?? '');
    old = version;
    return Promise.resolve({
      cluster: { masterStarts: [1, 2, 3].map(() => asMaster(version)), madeBy: version.program },
      workers: [asWorker(version), {}, asWorker(version), {}],
      remove: () => version.remove(),
    });
  },
  warmMs: 8000,
  play: async (stage) => {
    const { cluster } = stage;
    const [first, second, third] = cluster.masters;
    const [oldWorker, , otherOldWorker] = cluster.workers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('a master is missing');
    if (oldWorker === undefined || otherOldWorker === undefined) throw new Error('a worker is missing');
    stage.mark(`commit ${previous().commit} is replaced`);
    await upgrade(first);
    stage.mark('the database is of this version; two masters of the previous one go on');
    await pause(10_000);
    await upgrade(second);
    await upgrade(third);
    stage.mark('all masters are of this version, some workers of the previous');
    await pause(5000);
    await goBack(stage, first);
    await Promise.all([cluster.startWorker(), cluster.startWorker()]);
    await Promise.all([oldWorker.end('SIGTERM'), otherOldWorker.end('SIGTERM')]);
    stage.mark('everything is of this version');
    await pause(5000);
  },
  criteria: (measures, evidence, noted) => [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    {
      name: 'the way back was as the migrations say',
      measured: noted.get('the way back was as the migrations say') ?? 0,
      atLeast: 1,
    },
    { name: 'worker processes that executed', measured: workersSeen(evidence.executions), atLeast: 6 },
  ],
};

function workersSeen(executions: readonly { readonly job: string; readonly pid: number }[]): number {
  return new Set(executions.filter((one) => !one.job.startsWith('shell')).map((one) => one.pid)).size;
}

export const versionScenarios: readonly Scenario[] = [skewed];
