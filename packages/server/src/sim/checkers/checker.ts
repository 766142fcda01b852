// One promise, checked over the whole evidence of a simulation. A checker says what it found, with names and times to look for
// in the trace; it changes nothing and is not told which faults there were.

import type { Evidence } from '../evidence.ts';

export interface Checker {
  /** As in the list of promises: S1, L3, … */
  readonly id: string;
  readonly promise: string;
  /** One sentence per violation; empty when the promise was kept. */
  check(evidence: Evidence): string[];
}
