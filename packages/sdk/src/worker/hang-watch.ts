// Tells a main loop that hangs from one that is slow, by its pulse, looked at again and again from another thread.
//
// What is counted is not time on the clock but time in which the loop could have turned. A look that comes late (the machine
// is busy, or the whole process stood still) counts for little; time in which the main thread waited for a processor counts
// for a third; and a watcher that was itself late lately asks for up to twice the patience before it accuses (Lifeguard's
// local health). The two bounds keep a loop that does hang on a busy machine from being excused for ever.

import { workerLimits } from './worker-limits.ts';

export interface HangLook {
  readonly nowMs: number;
  /** Grows while the main loop turns. */
  readonly seq: number;
  /** How long the main thread has waited for a processor, in total; null where nobody counts it. */
  readonly starvedMs: number | null;
}

/** Of the time waited for a processor, this share is not held against the loop. */
const starvedShare = 2 / 3;
/** Late looks that double the patience; each look in time takes a part of one back. */
const lateMost = 4;
const lateForgiven = 1 / 8;

export class HangWatch {
  readonly #afterMs: number;
  readonly #tickMs: number;
  #last: HangLook | null = null;
  #frozenMs = 0;
  #late = 0;

  constructor(afterMs: number = workerLimits.hangMs, tickMs: number = workerLimits.hangLookMs) {
    this.#afterMs = afterMs;
    this.#tickMs = tickMs;
  }

  /** How long the loop has stood still although it could have turned. */
  get frozenMs(): number {
    return Math.round(this.#frozenMs);
  }

  get patienceMs(): number {
    return this.#afterMs * (1 + this.#late / lateMost);
  }

  /** True once the loop counts as hung, and until it moves again. */
  look(seen: HangLook): boolean {
    const last = this.#last;
    this.#last = seen;
    if (last === null) return false;
    const gapMs = seen.nowMs - last.nowMs;
    this.#late = gapMs > 2 * this.#tickMs ? Math.min(lateMost, this.#late + 1) : Math.max(0, this.#late - lateForgiven);
    if (seen.seq !== last.seq) {
      this.#frozenMs = 0;
      return false;
    }
    const countedMs = Math.min(gapMs, 2 * this.#tickMs);
    const starvedMs = seen.starvedMs === null || last.starvedMs === null ? 0 : seen.starvedMs - last.starvedMs;
    this.#frozenMs += countedMs - starvedShare * Math.min(countedMs, Math.max(0, starvedMs));
    return this.#frozenMs >= this.patienceMs;
  }
}
