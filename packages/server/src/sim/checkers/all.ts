// All checkers, in the order of their reports.

import { allRunsEnd } from './all-runs-end.ts';
import { atMostOnce } from './at-most-once.ts';
import type { Checker } from './checker.ts';
import { conservation } from './conservation.ts';
import { fencing } from './fencing.ts';
import { justifiedDecisions } from './justified-decisions.ts';
import { keptAnswers } from './kept-answers.ts';
import { noEarlyStart } from './no-early-start.ts';
import { noLostFire } from './no-lost-fire.ts';
import { noPhantomFire } from './no-phantom-fire.ts';
import { noOverlap } from './no-overlap.ts';
import { oneOutcome } from './one-outcome.ts';
import { oneRunPerFire } from './one-run-per-fire.ts';
import { trulyExecuted } from './truly-executed.ts';

export const checkers: readonly Checker[] = [
  oneRunPerFire,
  noPhantomFire,
  noEarlyStart,
  noLostFire,
  justifiedDecisions,
  fencing,
  oneOutcome,
  keptAnswers,
  atMostOnce,
  noOverlap,
  trulyExecuted,
  conservation,
  allRunsEnd,
];
