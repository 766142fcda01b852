// The worker's own view of its lease, pure arithmetic on the monotonic clock.
//
// A master renews by a round trip: the worker sends the nonce of the last reply, the master renews in the store and answers
// with a new nonce. Trust runs from the moment the worker *first sent* the nonce that was answered: the renewal cannot have
// happened earlier, so the master's lease ends later than this deadline, by at least the margin. An answer that repeats
// an old nonce renews nothing; without a fresh nonce nothing is ever renewed (one-way partitions).

import { Recent } from './recent.ts';
import { workerLimits } from './worker-limits.ts';

/**
 * The worker stops trusting its lease so long before the master may give its attempts away: enough to end them all, by a clock that goes too
 * slow. At most half of the lease, so one below 4 s promises less.
 */
export function leaseMarginMs(ttlMs: number): number {
  const { abandonGraceMs, abandonKillMs, clockDrift } = workerLimits;
  return Math.min(ttlMs / 2, ttlMs * clockDrift + abandonGraceMs + abandonKillMs);
}

export class Lease {
  #trustMs = 0;
  #nonce = '';
  #firstSentAt: number | null = null;
  #deadline: number | null = null;
  readonly #spent = new Recent(workerLimits.noncesRemembered);

  /** The hello that was sent at `helloSentAt` made or renewed the lease. Begins a new connection, and so a new row of nonces. */
  welcomed(ttlMs: number, nonce: string, helloSentAt: number): void {
    this.#trustMs = ttlMs - leaseMarginMs(ttlMs);
    this.#spent.clear();
    this.#nonce = nonce;
    this.#firstSentAt = null;
    this.#extend(helloSentAt);
  }

  /** The nonce to send with a heartbeat now. */
  sending(now: number): string {
    this.#firstSentAt ??= now;
    return this.#nonce;
  }

  /** False when the answer is a repetition, and renews nothing. */
  acknowledged(nonce: string): boolean {
    if (this.#firstSentAt === null || nonce === this.#nonce || this.#spent.has(nonce)) return false;
    this.#extend(this.#firstSentAt);
    this.#spent.add(this.#nonce);
    this.#nonce = nonce;
    this.#firstSentAt = null;
    return true;
  }

  /** How long a heartbeat has been waiting for its answer. */
  waitingMs(now: number): number {
    return this.#firstSentAt === null ? 0 : now - this.#firstSentAt;
  }

  /** Null when there is no lease. */
  get deadline(): number | null {
    return this.#deadline;
  }

  expired(now: number): boolean {
    return this.#deadline !== null && now >= this.#deadline;
  }

  end(): void {
    this.#deadline = null;
    this.#firstSentAt = null;
  }

  #extend(from: number): void {
    this.#deadline = Math.max(this.#deadline ?? -Infinity, from + this.#trustMs);
  }
}
