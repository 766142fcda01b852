// Answers that are costly to compute, kept for a moment: at least a second, and twenty times as long as computing took, so
// that however many ask, computing takes at most a twentieth of the time. Those who ask meanwhile wait for the same answer.

import type { Clock } from '../ports/clock.ts';

const leastMs = 1000;
const shareOfTime = 20;
const keysMost = 1000;

interface Entry<T> {
  answer: Promise<T>;
  untilMs: number;
}

export class Kept<T> {
  readonly #clock: Clock;
  readonly #compute: (key: string) => Promise<T>;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(clock: Clock, compute: (key: string) => Promise<T>) {
    this.#clock = clock;
    this.#compute = compute;
  }

  get(key: string): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonicMs()) return known.answer;
    if (this.#entries.size >= keysMost) this.#entries.clear();
    const entry: Entry<T> = { answer: this.#compute(key), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    this.#settle(key, entry, this.#clock.monotonicMs());
    return entry.answer;
  }

  #settle(key: string, entry: Entry<T>, startMs: number): void {
    entry.answer.then(
      () => {
        const now = this.#clock.monotonicMs();
        entry.untilMs = now + Math.max(leastMs, (now - startMs) * shareOfTime);
      },
      () => this.#entries.delete(key),
    );
  }
}
