// Loads of the usual shapes with known seeds, and plain signals to vary.

import { poolDefinitionSchema, type PoolDefinition, type PoolInput } from '@tidewheel/protocol';
import { Random } from '../../../sim/random.ts';
import type { ReplayRun } from '../replay-work.ts';
import {
  type LaneSignal,
  noScalingMemory,
  type PoolInput as Decided,
  type PoolSignals,
  type WorkerSignal,
} from '../scaling-input.ts';

export const hour = 3600;
export const noon = Date.UTC(2026, 10, 30, 12);

export function pool(over: Partial<PoolInput> = {}): PoolDefinition {
  return poolDefinitionSchema.parse({ name: 'p', labels: { pool: 'p' }, max: 1000, ...over });
}

export function lane(over: Partial<LaneSignal> = {}): LaneSignal {
  return {
    queue: 'default',
    handler: 'task',
    selector: {},
    ready: 0,
    running: 0,
    oldestWaitMs: 0,
    runMs: 1000,
    arrivalsPerSecond: 0,
    completionsPerSecond: 0,
    ...over,
  };
}

export function signals(over: Partial<PoolSignals> = {}): PoolSignals {
  return {
    now: noon,
    lanes: [],
    coming: { from: noon, bucketMs: 1000, workMs: [] },
    workers: [],
    startupMs: 30_000,
    manual: { scale: null, frozen: null, maintenance: [] },
    ...over,
  };
}

export function workers(count: number, over: Partial<WorkerSignal> = {}, name = 'w'): WorkerSignal[] {
  return Array.from({ length: count }, (_, index) => ({
    worker: `${name}${index}`,
    slots: 8,
    busy: 0,
    state: 'live' as const,
    idleAt: noon,
    endsAt: null,
    drainingSince: null,
    ...over,
  }));
}

export interface Arrivals {
  readonly seconds: number;
  readonly perSecond: (second: number) => number;
  readonly runMs: number;
  readonly seed: number;
}

/** By chance: the gaps between runs, and their lengths, are spread exponentially. */
export function arrivals({ seconds, perSecond, runMs, seed }: Arrivals): ReplayRun[] {
  const random = new Random(seed);
  const spread = (mean: number) => -Math.log(1 - random.fraction()) * mean;
  const runs: ReplayRun[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const rate = perSecond(second);
    if (rate <= 0) continue;
    for (let at = spread(1 / rate); at < 1; at += spread(1 / rate)) {
      runs.push({ at: noon + (second + at) * 1000, lane: 0, durationMs: spread(runMs) });
    }
  }
  return runs;
}

/** `runs` at once whenever `everySeconds` have passed, foreseen. */
export function cronPeaks(seconds: number, everySeconds: number, runs: number, runMs: number): ReplayRun[] {
  const peaks = Array.from({ length: Math.floor((seconds - 1) / everySeconds) }, (_, index) => index + 1);
  return peaks.flatMap((peak) =>
    Array.from({ length: runs }, () => ({
      at: noon + peak * everySeconds * 1000,
      lane: 0,
      job: 1,
      durationMs: runMs,
      foreseen: true,
    })),
  );
}

/** A pool of 1,000 lanes, each with work, a stream and a forecast of two lengths, and 5,000 workers, some of which are to go. */
export function largePool(): Decided {
  const runs = Array.from({ length: 61 }, (_, second) => (second % 10 === 0 ? 2 : 0));
  const lanes = Array.from({ length: 1000 }, (_, index) =>
    lane({
      queue: `q${index % 10}`,
      handler: `task:${index}`,
      ready: index % 7,
      running: 15,
      runMs: 5000 + index,
      arrivalsPerSecond: 1,
      coming: [3000, 40_000].map((runMs) => ({
        from: noon,
        bucketMs: 1000,
        runs,
        workMs: runs.map((each) => each * runMs),
      })),
    }),
  );
  const there = Array.from({ length: 5000 }, (_, index) => index).flatMap((index) =>
    workers(1, { busy: index % 5, idleAt: noon + (index % 5) * 700 }, `w${index}-`),
  );
  return {
    definition: pool({ max: 6000 }),
    signals: signals({ lanes, workers: there, startupMs: 60_000 }),
    memory: { ...noScalingMemory, inSince: noon - 600_000 },
  };
}
