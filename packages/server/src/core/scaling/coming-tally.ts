// Adds up coming runs in buckets of time, apart by how long they usually take: a thousand short runs and ten long ones need other slots than as
// many of middling length. Memory follows the range and the number of classes, not the runs.

import type { ComingWork } from './scaling-input.ts';

interface Class {
  readonly workMs: number[];
  readonly runs: number[];
}

export class ComingTally {
  readonly #from: number;
  readonly #bucketMs: number;
  readonly #classes = new Map<number, Class>();

  constructor(from: number, bucketMs: number) {
    this.#from = from;
    this.#bucketMs = bucketMs;
  }

  /** `usualMs`: of one of these runs. */
  add(at: number, usualMs: number, runs = 1): void {
    const length = Math.max(1, usualMs);
    // Each is at most twice as long as another of its class.
    const key = Math.floor(Math.log2(length));
    const { workMs, runs: counts } = this.#classes.get(key) ?? this.#begin(key);
    const bucket = Math.max(0, Math.floor((at - this.#from) / this.#bucketMs));
    for (let place = counts.length; place <= bucket; place += 1) counts[place] = workMs[place] = 0;
    counts[bucket] = (counts[bucket] ?? 0) + runs;
    workMs[bucket] = (workMs[bucket] ?? 0) + runs * length;
  }

  works(): ComingWork[] {
    return [...this.#classes.values()].map((each) => ({ from: this.#from, bucketMs: this.#bucketMs, ...each }));
  }

  #begin(key: number): Class {
    const begun: Class = { workMs: [], runs: [] };
    this.#classes.set(key, begun);
    return begun;
  }
}
