// Clocks that are wrong, of the leader: its wall clock leaps by an hour and back, or both of its clocks go a fifth too fast or too slow; and
// of a worker, a tenth too slow. The store's clock decides what is due, and no two hosts' times are compared, so nothing may come of it
// but an alarm.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeClock, fakeClock } from '../../support/faketime.ts';
import type { Evidence } from '../evidence.ts';
import type { Measures } from '../measures.ts';
import { pause, until } from '../processes.ts';
import type { Criterion, Scenario, Setting, Stage } from '../scenario.ts';

/** A master looks at its clock every 15 s, and what a look finds is shown within 5 s. */
const lookEveryMs = 15_000;
const shownWithinMs = lookEveryMs + 7000;

/** Of the scenario that is played. */
let clock: FakeClock | undefined;

function setClock(time: string): void {
  if (clock === undefined) throw new Error('no clock is in our hands');
  clock.set(time);
}

function wrongClock(monotonic: boolean, time: string): () => Promise<Setting> {
  return () => {
    const home = mkdtempSync(join(tmpdir(), 'tidewheel-clock-'));
    clock = fakeClock(join(home, 'time'), monotonic);
    clock.set(time);
    return Promise.resolve({
      // It starts first, so it leads.
      cluster: { masterStarts: [{ env: clock.env }] },
      remove: () => rm(home, { recursive: true, force: true }),
    });
  };
}

/** Whether the other masters say that one's clock is wrong. */
async function isShown(stage: Stage): Promise<boolean> {
  const other = stage.cluster.masters[1];
  const response = await fetch(`http://127.0.0.1:${other?.port}/readyz?verbose=true`, {
    signal: AbortSignal.timeout(2000),
  });
  const { findings } = (await response.json()) as { findings?: Record<string, number> };
  return (findings?.['master-clock'] ?? 0) > 0;
}

function harmless(measures: Measures, { ledger }: Evidence): Criterion[] {
  const earliest = Math.min(
    ...ledger.filter((row) => row.outcome === 'fired').map((row) => row.decidedAt - row.fireAt),
  );
  return [
    { name: 'earliest fire after its time, ms', measured: earliest, atLeast: 0 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ];
}

const leaps: Scenario = {
  id: '39',
  title: 'the wall clock of the leader leaps an hour forward, then to an hour back',
  expects: 'no fire early, late or twice; the others show that its clock is wrong, and that it is right again',
  prepare: wrongClock(false, '+0'),
  play: async (stage) => {
    const shown = async (what: string, wrong: boolean): Promise<void> => {
      const at = stage.mark(what);
      await until(what, async () => (await isShown(stage).catch(() => !wrong)) === wrong, shownWithinMs + 5000);
      stage.note(`shown after, ms: ${what}`, Date.now() - at);
    };
    setClock('+3600');
    await shown('an hour ahead', true);
    setClock('-3600');
    stage.mark('an hour behind');
    await pause(shownWithinMs);
    if (!(await isShown(stage))) throw new Error('a clock that is an hour behind is not shown');
    setClock('+0');
    await shown('right again', false);
  },
  criteria: (measures, evidence, noted) => [
    ...harmless(measures, evidence),
    ...[...noted].map(([name, measured]) => ({ name, measured, atMost: shownWithinMs })),
  ],
};

function drift(id: string, rate: number, words: string): Scenario {
  return {
    id,
    title: `both clocks of the leader go a fifth too ${words}, from its start`,
    expects: 'its leases hold by their margins: it goes on, or another leads; nothing early, late or twice',
    prepare: wrongClock(true, `+0 x${rate}`),
    play: async (stage) => {
      await pause(30_000);
      stage.note('drift at the end, ms', await driftMs(stage));
      stage.mark('the one with the wrong clock is killed');
      await stage.cluster.masters[0]?.running.end('SIGKILL');
      await pause(6000);
      await stage.cluster.masters[0]?.start();
      stage.note('elections', await elections(stage));
    },
    criteria: (measures, evidence, noted) => [
      ...harmless(measures, evidence),
      { name: 'drift at the end, ms', measured: noted.get('drift at the end, ms') ?? 0, atLeast: 4000 },
      // The first, and the one after the kill.
      { name: 'elections', measured: noted.get('elections') ?? 0, atMost: 2, atLeast: 2 },
    ],
  };
}

/** By what the master itself says of its clock. */
async function driftMs(stage: Stage): Promise<number> {
  const [row] = await stage.cluster.store.db.query<{ ms: number }>(
    'select max(abs(coalesce(clock_offset_ms, 0))) as ms from master',
  );
  return row?.ms ?? 0;
}

/** Both clocks of a worker go a tenth too slow, so that its lease seems to last. Its shell jobs do not inherit that and tell the true time. */
const slowWorker: Scenario = {
  id: '41w',
  title: 'both clocks of a worker go a tenth too slow, and nothing passes between it and the masters for 30 s',
  expects: 'its jobs, which ignore every polite word, are dead before they begin elsewhere',
  needsNamespaces: true,
  // What it writes of its tasks has the times of its slow clock.
  untimed: true,
  prepare: () => {
    const home = mkdtempSync(join(tmpdir(), 'tidewheel-clock-'));
    clock = fakeClock(join(home, 'time'), true);
    clock.set('+0 x0.9');
    return Promise.resolve({
      workers: [{ isolated: true, env: clock.env }, {}],
      remove: () => rm(home, { recursive: true, force: true }),
    });
  },
  play: async (stage) => {
    const [links] = stage.cluster.isolated;
    await Promise.all(Array.from({ length: 16 }, () => stage.caller.trigger('tenacious')));
    await pause(1500);
    stage.mark('silence');
    links?.set({ silent: ['toServer', 'toClient'] });
    await pause(30_000);
    links?.heal();
    stage.mark('healed');
    await pause(4000);
  },
  criteria: (measures, evidence) => [
    { name: 'jobs that began elsewhere', measured: movedTenacious(evidence).length, atLeast: 2 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    { name: 'dead before they began elsewhere, ms', measured: Math.min(...movedTenacious(evidence)), atLeast: 0 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
  ],
};

/** From the last sign of the first attempt to the beginning of the second. */
function movedTenacious({ executions }: Evidence): number[] {
  const first = executions.filter((one) => one.job === 'tenacious' && one.attempt === 1);
  return first.flatMap(({ run, lastAt }) => {
    const next = executions.find((one) => one.run === run && one.attempt === 2);
    return next === undefined ? [] : [next.startedAt - lastAt];
  });
}

async function elections(stage: Stage): Promise<number> {
  const [row] = await stage.cluster.store.db.query<{ n: number }>('select count(*) as n from election');
  return row?.n ?? 0;
}

export const clockScenarios: readonly Scenario[] = [
  leaps,
  drift('41', 1.2, 'fast'),
  drift('41s', 0.8, 'slow'),
  slowWorker,
];
