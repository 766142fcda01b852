// S7. Steps of runs are legal, attempts have at most one accepted outcome, and what is final stays.

import type { Checker } from './checker.ts';
import { replay } from './run-history.ts';

export const oneOutcome: Checker = {
  id: 'S7',
  promise: 'one accepted outcome per attempt, legal steps only, final is final',
  check: (evidence) => replay(evidence).steps,
};
