// A master is ended at every effect boundary: one after another, in the only master there is, so that nobody else can do its part.
// Then it starts again and everything must come out as if nothing had happened. And two moments in which a freeze is worst.

import { join } from 'node:path';
import { type Failpoint, failpoints } from '../../../packages/server/src/ports/failpoints.ts';
import type { MasterSeat } from '../faulty-cluster.ts';
import { pause, until } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { impatient } from '../workload-times.ts';

const faultyServer = ['--conditions=source', join(import.meta.dirname, '../faulty-server.ts')];
/** From the start of the master until it must have passed there. */
const reachMs = 25_000;
const leaseSeconds = 6;

function onlySeat(stage: Stage): MasterSeat {
  const [seat] = stage.cluster.masters;
  if (seat === undefined) throw new Error('there is no master');
  return seat;
}

/** What the workload alone does not bring about. Repeated until the place is reached. */
async function provoke(stage: Stage, name: Failpoint): Promise<void> {
  const { cluster, caller } = stage;
  if (name.startsWith('change.')) {
    const job = { name: 'brief', task: 'short', description: crypto.randomUUID() };
    await cluster.api('PUT', '/jobs/unscheduled', { ...job, name: 'unscheduled' });
  }
  if (name.startsWith('backfill')) {
    const to = Date.now() - 3_600_000;
    const body = { from: to - 10_000, to, active: 3 };
    const asked = await cluster.api('POST', '/schedules/cron-2s-1/backfills', body);
    // Every other one is given up with its runs, so that some die while they are wound up.
    if (to % 2 === 0) await cluster.api('POST', `/backfills/${(asked as { id: string }).id}/cancel`, { runs: true });
  }
  if (name.startsWith('cancel.')) {
    const { runId } = await caller.trigger('endless');
    await pause(300);
    if (runId !== null) void caller.cancel(runId);
  }
  if (name.startsWith('promote.')) await caller.trigger('short', { delayMs: 200 });
  if (name.startsWith('submit.')) await caller.trigger('short', { keyed: true });
}

async function killAt(stage: Stage, name: Failpoint): Promise<void> {
  const seat = onlySeat(stage);
  if (name.startsWith('rescue.')) {
    // Its lease ends while the next master is up.
    const worker = stage.cluster.workers.find((one) => !one.over);
    await worker?.end('SIGKILL');
    // It may take longer than one is waited for: masters die under it. If it never came, runs would not end.
    stage.cluster.startWorker().catch(() => undefined);
  }
  // Long enough for a fire to be missed.
  if (name.startsWith('catch-up.')) await pause(2000);
  const program = seat.launch({ program: faultyServer, env: { FAULTS_FAILPOINT: name } });
  program.expectedToDie = true;
  const end = performance.now() + reachMs;
  let answer = 'nothing was refused';
  while (!program.over && performance.now() < end) {
    // A master that dies of it does not answer.
    void provoke(stage, name).catch((error: unknown) => {
      answer = String(error);
    });
    await Promise.race([program.ended, pause(400)]);
  }
  const reached = program.over && program.output.includes(`reached ${name}`);
  stage.note(`reached ${name}`, reached ? 1 : 0);
  stage.mark(reached ? `killed at ${name}` : `${name} was not reached: ${answer}; ${program.output.slice(-300)}`);
  if (!program.over) await program.end('SIGKILL');
}

function everyFailpoint(id: string, names: readonly Failpoint[]): Scenario {
  return {
    id,
    title: `the only master is killed at ${names.length} failpoints, one after another`,
    expects: 'each is recovered: nothing lost, doubled, accepted twice, or acknowledged and forgotten',
    cluster: { masters: 1, sessionTtl: `${leaseSeconds}s`, heartbeat: '1s' },
    schedules: 100,
    moreSchedules: [impatient],
    drainMs: 60_000,
    play: async (stage) => {
      await onlySeat(stage).running.end('SIGTERM');
      for (const name of names) await killAt(stage, name);
      await onlySeat(stage).start();
      stage.mark('an ordinary master runs again');
    },
    criteria: (measures, _, noted) => [
      {
        name: 'failpoints at which it was killed',
        measured: [...noted.values()].reduce((sum, one) => sum + one, 0),
        atLeast: names.length,
      },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

/**
 * A master claims what another has fired; what it fires itself goes to its own workers at once. So all workers are made to come here:
 * the others leave for a moment.
 */
async function gatherWorkers(stage: Stage, seat: MasterSeat): Promise<void> {
  const others = stage.cluster.masters.filter((other) => other !== seat);
  await Promise.all(others.map((other) => other.running.end('SIGTERM')));
  for (const other of others) await other.start();
}

/** Locks of a transaction that stands still are held until the store ends it: 10 s. */
const idleInTransactionMs = 10_000;

function frozenAt(id: string, name: Failpoint, delayMs: number): Scenario {
  return {
    id,
    title: `one of three masters is frozen at ${name} for 20 s`,
    expects: 'the store ends its transaction, the others go on; when it wakes it finds its work done',
    play: async (stage) => {
      const seat = onlySeat(stage);
      await seat.running.end('SIGTERM');
      const program = seat.launch({
        program: faultyServer,
        env: { FAULTS_FAILPOINT: name, FAULTS_SIGNAL: 'SIGSTOP', FAULTS_PASSES: '10' },
      });
      if (name.startsWith('claim.')) {
        await seat.ready();
        await gatherWorkers(stage, seat);
      }
      await until(`${name} is reached`, () => program.output.includes(`reached ${name}`), reachMs);
      stage.mark(`frozen at ${name}`);
      await pause(20_000);
      program.signal('SIGCONT');
      stage.mark('it goes on');
      await pause(4000);
    },
    criteria: (measures) => [
      { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: delayMs },
      { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

export const failpointScenarios: readonly Scenario[] = [
  everyFailpoint('7', failpoints),
  frozenAt('5', 'fire.before-commit', idleInTransactionMs + 1500),
  frozenAt('6', 'claim.committed', 1000),
];

/** For the bounded selection: one of each kind. */
export const someFailpoints = everyFailpoint('7s', [
  'fire.before-commit',
  'fire.committed',
  'submit.committed',
  'claim.committed',
  'deliver.sent',
  'report.before-commit',
  'report.committed',
]);
