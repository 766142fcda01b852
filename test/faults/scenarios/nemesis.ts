// The soak: faults of every kind, drawn at random, several of them at a time, for as long as asked (`FAULTS_MINUTES`, 2 unless given).
// What was drawn stands in the report's timeline; `FAULTS_SEED` draws the same again, though not the same moments.

import type { MasterSeat } from '../faulty-cluster.ts';
import { type FaultyProgram, pause } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { committed } from '../tcp-proxy.ts';
import { processesOf, signalAll } from '../working-process.ts';

const minutes = Number(process.env['FAULTS_MINUTES'] ?? 2);
const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32. */
function drawer(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Draw {
  readonly stage: Stage;
  readonly fraction: () => number;
  readonly seat: MasterSeat;
  /** Masters and workers that a fault has in its hands. */
  readonly busy: Set<object>;
}

type Fault = (draw: Draw) => Promise<void>;

const faults: Readonly<Record<string, Fault>> = {
  'kill -9 of a master': ({ seat, fraction }) => restart(seat, 'SIGKILL', fraction() * 4000),
  'restart of a master': ({ seat }) => restart(seat, 'SIGTERM', 0),
  'freeze of a master': async ({ seat, fraction }) => {
    seat.running.signal('SIGSTOP');
    await pause(500 + fraction() * 5000);
    seat.running.signal('SIGCONT');
  },
  'silence between a master and the store': async ({ seat, fraction }) => {
    const directions = (['toServer', 'toClient'] as const).filter(() => fraction() < 0.7);
    seat.toStore.set({ silent: directions });
    await pause(500 + fraction() * 6000);
    seat.toStore.heal();
  },
  'lost answers to commits': async ({ seat }) => {
    seat.toStore.set({ muteAt: committed });
    await pause(200);
    seat.toStore.reset();
    seat.toStore.heal();
  },
  'reset of the workers of a master': ({ seat }) => Promise.resolve(seat.toMaster.reset()),
  'a slow, lossy link': async ({ seat, fraction }) => {
    seat.toMaster.set({ delayMs: 30, jitterMs: 60, loss: 0.02 });
    await pause(2000 + fraction() * 6000);
    seat.toMaster.heal();
  },
  'kill -9 of a worker': async ({ stage, fraction, busy }) => {
    const worker = oneOf(
      // One that is still starting is waited for by whoever killed the one before it.
      stage.cluster.workers.filter((one) => !one.over && !busy.has(one) && one.output.includes('session opened')),
      fraction,
    );
    if (worker === undefined) return;
    busy.add(worker);
    killWhole(worker);
    await worker.ended;
    await stage.cluster.startWorker();
  },
};

function killWhole(worker: FaultyProgram): void {
  const all = processesOf(worker);
  worker.deeds.push({ signal: 'SIGKILL', at: Date.now() });
  signalAll(all, 'SIGKILL');
}

async function restart(seat: MasterSeat, signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void> {
  await seat.running.end(signal);
  await pause(downMs);
  await seat.start();
}

function oneOf<T>(list: readonly T[], fraction: () => number): T | undefined {
  return list[Math.floor(fraction() * list.length)];
}

export const soak: Scenario = {
  id: '50',
  title: `faults at random for ${minutes} minutes (seed ${seed})`,
  expects: 'no violation of any rule',
  onDemand: true,
  workers: [{}, {}, {}],
  drainMs: 120_000,
  play: async (stage) => {
    const fraction = drawer(seed);
    const end = performance.now() + minutes * 60_000;
    const busy = new Set<object>();
    const underWay = new Set<Promise<void>>();
    while (performance.now() < end) {
      await pause(fraction() * 3000);
      const free = stage.cluster.masters.filter((seat) => !busy.has(seat));
      const seat = oneOf(free, fraction);
      const [name, fault] = oneOf(Object.entries(faults), fraction) ?? [];
      // One master at least is left in peace, so that firing can be held to its bound.
      if (seat === undefined || name === undefined || fault === undefined || free.length < 2) continue;
      stage.mark(`${name} (${seat.name})`);
      busy.add(seat);
      const work = fault({ stage, fraction, seat, busy }).finally(() => {
        busy.delete(seat);
        underWay.delete(work);
      });
      underWay.add(work);
    }
    await Promise.all(underWay);
  },
  criteria: (measures) => [{ name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 }],
};
