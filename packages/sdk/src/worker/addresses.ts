// The masters that a worker knows, and how long it waits before it tries the next one. Full jitter and a random choice keep
// the workers of a master that died from falling upon one other master at the same moment.

import { workerLimits } from './worker-limits.ts';

export class Addresses {
  readonly #configured: readonly string[];
  #learned: readonly string[] = [];
  #last: string | null = null;

  constructor(configured: readonly string[]) {
    this.#configured = [...new Set(configured)];
  }

  /** What a master says of the others. Never leads from TLS to clear text: the token would travel in it. */
  learn(addresses: readonly string[]): void {
    const secure = this.#configured.every((address) => address.startsWith('https:'));
    const usable = addresses.filter(
      (address) => address.startsWith('https://') || (!secure && address.startsWith('http://')),
    );
    this.#learned = usable.slice(0, workerLimits.addressesLearned);
  }

  /** Any known address but the one that was tried last, if there is another. */
  next(fraction: number): string {
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
