// S6. No attempt of a dead session is accepted, none is given to one, and the current attempt fences all before it.

import type { Checker } from './checker.ts';
import { replay } from './run-history.ts';

export const fencing: Checker = {
  id: 'S6',
  promise: 'a lost attempt changes nothing any more',
  check: (evidence) => replay(evidence).fencing,
};
