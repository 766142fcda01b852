// The run state machine: one table of legal transitions, and the decisions that choose among them.
//
//            submit / fire
//        ┌────────┼──────────┐
//        ▼        ▼          ▼
//     blocked  scheduled    ready ◄─────────── lost (tried again at once)
//        │        │ due       │ claim               ▲
//        └──────► └────────►  ▼                     │
//                           running ────────────────┤
//                             │  ▲                  └─► scheduled (backoff)
//      cancel, start timeout  ▼  claim
//        ───────► succeeded · failed · canceled · skipped · lost
//
// A run that waits becomes lost only after a restore: it may have ended in the time of which the store knows nothing.
// Each write of a run's state names its transition here first; a transition that is not in the table is a broken invariant.

import type {
  AttemptOutcome,
  AttemptUsage,
  FinalState,
  JobSpec,
  ReportedOutcome,
  RunError,
  RunState,
} from '@tidewheel/protocol';
import { InvariantBroken } from './invariant.ts';
import { serverLimits } from './limits.ts';
import { retryDelay } from './retry.ts';

const transitions: Readonly<Record<RunState, readonly RunState[]>> = {
  blocked: ['ready', 'scheduled', 'canceled', 'skipped', 'failed', 'lost'],
  scheduled: ['ready', 'canceled', 'failed', 'lost'],
  ready: ['running', 'canceled', 'failed', 'lost'],
  running: ['succeeded', 'failed', 'canceled', 'lost', 'scheduled', 'ready'],
  succeeded: [],
  failed: [],
  canceled: [],
  skipped: [],
  lost: [],
};

export function mayBecome(from: RunState, to: RunState): boolean {
  return transitions[from].includes(to);
}

/** Returns `to`; throws InvariantBroken when the table does not allow it. */
export function become<T extends RunState>(from: RunState, to: T): T {
  if (!mayBecome(from, to)) throw new InvariantBroken(`a run cannot go from ${from} to ${to}`);
  return to;
}

/** One finished attempt as it is kept with the run, oldest first. Times are the store's clock. */
export interface PastAttempt {
  attempt: number;
  attemptId: string;
  sessionId: string;
  worker: string;
  claimedAt: number;
  startedAt: number | null;
  endedAt: number;
  outcome: AttemptOutcome;
  error: RunError | null;
  usage?: AttemptUsage;
}

export interface RunFacts {
  /** Attempts that ended before the one that is being decided. */
  past: readonly PastAttempt[];
  cancelRequested: boolean;
  spec: Pick<JobSpec, 'retry' | 'delivery'>;
}

/** Where a running run goes now. `retry` with delay 0 is `ready`, else `scheduled`. */
export type Next = { to: 'final'; state: FinalState } | { to: 'retry'; delayMs: number };

function countOf(past: readonly PastAttempt[], outcomes: readonly AttemptOutcome[]): number {
  return past.filter((attempt) => outcomes.includes(attempt.outcome)).length;
}

/**
 * An attempt has reported. A success counts even when a cancel was asked for: the work is done.
 * A failure under a cancel ends as canceled. `canceled` without a request is a worker that gave up: it counts as a failure.
 */
export function decideReport(facts: RunFacts, outcome: ReportedOutcome, fraction: number): Next {
  if (outcome === 'succeeded') return { to: 'final', state: 'succeeded' };
  if (facts.cancelRequested) return { to: 'final', state: 'canceled' };
  const failures = countOf(facts.past, ['failed', 'timed-out', 'canceled']) + 1;
  if (failures >= facts.spec.retry.attempts) return { to: 'final', state: 'failed' };
  return { to: 'retry', delayMs: retryDelay(facts.spec.retry, failures, fraction) };
}

/**
 * The attempt's session died. At least once: try again at once, without counting against the retries, up to a bound.
 * At most once: the outcome is unknown and stays so.
 */
export function decideLost(facts: RunFacts): Next {
  if (facts.spec.delivery === 'at-most-once') return { to: 'final', state: 'lost' };
  if (facts.cancelRequested) return { to: 'final', state: 'canceled' };
  if (countOf(facts.past, ['lost']) + 1 >= serverLimits.lostAttemptsMax) return { to: 'final', state: 'failed' };
  return { to: 'retry', delayMs: 0 };
}

/** Past attempts with one more, the oldest giving way at the bound. */
export function withAttempt(past: readonly PastAttempt[], attempt: PastAttempt): PastAttempt[] {
  return [...past, attempt].slice(-serverLimits.attemptsKept);
}
