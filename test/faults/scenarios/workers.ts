// Workers that are killed, frozen, blocked and out of space. Dead, hung and slow are different findings; in each case the runs must go on
// elsewhere, and never before the first place has stopped.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../support/tidewheel.ts';
import { movedAfter, rescued } from '../measures.ts';
import { type FaultyProgram, pause, until } from '../processes.ts';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import { executionsNow, processesOf, signalAll, workingProcess } from '../working-process.ts';

const movedWithinMs = 18_000;
const hungWithinMs = 20_000;

/** Runs that last, so that there is something to lose. */
async function longRuns(stage: Stage, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, index) => (index % 3 === 2 ? 'shell-enduring' : 'enduring'));
  await Promise.all(jobs.map((job) => stage.caller.trigger(job)));
  await pause(1500);
}

/** False, with more of them under way, as long as some worker has fewer. */
async function longRunsOfEach(stage: Stage, least: number): Promise<boolean> {
  const alive = executionsNow(stage.cluster).filter((one) => one.job === 'enduring' && one.ended === null);
  const all = stage.cluster.workers.every((worker) => {
    const pids = new Set(processesOf(worker));
    return alive.filter(({ pid }) => pids.has(pid)).length >= least;
  });
  if (!all) await longRuns(stage, 4);
  return all;
}

