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

  /** `runMs`: of a run, where it is not said how many they are. */
  constructor(work: ComingWork, now: number, runMs: number) {
    const over = Math.max(0, Math.floor((now - work.from) / work.bucketMs));
    this.bucketMs = work.bucketMs;
    this.#first = work.from + over * work.bucketMs - now;
    const left = work.workMs.slice(over);
    this.#before = new Float64Array(left.length + 1);
    let sum = 0;
    for (const [index, ms] of left.entries()) {
      sum += work.runs === undefined ? ms / runMs : (work.runs[over + index] ?? 0);
      this.#before[index + 1] = sum;
    }
    const workMs = left.reduce((all, ms) => all + ms, 0);
    this.runMs = work.runs === undefined || sum === 0 ? runMs : Math.max(1, workMs / sum);
  }

  /** Runs that begin from `from` to `to`, both included, in milliseconds from now. The bucket in which now lies begins now. */
  between(from: number, to: number): number {
    return to < Math.max(0, from) ? 0 : this.#upTo(to) - (from <= 0 ? 0 : this.#upTo(from - 1));
  }

  #upTo(at: number): number {
    const begun = Math.floor((at - this.#first) / this.bucketMs) + 1;
    return this.#before[Math.max(0, Math.min(begun, this.#before.length - 1))] ?? 0;
  }
}
