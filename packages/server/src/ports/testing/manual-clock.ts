// A clock for tests: it stands still until it is advanced, and then fires timers in order, letting promises settle between them.

import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../clock.ts';

interface Pending {
  atMs: number;
  seq: number;
  fire: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  #seq = 0;
  readonly #pending = new Set<Pending>();

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_800_000_000_000 + this.#now;
  }

  timer(delayMs: number, fire: () => void): Timer {
    this.#seq += 1;
    const pending = { atMs: this.#now + Math.max(0, delayMs), seq: this.#seq, fire };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Lets everything that is ready happen, without moving time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  }

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#next(until); next !== null; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.atMs);
      this.#pending.delete(next);
      next.fire();
      await this.settle();
    }
    this.#now = until;
  }

  #next(untilMs: number): Pending | null {
    let best: Pending | null = null;
    for (const pending of this.#pending) {
      if (pending.atMs > untilMs) continue;
      if (best === null || pending.atMs < best.atMs || (pending.atMs === best.atMs && pending.seq < best.seq))
        best = pending;
    }
    return best;
  }
}
