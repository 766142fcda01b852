// Runs that are coming, so that any stretch of time is summed up at once. A bucket counts as beginning with its first moment: the times of a
// calendar are mostly whole minutes, and to be early costs less than to be late.

import type { ComingWork } from './scaling-input.ts';

export class ComingRuns {
  readonly runMs: number;
  readonly bucketMs: number;
  /** Milliseconds from now to the first bucket that is not over. */
  readonly #first: number;
  /** Runs before each bucket. */
  readonly #before: Float64Array;

  /** `runMs`: of a run, where it is not said how many they are. `beginning`: the share of the bucket in which now lies that is still to begin. */
  constructor(work: ComingWork, now: number, runMs: number, beginning = 1) {
    const over = Math.max(0, Math.floor((now - work.from) / work.bucketMs));
    this.bucketMs = work.bucketMs;
    this.#first = work.from + over * work.bucketMs - now;
    const left = work.workMs.slice(over);
    this.#before = new Float64Array(left.length + 1);
    let sum = 0;
    for (const [index, ms] of left.entries()) {
      const runs = work.runs === undefined ? ms / runMs : (work.runs[over + index] ?? 0);
      sum += index === 0 ? runs * beginning : runs;
      this.#before[index + 1] = sum;
    }
    const workMs = left.reduce((all, ms, index) => all + (index === 0 ? ms * beginning : ms), 0);
    this.runMs = work.runs === undefined || sum === 0 ? runMs : Math.max(1, workMs / sum);
  }

  /** Runs that begin from `from` to `to`, both included, in milliseconds from now. The bucket in which now lies begins now. */
  between(from: number, to: number): number {
    return to < Math.max(0, from) ? 0 : this.#upTo(to) - (from <= 0 ? 0 : this.#upTo(from - 1));
  }

  /** The bucket up to `to` in which most begin: when, and how many. */
  peak(to: number): { readonly inMs: number; readonly runs: number } {
    let peak = { inMs: 0, runs: 0 };
    for (let index = 0; index + 1 < this.#before.length; index += 1) {
      const inMs = Math.max(0, this.#first + index * this.bucketMs);
      if (inMs > to) break;
      const runs = (this.#before[index + 1] ?? 0) - (this.#before[index] ?? 0);
      if (runs > peak.runs) peak = { inMs, runs };
    }
    return peak;
  }

  /** When buckets with runs begin, up to `to`. */
  starts(to: number): number[] {
    const starts: number[] = [];
    for (let index = 0; index + 1 < this.#before.length; index += 1) {
      const inMs = Math.max(0, this.#first + index * this.bucketMs);
      if (inMs > to) break;
      if (this.#before[index + 1] !== this.#before[index]) starts.push(inMs);
    }
    return starts;
  }

  #upTo(at: number): number {
    const begun = Math.floor((at - this.#first) / this.bucketMs) + 1;
    return this.#before[Math.max(0, Math.min(begun, this.#before.length - 1))] ?? 0;
  }
}

/** Runs of the bucket in which now lies, when it has begun before: some of them may be there already. */
export function runsBegun({ from, bucketMs, workMs, runs }: ComingWork, now: number, runMs: number): number {
  const index = Math.floor((now - from) / bucketMs);
  if (from + index * bucketMs === now) return 0;
  return (runs === undefined ? (workMs[index] ?? 0) / runMs : runs[index]) ?? 0;
}
