// Waits for a signal or for a while, whichever comes first. A signal that comes while nobody waits is kept for the next wait.

import type { Clock } from '../ports/clock.ts';

export class Wake {
  readonly #clock: Clock;
  #woken = false;
  #resolve: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): void {
    this.#woken = true;
    this.#resolve?.();
  }

  async wait(mostMs: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.timer(mostMs, resolve, { background: true });
        this.#resolve = () => {
          timer.cancel();
          resolve();
        };
      });
      this.#resolve = null;
    }
    this.#woken = false;
  }
}
