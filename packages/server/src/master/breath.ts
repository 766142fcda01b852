// Lets others have their turn during long work: SQLite answers within the same turn of the event loop, so that a chain of reads would keep
// sockets and timers waiting from beginning to end.

import { type Clock, sleep } from '../ports/clock.ts';

/** Nothing synchronous in a master takes longer than 10 ms; what follows between two questions must fit, too. */
const holdMs = 5;

export class Breath {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** To be asked after each piece of work. Mostly answers at once. */
  async take(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sinceMs < holdMs) return;
    await sleep(this.#clock, 0);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
