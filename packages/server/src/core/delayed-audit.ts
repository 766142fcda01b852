// What should be in the ledger of a fixed delay: each time follows from what came before it, the end of a run or a skip. So the ledger
// is read in order, and each row says whether the next is right. After a run whose end is not known any more, a row is believed.

import type { LedgerFire } from './audit.ts';
import { delayedFire, type DelaySpec } from './fixed-delay.ts';

export interface DelayedFire extends LedgerFire {
  /** When its run ended, or when it was skipped; null when that is not known. */
  readonly endedAt: number | null;
}

export class DelayedExpectation {
  readonly #spec: DelaySpec;
  #from: number;
  #cursor: number;
  #known: boolean;

  /** `from`: what the first time counts from, if that is `known`; `cursor`: what is decided by then, at least the beginning of the version. */
  constructor(spec: DelaySpec, from: number, cursor: number, known: boolean) {
    this.#known = known;
    this.#spec = spec;
    this.#from = from;
    this.#cursor = cursor;
  }

  /** The times that should stand where these rows stand, oldest first. A row before its time has none. */
  expected(rows: readonly DelayedFire[]): number[] {
    return rows.flatMap((row) => {
      const next = this.#next();
      this.#cursor = row.fireAt;
      this.#known = row.endedAt !== null;
      if (row.endedAt !== null) this.#from = Math.max(this.#from, row.endedAt);
      if (next === 'unknown') return [row.fireAt];
      return next === null || row.fireAt < next ? [] : [next];
    });
  }

  /** A time up to `through` that should have come after the last row. */
  rest(through: number): number[] {
    const next = this.#next();
    return next === 'unknown' || next === null || next > through ? [] : [next];
  }

  #next(): number | null | 'unknown' {
    return this.#known ? delayedFire(this.#spec, this.#from, this.#cursor) : 'unknown';
  }
}
