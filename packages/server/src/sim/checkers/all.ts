// All checkers, in the order of their reports.

import { allRunsEnd } from './all-runs-end.ts';
import { atMostOnce } from './at-most-once.ts';
import { backlogDrains } from './backlog-drains.ts';
import type { Checker } from './checker.ts';
import { caughtUpInOrder } from './caught-up-in-order.ts';
import { cleanAudit } from './clean-audit.ts';
import { conservation } from './conservation.ts';
import { entitledWorkers } from './entitled-workers.ts';
import { duePassing } from './due-passing.ts';
import { fencedLeaders } from './fenced-leaders.ts';
import { fencing } from './fencing.ts';
import { freedLocks } from './freed-locks.ts';
import { heldIsAdopted } from './held-is-adopted.ts';
import { justifiedDecisions } from './justified-decisions.ts';
import { keptAnswers } from './kept-answers.ts';
import { keptGap } from './kept-gap.ts';
import { keptStops } from './kept-stops.ts';
import { noEarlyStart } from './no-early-start.ts';
import { noLostFire } from './no-lost-fire.ts';
import { noOverlap } from './no-overlap.ts';
import { noPhantomFire } from './no-phantom-fire.ts';
import { oneLeader } from './one-leader.ts';
import { oneLockHolder } from './one-lock-holder.ts';
import { oneOutcome } from './one-outcome.ts';
import { oneRunPerFire } from './one-run-per-fire.ts';
import { onlyGrowing } from './only-growing.ts';
import { promptAgain } from './prompt-again.ts';
import { trulyExecuted } from './truly-executed.ts';
import { turnsComeSoon, turnsOfRuns } from './turns-of-runs.ts';
import { wholeBackfills } from './whole-backfills.ts';
import { wholeLogs } from './whole-logs.ts';

export const checkers: readonly Checker[] = [
  oneRunPerFire,
  noPhantomFire,
  noEarlyStart,
  noLostFire,
  justifiedDecisions,
  cleanAudit,
  turnsOfRuns,
  caughtUpInOrder,
  onlyGrowing,
  fencing,
  fencedLeaders,
  oneOutcome,
  keptAnswers,
  keptStops,
  atMostOnce,
  noOverlap,
  conservation,
  wholeLogs,
  duePassing,
  wholeBackfills,
  entitledWorkers,
  oneLockHolder,
  freedLocks,
  trulyExecuted,
  heldIsAdopted,
  keptGap,
  oneLeader,
  promptAgain,
  turnsComeSoon,
  allRunsEnd,
  backlogDrains,
];
