// Two loads at full size: a calendar with a peak at midnight, and a day of a large fleet. Both are drawn from fixed seeds.

import { Random } from '../../../sim/random.ts';
import { type ReplayRun, type ReplayWork, replayWork } from '../replay-work.ts';

const secondMs = 1000;
const dayMs = 86_400_000;
const lanes = [{ queue: 'default', handler: 'task', selector: {} }];
export const start = Date.UTC(2026, 10, 30);

/** A job that fires together with others: how many, how often, and how long one of its runs usually takes. */
interface Fires {
  readonly everyMs: number;
  readonly runs: number;
  readonly jobs: number;
  readonly usualMs: readonly [number, number];
}

const peakAndMinutes: readonly Fires[] = [
  { everyMs: dayMs, runs: 2000, jobs: 200, usualMs: [3000, 60_000] },
  { everyMs: 60_000, runs: 10, jobs: 10, usualMs: [500, 5000] },
];
const hours: readonly Fires[] = [
  { everyMs: 3_600_000, runs: 100, jobs: 50, usualMs: [2000, 30_000] },
  { everyMs: 300_000, runs: 20, jobs: 20, usualMs: [1000, 10_000] },
];

export interface Calendar {
  readonly work: ReplayWork;
  readonly to: number;
  /** Of the runs in `work`, those of the peak at midnight. */
  readonly peak: Uint8Array;
}

/**
 * Two days and a half by default: 2,000 runs at each midnight, ten every minute, and one caller of the API a second; `withHours`: smaller peaks every hour
 * and every five minutes as well.
 */
export function midnightCalendar(withHours: boolean, days = 2.5): Calendar {
  const random = new Random(20_261_130);
  const to = start + days * dayMs;
  const runs: (ReplayRun & { readonly isPeak: boolean })[] = [];
  let firstJob = 1;
  for (const {
    everyMs,
    runs: count,
    jobs,
    usualMs: [low, high],
  } of withHours ? [...peakAndMinutes, ...hours] : peakAndMinutes) {
    const usual = Array.from({ length: jobs }, () => low * (high / low) ** random.fraction());
    for (let at = start + everyMs; at < to; at += everyMs) {
      for (let index = 0; index < count; index += 1) {
        const durationMs = (usual[index % jobs] ?? low) * (0.8 + 0.4 * random.fraction());
        runs.push({
          at,
          lane: 0,
          job: firstJob + (index % jobs),
          durationMs,
          foreseen: true,
          isPeak: everyMs === dayMs,
        });
      }
    }
    firstJob += jobs;
  }
  for (let at = start; at < to; at += spread(random, secondMs)) {
    runs.push({ at, lane: 0, job: 0, durationMs: spread(random, 5000), isPeak: false });
  }
  const sorted = runs.toSorted((a, b) => a.at - b.at);
  return { work: replayWork(lanes, sorted), to, peak: Uint8Array.from(sorted, ({ isPeak }) => Number(isPeak)) };
}

export interface FleetDay {
  readonly work: ReplayWork;
  readonly to: number;
  /** Slots that are busy on average when most is to do, and the mean length of a run. */
  readonly peakOffered: number;
  readonly runMs: number;
}

/** A million runs in a day by default, for two hours ten times as many as at night; half an hour to get there, and back. Nothing of it is foreseen. */
export function fleetDay(runsPerDay = 1_000_000, runMs = 480_000): FleetDay {
  const random = new Random(5000);
  const shape = (hour: number) => 1 + 9 * Math.max(0, Math.min(1, (hour - 9.5) * 2, (12.5 - hour) * 2));
  const perDay = 3600 * (24 + 9 * 2.5);
  const base = runsPerDay / perDay;
  const runs: ReplayRun[] = [];
  for (let at = 0; at < dayMs; ) {
    const rate = base * shape(at / 3_600_000);
    at += spread(random, secondMs / rate);
    runs.push({ at: start + at, lane: 0, durationMs: spread(random, runMs) });
  }
  return { work: replayWork(lanes, runs), to: start + dayMs, peakOffered: (base * 10 * runMs) / 1000, runMs };
}

/** By chance, with this mean. */
function spread(random: Random, mean: number): number {
  return -Math.log(1 - random.fraction()) * mean;
}
