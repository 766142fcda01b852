// What becomes of the nominal times of a schedule that have passed: each is fired, or skipped with a reason, exactly once.
//
// A call decides the times in (cursor, now], oldest first, at most `maxFires` of them; the rest is for the next call. With the same `now`
// the decisions do not depend on how the range is cut into calls. A time later than `grace` is missed, and then the misfire policy decides:
//
//   cursor ──── missed, out of the window ──┬──── missed, in the window ────┬── late, in the grace ── now
//               skipped: misfire-window     │ skip: none, last: the newest, │   fired
//                                           │ all: the newest `max`         │
//
// Memory is bounded by `maxFires` whatever was missed; time by `maxFires` plus, for the policy all, `max`.

import type { FireOutcome, ScheduleDefinition, SkipReason } from '@tidewheel/protocol';
import { nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

export interface FireInput {
  readonly scheduleId: string;
  readonly spec: Pick<ScheduleDefinition, 'misfire' | 'overlap'>;
  readonly times: ScheduleTimes;
  /** Nominal times up to here are decided. */
  readonly cursor: number;
  readonly nextFireAt: number;
  readonly now: number;
  readonly jobEnabled: boolean;
  /** Runs of this schedule that have not ended. Only the overlap rule `skip` looks at it. */
  readonly unfinishedRuns: number;
  readonly maxFires: number;
}

export interface FireDecision {
  readonly fireAt: number;
  readonly outcome: FireOutcome;
  readonly reason: SkipReason | null;
}

export interface FireDecisions {
  readonly fires: FireDecision[];
  /** The last time that was decided, or the cursor as it was. */
  readonly cursor: number;
  /** The first time that is not decided, in the past when `maxFires` was reached; null when none comes any more. */
  readonly nextFireAt: number | null;
}

export function decideFires(input: FireInput): FireDecisions {
  const { times, now, maxFires } = input;
  if (input.nextFireAt > now) return { fires: [], cursor: input.cursor, nextFireAt: input.nextFireAt };
  // The cursor is the authority and the stored next time only an index to it: time zone data may have changed in between.
  const due: number[] = [];
  let next = nextFireAfter(times, input.cursor);
  while (next !== null && next <= now && due.length < maxFires) {
    due.push(next);
    next = nextFireAfter(times, next);
  }
  const missedReason = misfireRule(input, due, next);
  let unfinished = input.unfinishedRuns;
  const fires = due.map((fireAt, index): FireDecision => {
    const reason = skipReason(input, missedReason(fireAt, index), unfinished);
    if (reason !== null) return { fireAt, outcome: 'skipped', reason };
    unfinished += 1;
    return { fireAt, outcome: 'fired', reason: null };
  });
  return { fires, cursor: due.at(-1) ?? input.cursor, nextFireAt: next };
}

function skipReason(input: FireInput, missed: SkipReason | null, unfinishedRuns: number): SkipReason | null {
  if (!input.jobEnabled) return 'job-disabled';
  if (missed !== null) return missed;
  return input.spec.overlap === 'skip' && unfinishedRuns > 0 ? 'overlap' : null;
}

type MissedRule = (fireAt: number, index: number) => SkipReason | null;

/** The rule answers null for a time that is not missed, or missed and made up for. */
function misfireRule(input: FireInput, due: readonly number[], next: number | null): MissedRule {
  const { misfire } = input.spec;
  const latenessOf = (fireAt: number) => input.now - fireAt;
  const isMissed = (fireAt: number) => latenessOf(fireAt) > misfire.grace;
  const missedInPage = due.findLastIndex(isMissed) + 1;
  const newestInPage = due[missedInPage - 1];
  // The policies ask for "the newest", which may be newer than this page: then look ahead, but only where it can matter.
  const looksAhead =
    misfire.policy !== 'skip' &&
    newestInPage !== undefined &&
    missedInPage === due.length &&
    latenessOf(newestInPage) <= misfire.window;
  const keep = misfire.policy === 'all' ? misfire.max : 1;
  const newer = looksAhead ? countMissed(input.times, next, isMissed, keep) : 0;
  return (fireAt, index) => {
    if (!isMissed(fireAt)) return null;
    if (misfire.policy === 'skip') return 'misfire';
    if (latenessOf(fireAt) > misfire.window) return 'misfire-window';
    if (newer + missedInPage - 1 - index < keep) return null;
    return misfire.policy === 'last' ? 'misfire' : 'misfire-limit';
  };
}

/** Missed times from `first` on, counted up to `limit`: more makes no difference to the decision. */
function countMissed(
  times: ScheduleTimes,
  first: number | null,
  isMissed: (fireAt: number) => boolean,
  limit: number,
): number {
  let count = 0;
  for (let next = first; next !== null && isMissed(next) && count < limit; next = nextFireAfter(times, next))
    count += 1;
  return count;
}
