// Many deadlines on one timer, so that runs with a time limit cost no timer each.

import type { WorkerClock, WorkerTimer } from './session-ports.ts';

export class Deadlines {
  readonly #clock: WorkerClock;
  readonly #passed: (name: string) => void;
  readonly #at = new Map<string, number>();
  #timer: WorkerTimer | null = null;
  #timerAt = Infinity;

  constructor(clock: WorkerClock, passed: (name: string) => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  set(name: string, delayMs: number): void {
    const at = this.#clock.monotonicMs() + delayMs;
    this.#at.set(name, at);
    if (at < this.#timerAt) this.#arm(at);
  }

  /** The timer may then fire for nothing, and looks again. */
  clear(name: string): void {
    if (this.#at.delete(name) && this.#at.size === 0) this.#disarm();
  }

  #arm(at: number): void {
    this.#disarm();
    this.#timerAt = at;
    // Rounded up, because a timer may fire a fraction early.
    this.#timer = this.#clock.timer(Math.max(1, Math.ceil(at - this.#clock.monotonicMs())), () => this.#look());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAt = Infinity;
  }

  #look(): void {
    this.#disarm();
    const now = this.#clock.monotonicMs();
    let next = Infinity;
    const passed: string[] = [];
    for (const [name, at] of this.#at) {
      if (at <= now) passed.push(name);
      else next = Math.min(next, at);
    }
    for (const name of passed) this.#at.delete(name);
    if (next < Infinity) this.#arm(next);
    for (const name of passed) this.#passed(name);
  }
}