const killed: Scenario = {
  id: '32',
  title: 'a worker is killed (kill -9) while it runs',
  expects: 'its runs begin elsewhere when its lease has ended; each is accepted once',
  play: async (stage) => {
    const [worker] = stage.cluster.workers;
    if (worker === undefined) throw new Error('there is no worker');
    await until('each worker has three long runs', () => longRunsOfEach(stage, 3), 20_000);
    const pid = workingProcess(stage.cluster, worker);
    stage.note('pid', pid);
    stage.note('at', stage.mark('kill -9 of w1'));
    worker.deeds.push({ signal: 'SIGKILL', at: Date.now() });
    // Its supervisor first, so that it cannot tell; the shell jobs that they started are left alone.
    signalAll(new Set([worker.pid, pid]), 'SIGKILL');
    await pause(movedWithinMs + 2000);
  },
  criteria: (measures, evidence, noted) => {
    const moved = movedAfter(evidence, noted.get('pid') ?? 0, noted.get('at') ?? 0);
    return [
      { name: 'runs that it had', measured: moved.length, atLeast: 3 },
      { name: 'begun elsewhere after, ms', measured: slowest(moved), atMost: movedWithinMs },
      { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ];
  },
};

function slowest(moved: readonly (number | null)[]): number {
  return Math.max(0, ...moved.map((ms) => ms ?? Number.POSITIVE_INFINITY));
}

/** With its supervisor, as when its machine stands still; or the process alone that executes tasks, which the supervisor may notice. */
function frozen(
  id: string,
  title: string,
  which: (worker: FaultyProgram, working: number) => readonly number[],
): Scenario {
  return {
    id,
    title,
    expects: 'its runs went on elsewhere; what it still reports is refused and kept as an orphan',
    play: async (stage) => {
      const [worker] = stage.cluster.workers;
      if (worker === undefined) throw new Error('there is no worker');
      await longRuns(stage, 12);
      const pid = workingProcess(stage.cluster, worker);
      const at = stage.mark('SIGSTOP to w1');
      stage.note('pid', pid);
      stage.note('at', at);
      const stopped = which(worker, pid);
      worker.deeds.push({ signal: 'SIGSTOP', at, pids: stopped });
      signalAll(stopped, 'SIGSTOP');
      await pause(30_000);
      signalAll(stopped, 'SIGCONT');
      worker.deeds.push({ signal: 'SIGCONT', at: stage.mark('SIGCONT to w1') });
      await pause(4000);
    },
    criteria: (measures, evidence, noted) => {
      const pid = noted.get('pid') ?? 0;
      const at = noted.get('at') ?? 0;
      const theirs = new Set(evidence.executions.filter((one) => one.pid === pid).map((one) => one.run));
      const moved = rescued(evidence).filter((run) => theirs.has(run.id));
      const successors = evidence.executions.filter(
        (one) => moved.some((run) => run.id === one.run) && one.pid !== pid && one.startedAt > at,
      );
      return [
        { name: 'runs that went on elsewhere', measured: moved.length, atLeast: 3 },
        {
          name: 'begun elsewhere after, ms',
          measured: Math.max(0, ...successors.map((one) => one.startedAt - at)),
          atMost: movedWithinMs,
        },
        { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
        { name: 'life after waking beside a successor, ms', measured: measures.overlapAfterFreezeMs, atMost: 1000 },
      ];
    },
  };
}

const blocked: Scenario = {
  id: '34',
  title: 'the main loop of a worker is blocked for 45 s while its heartbeats go on',
  expects: 'it is found to hang: its runs begin elsewhere, it is given no new ones',
  play: async (stage) => {
    await longRuns(stage, 12);
    // Nobody knows which worker will be blocked, so each must have something to lose.
    await until('each worker has two long runs', () => longRunsOfEach(stage, 2), 20_000);
    const record = await stage.caller.trigger('blocking', { payload: { ms: 45_000 } });
    const found = await until(
      'the blocking run has begun',
      () => executionsNow(stage.cluster).find((one) => one.run === record.runId),
      10_000,
    );
    stage.mark('the loop is blocked');
    stage.note('pid', found.pid);
    stage.note('at', found.startedAt);
    await pause(hungWithinMs + 5000);
  },
  drainMs: 90_000,
  criteria: (measures, evidence, noted) => {
    const pid = noted.get('pid') ?? 0;
    const at = noted.get('at') ?? 0;
    const there = evidence.executions.filter(
      (one) =>
        one.pid === pid && one.startedAt < at && (one.ended === null || one.lastAt > at) && one.job === 'enduring',
    );
    const moved = there.map((one) => {
      const next = evidence.executions.find((other) => other.run === one.run && other.attempt === one.attempt + 1);
      return next === undefined ? null : next.startedAt - at;
    });
    return [
      { name: 'runs that it had', measured: moved.length, atLeast: 2 },
      { name: 'begun elsewhere after, ms', measured: slowest(moved), atMost: hungWithinMs },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ];
  },
};

const stubborn: Scenario = {
  id: '36',
  title: 'a shell job ignores SIGTERM and has a child in a session of its own that does the same',
  expects: 'both are killed after the grace; nobody survives a cancel by more than 5 s',
  play: async (stage) => {
    const file = join(stage.cluster.home, 'stubborn');
    const record = await stage.caller.trigger('stubborn');
    await until('the child writes', () => existsSync(file), 10_000);
    await pause(500);
    const at = stage.mark('the run is canceled');
    if (record.runId !== null) await stage.caller.cancel(record.runId);
    const child = Number(readFileSync(file, 'utf8').trim().split('\n').at(-1));
    await until('the child has ended', () => !isAlive(child), 20_000);
    stage.note('the last process ended after, ms', Date.now() - at);
  },
  criteria: (_, __, noted) => [
    {
      name: 'the last process ended after, ms',
      measured: noted.get('the last process ended after, ms') ?? Infinity,
      atMost: 5000 + 1000,
    },
  ],
};

/** A file system of 64 KiB, filled; it exists in the mount namespace of the worker only. */
const fullDisk = [
  'sh',
  '-c',
  `mkdir -p /tmp/tidewheel-full && exec unshare -m sh -c '
    mount -t tmpfs -o size=64k none /tmp/tidewheel-full
    dd if=/dev/zero of=/tmp/tidewheel-full/fill bs=1k 2>/dev/null
    exec "$@"' full "$@"`,
  'full',
];

const noSpace: Scenario = {
  id: '37',
  title: 'the disk of the only worker is full',
  expects: 'every outcome is reported all the same: shell jobs fail with a reason, tasks go on',
  needsNamespaces: true,
  workers: [{ wrapper: fullDisk, env: { TMPDIR: '/tmp/tidewheel-full' } }],
  jobs: ['short', 'talkative', 'shell', 'flaky'],
  play: () => pause(8000),
  criteria: (measures, evidence) => {
    const talked = evidence.runs.filter((run) => run.job === 'talkative');
    return [
      { name: 'outcomes lost', measured: measures.rescuedRuns, atMost: 0 },
      {
        name: 'runs with much log that succeeded',
        measured: talked.filter((r) => r.state === 'succeeded').length,
        atLeast: 5,
      },
      {
        name: 'runs with much log that did not',
        measured: talked.filter((r) => r.state !== 'succeeded').length,
        atMost: 0,
      },
      ...delay(measures.fireDelayMs.max),
    ];
  },
};

function delay(measured: number): Criterion[] {
  return [{ name: 'delay of any fire, ms', measured, atMost: 1000 }];
}

export const workerScenarios: readonly Scenario[] = [
  killed,
  frozen('33', 'a worker is frozen as a whole (SIGSTOP) for 30 s and goes on', (worker) => processesOf(worker)),
  frozen('33p', 'only the process of a worker that executes is frozen for 30 s', (_, working) => [working]),
  blocked,
  stubborn,
  noSpace,
];
