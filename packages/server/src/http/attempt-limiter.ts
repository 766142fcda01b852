// Counts failures per address in windows of a minute. Secrets of 256 bits cannot be guessed; the bound keeps those who try
// from costing queries.

import { Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';

interface Window {
  startMs: number;
  failures: number;
}

const windowMs = 60_000;

export class AttemptLimiter {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, mostPerMinute: number) {
    this.#clock = clock;
    this.#most = mostPerMinute;
  }

  /** Refuses when the address has failed too often of late. */
  check(address: string): void {
    const window = this.#current(address);
    if (window === null || window.failures < this.#most) return;
    const waitMs = window.startMs + windowMs - this.#clock.monotonicMs();
    throw new Refusal('TOO_MANY_REQUESTS', 'too many invalid credentials came from this address', {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  }

  failed(address: string): void {
    const window = this.#current(address) ?? { startMs: this.#clock.monotonicMs(), failures: 0 };
    window.failures += 1;
    this.#windows.delete(address);
    this.#windows.set(address, window);
    if (this.#windows.size <= serverLimits.attemptAddresses) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }

  #current(address: string): Window | null {
    const window = this.#windows.get(address);
    return window !== undefined && window.startMs + windowMs > this.#clock.monotonicMs() ? window : null;
  }
}
