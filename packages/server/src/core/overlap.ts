// What a fire does while earlier runs of its schedule are unfinished. Asked in the order of nominal times; each answer counts for
// the next, as if it had been carried out already.
//
//                     nothing unfinished     something unfinished
//   allow             now                    now
//   skip              now                    skipped
//   buffer-one        now                    waits; skipped when one waits already
//   buffer-all        now                    waits; skipped when as many wait as may
//   cancel-previous   now                    replaces: what has not begun ends, what runs is canceled, and it waits for that

import type { OverlapPolicy, SkipReason } from '@tidewheel/protocol';
import { serverLimits } from './limits.ts';

/** Runs of one schedule that have not ended. Those of backfills do not count. */
export interface Unfinished {
  readonly running: number;
  /** Neither running nor waiting for another run: ready, or due later. */
  readonly pending: number;
  /** Waiting for another run of the schedule to end. */
  readonly blocked: number;
}

export const nothingUnfinished: Unfinished = { running: 0, pending: 0, blocked: 0 };

export type Turn =
  | { readonly kind: 'now' | 'waits' }
  | { readonly kind: 'skipped'; readonly reason: Extract<SkipReason, 'overlap' | 'overlap-limit'> };

const now: Turn = { kind: 'now' };
const waits: Turn = { kind: 'waits' };
const skipped: Turn = { kind: 'skipped', reason: 'overlap' };

export function replacesPrevious(policy: OverlapPolicy): boolean {
  return policy === 'cancel-previous' || policy === 'kill-previous';
}

export class Overlap {
  readonly #policy: OverlapPolicy;
  #running: number;
  #pending: number;
  #blocked: number;
  #replaced = false;

  constructor(policy: OverlapPolicy, unfinished: Unfinished) {
    this.#policy = policy;
    this.#running = unfinished.running;
    this.#pending = unfinished.pending;
    this.#blocked = unfinished.blocked;
  }

  /** Some fire took the place of what was unfinished before. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /**
   * `superseded`: a later time is decided to fire at this same moment. `missed`: later times may have been fired already, so it
   * replaces nothing.
   */
  turn({ superseded, missed }: { superseded: boolean; missed: boolean }): Turn {
    const turn = replacesPrevious(this.#policy) ? this.#replacing(superseded, missed) : this.#queueing();
    if (turn.kind === 'now') this.#pending += 1;
    if (turn.kind === 'waits') this.#blocked += 1;
    return turn;
  }

  #queueing(): Turn {
    if (this.#policy === 'allow' || this.#running + this.#pending + this.#blocked === 0) return now;
    if (this.#policy === 'buffer-one') return this.#blocked === 0 ? waits : skipped;
    if (this.#policy !== 'buffer-all') return skipped;
    return this.#blocked < serverLimits.bufferedRuns ? waits : { kind: 'skipped', reason: 'overlap-limit' };
  }

  #replacing(superseded: boolean, missed: boolean): Turn {
    if (superseded) return skipped;
    if (this.#running + this.#pending + this.#blocked === 0) return now;
    if (missed) return skipped;
    this.#replaced = true;
    this.#pending = 0;
    this.#blocked = 0;
    return this.#running > 0 ? waits : now;
  }
}
