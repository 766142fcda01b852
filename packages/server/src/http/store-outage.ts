// Whether the store answers, as the requests of this door find it. While it does not, only one request in a second waits for it in vain:
// the others are answered at once with what is kept, where something is.

import type { Clock } from '../ports/clock.ts';

const tryEveryMs = 1000;

export class StoreOutage {
  readonly #clock: Clock;
  #failing = false;
  #nextTryMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(): void {
    this.#failing = true;
    this.#nextTryMs = this.#clock.monotonicMs() + tryEveryMs;
  }

  worked(): void {
    this.#failing = false;
  }

  /** Whether to spare oneself the question. Who hears no is the one that tries. */
  spare(): boolean {
    if (!this.#failing) return false;
    const now = this.#clock.monotonicMs();
    if (now < this.#nextTryMs) return true;
    this.#nextTryMs = now + tryEveryMs;
    return false;
  }
}
