// What is coming for the lanes of pools: the nominal times of their schedules and the runs that wait for their time, each with the usual
// length of its job. Made anew at an interval by a duty of the leader, page by page, so that the master goes on with other things; the
// decisions read what is there.

import { FiredLately } from '../core/pools/fired-lately.ts';
import { serverLimits } from '../core/limits.ts';
import { type ScheduleTimes, nextFireAfter } from '../core/schedule-times.ts';
import type { ComingWork } from '../core/scaling/scaling-input.ts';
import { usualDurations } from '../store/coming-fires.ts';
import { storeNow } from '../store/jobs.ts';
import { runsComing, schedulesComing } from '../store/pool-signals.ts';
import { Breath } from './breath.ts';
import type { MasterContext } from './deps.ts';
import type { Duty } from './duty.ts';

const bucketMs = 5000;
const refreshMs = 30_000;
/** Of a job that never ran. */
const unknownMs = 1000;
const firstId = '00000000-0000-0000-0000-000000000000';

interface LaneTally {
  /** By class of length: runs that differ little in length are counted together. */
  readonly classes: Map<number, { workMs: number[]; runs: number[] }>;
}

export class PoolForecast {
  /** How far the decisions look; null while there is no pool. Set by them. */
  horizonMs: number | null = null;
  #lanes = new Map<string, readonly ComingWork[]>();
  readonly #fired = new FiredLately();

  of(laneId: string): readonly ComingWork[] {
    return this.#lanes.get(laneId) ?? [];
  }

  foreseenPerSecond(laneId: string, now: number): number {
    return this.#fired.perSecond(laneId, this.of(laneId), now);
  }

  async refresh({ db, clock }: Pick<MasterContext, 'db' | 'clock'>, horizonMs: number): Promise<void> {
    const breath = new Breath(clock);
    const from = await storeNow(db);
    const until = from + horizonMs;
    const tally = new Tally(from, Math.ceil(horizonMs / bucketMs));
    let schedules = 0;
    for (let after = firstId; schedules < serverLimits.comingSchedules; ) {
      const page = await schedulesComing(db, until, after);
      const last = page.at(-1);
      if (last === undefined) break;
      const usual = await usualDurations(db, [...new Set(page.map((one) => one.jobId))]);
      for (const { laneId, jobId, times, cursor } of page) {
        tally.schedule(laneId, usual.get(jobId) ?? unknownMs, times, Math.max(from - 1, cursor), until);
        await breath.take();
      }
      schedules += page.length;
      after = last.id;
    }
    for (const { laneId, dueAt } of await runsComing(db, until)) tally.add(laneId, unknownMs, dueAt, 1);
    this.#fired.keep(this.#lanes, from);
    this.#lanes = tally.lanes();
  }

  forget(): void {
    this.#lanes = new Map();
    this.#fired.forget();
    this.horizonMs = null;
  }
}

class Tally {
  readonly #from: number;
  readonly #buckets: number;
  readonly #lanes = new Map<string, LaneTally>();

  constructor(from: number, buckets: number) {
    this.#from = from;
    this.#buckets = buckets;
  }

  schedule(laneId: string, usualMs: number, times: ScheduleTimes, after: number, until: number): void {
    let counted = 0;
    let next = nextFireAfter(times, after);
    for (; next !== null && next < until && counted < serverLimits.poolTimesOfOne; next = nextFireAfter(times, next)) {
      this.add(laneId, usualMs, next, 1);
      counted += 1;
    }
    if (next === null || next >= until || counted === 0) return;
    // As many in each further bucket as in those that were counted.
    const perBucket = (counted / (next - after)) * bucketMs;
    for (let at = next; at < until; at += bucketMs) this.add(laneId, usualMs, at, perBucket);
  }

  add(laneId: string, usualMs: number, at: number, runs: number): void {
    const index = Math.floor((at - this.#from) / bucketMs);
    if (index < 0 || index >= this.#buckets) return;
    const key = Math.round(Math.log2(Math.max(1, usualMs)) / 2);
    const lane: LaneTally = this.#lanes.get(laneId) ?? { classes: new Map() };
    this.#lanes.set(laneId, lane);
    const known = lane.classes.get(key) ?? { workMs: this.#empty(), runs: this.#empty() };
    lane.classes.set(key, known);
    known.workMs[index] = (known.workMs[index] ?? 0) + runs * usualMs;
    known.runs[index] = (known.runs[index] ?? 0) + runs;
  }

  lanes(): Map<string, readonly ComingWork[]> {
    return new Map(
      [...this.#lanes].map(([laneId, { classes }]) => [
        laneId,
        [...classes.values()].map(({ workMs, runs }) => ({ from: this.#from, bucketMs, workMs, runs })),
      ]),
    );
  }

  #empty(): number[] {
    return Array.from({ length: this.#buckets }, () => 0);
  }
}

export function forecastDuty(context: MasterContext, forecast: PoolForecast): Duty {
  return {
    name: 'pool forecast',
    begin: () => async () => {
      const { horizonMs } = forecast;
      if (horizonMs !== null) await forecast.refresh(context, horizonMs);
      return horizonMs === null ? 2000 : refreshMs;
    },
    end: () => forecast.forget(),
  };
}
