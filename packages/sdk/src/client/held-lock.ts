// A lock while it is held here: renewed by itself, and given up in time.
//
// Trust counts from the moment a renewal was *sent*, on the monotonic clock, and ends a margin before the master's lease can:
// when it passes without an answer, `lost` is aborted before anybody else can have the lock. A pause of the whole process cannot
// be seen from inside: that is what the token is for. Give it along with each write, and have older ones refused there.

import { type LockView, Refusal } from '@tidewheel/protocol';
import type { WorkerTimer } from '../worker/session-ports.ts';
import type { ClientPorts } from './client-ports.ts';

/** How a held lock speaks to the masters. */
export interface LockCalls {
  renew(timeoutMs: number): Promise<LockView>;
  release(): Promise<boolean>;
  /** Tells when somebody takes the lock away. Returns the way to hear no more. */
  hear?(ears: LockEars): () => void;
}

export interface LockEars {
  taken(reason: Refusal): void;
  /** Something may have been missed: ask. */
  unsure(): void;
}

export class HeldLock {
  readonly name: string;
  /** Larger than that of every earlier holder. */
  readonly token: number;
  /** Names this acquisition to the masters. */
  readonly hold: string;
  readonly ttlMs: number;
  readonly #ports: Pick<ClientPorts, 'clock'>;
  readonly #calls: LockCalls;
  readonly #lost = new AbortController();
  #trustedUntilMs: number;
  #over = false;
  #renewing: Promise<void> | null = null;
  #next: WorkerTimer | null = null;
  #end: WorkerTimer | null = null;
  readonly #unhear: (() => void) | undefined;

  /** `askedAtMs`: when the request that got it was sent. */
  constructor(lock: LockView, hold: string, askedAtMs: number, ports: Pick<ClientPorts, 'clock'>, calls: LockCalls) {
    this.name = lock.name;
    this.token = lock.token;
    this.ttlMs = lock.ttlMs;
    this.hold = hold;
    this.#ports = ports;
    this.#calls = calls;
    this.#trustedUntilMs = askedAtMs + lock.ttlMs - this.#marginMs;
    this.#unhear = calls.hear?.({
      taken: (reason) => this.#lose(reason),
      unsure: () => void this.renew().catch(() => undefined),
    });
    this.#watch();
    this.#renewAfter(askedAtMs + lock.ttlMs / 3 - ports.clock.monotonicMs());
  }

  /** Aborted when the lock is lost, or may be; at once, with who and why, when somebody takes it away. Never by `release`. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it can be relied on at this moment. */
  get held(): boolean {
    return !this.#over && this.#ports.clock.monotonicMs() < this.#trustedUntilMs;
  }

  /** Done by itself at a third of the lock's life. Rejects with LOCK_LOST when it is over. */
  async renew(): Promise<void> {
    if (!this.#over) await (this.#renewing ??= this.#renew().finally(() => (this.#renewing = null)));
    if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
  }

  /** Gives it back; a second time, or when it is lost already, nothing is done. Stop what is done under it before. */
  async release(): Promise<void> {
    if (this.#over) return;
    this.#finish();
    await this.#calls.release();
  }

  /** Renews it no more and does not give it back: it ends by itself, or by its hold. */
  leave(): void {
    this.#finish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  get #marginMs(): number {
    return this.ttlMs / 6;
  }

  async #renew(): Promise<void> {
    const { clock } = this.#ports;
    const sentMs = clock.monotonicMs();
    try {
      await this.#calls.renew(Math.max(1, this.#trustedUntilMs - sentMs));
    } catch (error) {
      if (this.#over) return;
      // A denied renewal is a loss. An unanswered one is nothing yet: it may have been done, so trust just goes on running out.
      if (error instanceof Refusal && error.code === 'LOCK_LOST') this.#lose(error);
      else this.#renewAfter(Math.min(this.ttlMs / 12, 1000));
      return;
    }
    if (this.#over) return;
    this.#trustedUntilMs = Math.max(this.#trustedUntilMs, sentMs + this.ttlMs - this.#marginMs);
    this.#watch();
    this.#renewAfter(sentMs + this.ttlMs / 3 - clock.monotonicMs());
  }

  #renewAfter(delayMs: number): void {
    this.#next?.cancel();
    this.#next = this.#ports.clock.timer(Math.max(1, delayMs), () => void this.renew().catch(() => undefined));
  }

  #watch(): void {
    this.#end?.cancel();
    const leftMs = this.#trustedUntilMs - this.#ports.clock.monotonicMs();
    const lose = (): void => {
      this.#lose(new Refusal('LOCK_LOST', `the lock "${this.name}" could not be renewed in time`));
    };
    if (leftMs <= 0) lose();
    else this.#end = this.#ports.clock.timer(leftMs, lose);
  }

  #lose(reason: Refusal): void {
    if (this.#over) return;
    this.#finish();
    this.#lost.abort(reason);
  }

  #finish(): void {
    this.#over = true;
    this.#next?.cancel();
    this.#end?.cancel();
    this.#unhear?.();
  }
}
