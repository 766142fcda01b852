// What should be in the ledger of a fixed delay: each time follows from what came before it, the end of a run or a skip. So the ledger
// is read in order, and each row says whether the next is right. After a run whose end is not known any more, a row is believed.

import type { LedgerFire } from './audit.ts';
import { delayedFire, type DelaySpec } from './fixed-delay.ts';

export interface DelayedFire extends LedgerFire {
  /** When its run ended, or when it was skipped; null when that is not known. */
  readonly endedAt: number | null;
}

/** What a time counts from is known, or is this or later because not all runs before it were looked at, or cannot be known any more. */
export type CountedFrom = 'exactly' | 'at-least' | 'unknown';

export class DelayedExpectation {
  readonly #spec: DelaySpec;
  #from: number;
  #cursor: number;
  #known: CountedFrom;

  /** `from`: what the first time counts from, as it is `known`; `cursor`: what is decided by then, at least the beginning of the version. */
  constructor(spec: DelaySpec, from: number, cursor: number, known: CountedFrom) {
    this.#known = known;
    this.#spec = spec;
    this.#from = from;
    this.#cursor = cursor;
  }

  /** The times that should stand where these rows stand, oldest first. A row before its time has none. */
  expected(rows: readonly DelayedFire[]): number[] {
    return rows.flatMap((row) => {
      const known = this.#known;
      const next = this.#next();
      this.#cursor = row.fireAt;
      this.#known = row.endedAt === null ? 'unknown' : 'exactly';
      if (row.endedAt !== null) this.#from = Math.max(this.#from, row.endedAt);
      if (known === 'unknown') return [row.fireAt];
      if (next === null || row.fireAt < next) return [];
      return [known === 'exactly' ? next : row.fireAt];
    });
  }

  /** A time up to `through` that should have come after the last row. */
  rest(through: number): number[] {
    const next = this.#next();
    return this.#known !== 'exactly' || next === null || next > through ? [] : [next];
  }

  #next(): number | null {
    return delayedFire(this.#spec, this.#from, this.#cursor);
  }
}
