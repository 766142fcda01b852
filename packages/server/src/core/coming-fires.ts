// Adds up the coming fires of many schedules in buckets of time. Exact up to a bound per schedule and in all. Over it, each further
// bucket is asked for its first times: with none it is empty, with one it has one, else it has as many as the buckets that were counted and
// had any. So the peak of a morning stays one, and nights stay empty. Memory follows the range, not the number of fires.

import type { ComingBucket } from '@tidewheel/protocol';
import { serverLimits } from './limits.ts';
import { nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

export interface ComingSchedule {
  readonly name: string;
  readonly job: string;
  readonly times: ScheduleTimes;
  /** Nominal times up to here are decided. */
  readonly cursor: number;
  /** What a run of the job usually takes in ms; 0 when nothing is known. */
  readonly usualMs: number;
}

export interface ComingRange {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
}

interface Bucket {
  fires: number;
  workMs: number;
  /** Slot-milliseconds that fall into this bucket, whenever they began. */
  occupiedMs: number;
  top: ComingBucket['top'];
}

const topRows = 5;
const secondMs = 1000;

export class ComingFiresTally {
  readonly #range: ComingRange;
  readonly #buckets: Bucket[];
  readonly #seconds: Uint32Array;
  readonly #estimated: string[] = [];
  #timesLeft: number = serverLimits.comingTimes;
  #fires = 0;

  constructor(range: ComingRange) {
    this.#range = range;
    const span = range.to - range.from;
    this.#buckets = Array.from({ length: Math.ceil(span / range.bucketMs) }, () => ({
      fires: 0,
      workMs: 0,
      occupiedMs: 0,
      top: [],
    }));
    this.#seconds = new Uint32Array(Math.ceil(span / secondMs));
  }

  get fires(): number {
    return this.#fires;
  }

  get estimated(): string[] {
    return this.#estimated;
  }

  /** Gives the nominal times that were computed. */
  add(schedule: ComingSchedule): number {
    const { from, to } = this.#range;
    const perBucket = new Map<number, number>();
    const most = Math.max(serverLimits.comingTimesAtLeast, Math.min(serverLimits.comingTimesOfOne, this.#timesLeft));
    const start = Math.max(from - 1, schedule.cursor);
    let counted = 0;
    let next = nextFireAfter(schedule.times, start);
    for (; next !== null && next < to && counted < most; next = nextFireAfter(schedule.times, next)) {
      this.#count(perBucket, next, 1);
      this.#countSecond(next);
      counted += 1;
    }
    this.#timesLeft -= counted;
    if (next !== null && next < to && counted > 0) {
      this.#estimated.push(schedule.name);
      counted += this.#extrapolate(perBucket, schedule.times, { start, next, perMs: counted / (next - start) });
    }
    for (const [index, fires] of perBucket) this.#put(index, fires, schedule);
    return counted;
  }

  /** `slots`: of the workers there are. */
  buckets(slots: number): ComingBucket[] {
    const { from, bucketMs } = this.#range;
    const perBucket = bucketMs / secondMs;
    return this.#buckets.map(({ fires, workMs, occupiedMs, top }, index) => {
      let peak = 0;
      const first = Math.floor(index * perBucket);
      for (const inSecond of this.#seconds.subarray(first, Math.floor(first + perBucket)))
        peak = Math.max(peak, inSecond);
      const load = slots === 0 ? null : Math.round((occupiedMs / (slots * bucketMs)) * 1000) / 1000;
      return { at: from + index * bucketMs, fires, peak, workMs: Math.round(workMs), load, top };
    });
  }

  #indexOf(at: number): number {
    return Math.floor((at - this.#range.from) / this.#range.bucketMs);
  }

  #count(perBucket: Map<number, number>, at: number, fires: number): void {
    const index = this.#indexOf(at);
    perBucket.set(index, (perBucket.get(index) ?? 0) + fires);
  }

  #countSecond(at: number): void {
    const second = Math.floor((at - this.#range.from) / secondMs);
    this.#seconds[second] = (this.#seconds[second] ?? 0) + 1;
  }

  /** `start`, `next`: what is counted lies between. Gives the times that were computed. */
  #extrapolate(
    perBucket: Map<number, number>,
    times: ScheduleTimes,
    { start, next, perMs }: { start: number; next: number; perMs: number },
  ): number {
    const { from, to, bucketMs } = this.#range;
    const cut = this.#indexOf(next);
    const usual = usualOf(perBucket, this.#indexOf(start + 1), cut) ?? perMs * bucketMs;
    let computed = 0;
    for (let index = cut; index < this.#buckets.length; index += 1) {
      const begin = Math.max(next, from + index * bucketMs);
      const end = Math.min(to, from + (index + 1) * bucketMs);
      const first = index === cut ? next : nextFireAfter(times, begin - 1);
      if (first === null) break;
      computed += 1;
      if (first >= end) {
        // Nothing before this bucket.
        index = Math.max(index, this.#indexOf(first) - 1);
        continue;
      }
      const second = nextFireAfter(times, first);
      computed += 1;
      const already = perBucket.get(index) ?? 0;
      const several = Math.round((usual * (end - from - index * bucketMs)) / bucketMs) - already;
      perBucket.set(index, already + (second === null || second >= end ? 1 : Math.max(2, several)));
    }
    return computed;
  }

  #put(index: number, fires: number, { name, job, usualMs }: ComingSchedule): void {
    const bucket = this.#buckets[index];
    if (bucket === undefined || fires === 0) return;
    const workMs = Math.round(fires * usualMs);
    this.#fires += fires;
    bucket.fires += fires;
    bucket.workMs += workMs;
    bucket.top.push({ schedule: name, job, fires, workMs });
    bucket.top.sort((a, b) => b.workMs - a.workMs || b.fires - a.fires);
    bucket.top.length = Math.min(bucket.top.length, topRows);
    this.#occupy(index, fires, usualMs);
  }

  /** Runs begin in the middle of their bucket, on average, and hold their slots for as long as they usually take. */
  #occupy(index: number, fires: number, usualMs: number): void {
    const { bucketMs } = this.#range;
    let left = usualMs;
    let room = bucketMs / 2;
    for (let at = index; left > 0 && at < this.#buckets.length; at += 1) {
      const bucket = this.#buckets[at];
      const part = Math.min(left, at === index && left <= bucketMs ? left : room);
      if (bucket !== undefined) bucket.occupiedMs += fires * part;
      left -= part;
      room = bucketMs;
    }
  }
}

/** The fires of a bucket that has any, on average over those that were counted whole. Null: none was. */
function usualOf(perBucket: ReadonlyMap<number, number>, first: number, cut: number): number | null {
  const inside = [...perBucket].filter(([index]) => index < cut);
  // Of the first one a part may be decided already.
  const whole = inside.length > 1 ? inside.filter(([index]) => index > first) : inside;
  if (whole.length === 0) return null;
  return whole.reduce((sum, [, fires]) => sum + fires, 0) / whole.length;
}
