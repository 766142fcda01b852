// The masters that a worker knows, and how long it waits before it tries the next one. Full jitter and a random choice keep
// the workers of a master that died from falling upon one other master at the same moment.

import { workerLimits } from './worker-limits.ts';

export class Addresses {
  readonly #configured: readonly string[];
  #learned: readonly string[] = [];
  #preferred: readonly string[] = [];
  #last: string | null = null;

  constructor(configured: readonly string[]) {
    this.#configured = [...new Set(configured)];
  }

  /** What a master says of the others. Never leads from TLS to clear text: the token would travel in it. */
  learn(addresses: readonly string[]): void {
    this.#learned = this.#usable(addresses);
  }

  #usable(addresses: readonly string[]): string[] {
    const secure = this.#configured.every((address) => address.startsWith('https:'));
    const usable = addresses.filter(
      (address) => address.startsWith('https://') || (!secure && address.startsWith('http://')),
    );
    return usable.slice(0, workerLimits.addressesLearned);
  }

  /** Where a master sends this worker: for the next try only. */
  prefer(addresses: readonly string[]): void {
    this.#preferred = this.#usable(addresses);
  }

  get hasPreferred(): boolean {
    return this.#preferred.length > 0;
  }

  /** Any known address but the one that was tried last, if there is another. */
  next(fraction: number): string {
    if (this.#preferred.length > 0) {
      const chosen = this.#preferred[Math.floor(fraction * this.#preferred.length)] ?? '';
      this.#preferred = [];
      this.#last = chosen;
      return chosen;
    }
    const known = [...new Set([...this.#configured, ...this.#learned])];
    const others = known.length > 1 ? known.filter((address) => address !== this.#last) : known;
    const chosen = others[Math.floor(fraction * others.length)] ?? this.#configured[0] ?? '';
    this.#last = chosen;
    return chosen;
  }
}

/** `failures` counts tries in a row that came to nothing. */
export function reconnectDelayMs(failures: number, fraction: number): number {
  const bound = workerLimits.reconnectBaseMs * 2 ** Math.min(failures, 20);
  return Math.floor(fraction * Math.min(workerLimits.reconnectMaxMs, bound));
}
