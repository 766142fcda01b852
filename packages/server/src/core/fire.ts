// What becomes of the nominal times of a schedule that have passed: each is fired, or skipped with a reason, exactly once.
//
//   cursor ──── missed: later than the grace ────┬── late, in the grace ── now
//               set aside, for decideMissed      │   decideFires: fired at once
//
// So the times of today never wait for those of an outage. What was set aside is decided piece by piece, by how late it was when that
// was noticed: the decisions depend neither on how the range is cut into calls nor on how long that takes.
//
//   after ──── out of the window ────┬──── in the window ──── through
//              skipped               │ skip: none, last: the newest, all: the newest `max`
//
// Memory is bounded by `maxFires` whatever was missed; time by `maxFires` plus, for the policy all, `max`.

import type { FireOutcome, FireReason, GapChoice, ScheduleDefinition, SkipReason } from '@tidewheel/protocol';
import { timeBefore } from './backfill-times.ts';
import { delayedFire, type DelaySpec, isDelay } from './fixed-delay.ts';
import { Overlap, type Unfinished } from './overlap.ts';
import { nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

export type FireSpec = Pick<ScheduleDefinition, 'misfire' | 'overlap' | 'delay' | 'start' | 'end'>;

interface Situation {
  readonly spec: FireSpec;
  readonly times: ScheduleTimes;
  readonly jobEnabled: boolean;
  readonly unfinished: Unfinished;
  readonly maxFires: number;
}

export interface FireInput extends Situation {
  /** Nominal times up to here are decided, or were set aside. */
  readonly cursor: number;
  readonly nextFireAt: number;
  readonly now: number;
}

export interface FireDecision {
  readonly fireAt: number;
  readonly outcome: FireOutcome;
  readonly reason: SkipReason | FireReason | null;
  /** Its run waits for the end of earlier ones. */
  readonly waits: boolean;
  /** The nominal times before and after it. */
  readonly previous: number | null;
  readonly next: number | null;
}

/** Times in (after, through]. */
export interface MissedRange {
  readonly after: number;
  readonly through: number;
  /** The first of them. */
  readonly next: number;
}

export interface FireDecisions {
  readonly fires: FireDecision[];
  /** What was missed, to be decided apart. */
  readonly aside: MissedRange | null;
  /** What was unfinished before gives way to the last of `fires`. */
  readonly replaces: boolean;
  /** The last time that was decided or set aside, or the cursor as it was. */
  readonly cursor: number;
  /** The first time that is not decided, in the past when `maxFires` was reached; null when none comes, or none before a run ends. */
  readonly nextFireAt: number | null;
  /** No time will come any more. */
  readonly finished: boolean;
}

export function decideFires(input: FireInput): FireDecisions {
  if (input.nextFireAt > input.now) return { ...undecided(input), nextFireAt: input.nextFireAt };
  const { times, now, maxFires, spec } = input;
  if (isDelay(spec)) return decideDelayed(input, spec);
  const missedBefore = now - spec.misfire.grace;
  // The cursor is the authority and the stored next time only an index to it: time zone data may have changed in between.
  let next = nextFireAfter(times, input.cursor);
  const { aside, cursor } = setAside(input, next, missedBefore);
  if (aside !== null) next = nextFireAfter(times, cursor);
  const due: number[] = [];
  while (next !== null && next <= now && due.length < maxFires) {
    due.push(next);
    next = nextFireAfter(times, next);
  }
  const overlap = new Overlap(spec.overlap, input.unfinished);
  const isMore = next !== null && next <= now;
  let previous = due[0] === undefined ? null : timeUpTo(times, cursor, due[0]);
  const fires = due.map((fireAt, index): FireDecision => {
    const superseded = isMore || index < due.length - 1;
    const decision = decided(input.jobEnabled, overlap, { superseded, missed: false }, null);
    const neighbours = { previous, next: due[index + 1] ?? next };
    previous = fireAt;
    return { fireAt, ...decision, ...neighbours };
  });
  return {
    fires,
    aside,
    replaces: overlap.replaced,
    cursor: due.at(-1) ?? cursor,
    nextFireAt: next,
    finished: next === null,
  };
}

const undecided = ({ cursor }: FireInput) =>
  ({ fires: [], aside: null, replaces: false, cursor, finished: false }) satisfies Partial<FireDecisions>;

function setAside(
  { times, cursor }: FireInput,
  first: number | null,
  missedBefore: number,
): { aside: MissedRange | null; cursor: number } {
  if (first === null || first >= missedBefore) return { aside: null, cursor };
  const through = timeBefore(times, missedBefore) ?? first;
  return { aside: { after: cursor, through, next: first }, cursor: through };
}

/** The cursor mostly is the time before the first; asking that is cheaper than looking for it. */
function timeUpTo(times: ScheduleTimes, cursor: number, first: number): number | null {
  return nextFireAfter(times, cursor - 1) === cursor ? cursor : timeBefore(times, first);
}

/** Its one time is the stored one. A time that is skipped is followed by another, one delay after the decision. */
function decideDelayed(input: FireInput, spec: FireSpec & DelaySpec): FireDecisions {
  const { nextFireAt: fireAt, now } = input;
  if (now - fireAt > spec.misfire.grace) {
    const aside = { after: fireAt - 1, through: fireAt, next: fireAt };
    return { ...undecided(input), aside, cursor: fireAt, nextFireAt: null };
  }
  const overlap = new Overlap(spec.overlap, input.unfinished);
  const decision = decided(input.jobEnabled, overlap, { superseded: false, missed: false }, null);
  const next = decision.outcome === 'fired' ? null : delayedFire(spec, now, fireAt);
  return {
    fires: [{ fireAt, ...decision, previous: input.cursor, next: null }],
    aside: null,
    replaces: overlap.replaced,
    cursor: fireAt,
    nextFireAt: next,
    finished: decision.outcome === 'skipped' && next === null,
  };
}

function decided(
  jobEnabled: boolean,
  overlap: Overlap,
  at: { superseded: boolean; missed: boolean },
  skipReason: SkipReason | null,
): Pick<FireDecision, 'outcome' | 'reason' | 'waits'> {
  const reason = jobEnabled ? skipReason : 'job-disabled';
  if (reason !== null) return { outcome: 'skipped', reason, waits: false };
  const turn = overlap.turn(at);
  if (turn.kind === 'skipped') return { outcome: 'skipped', reason: turn.reason, waits: false };
  const waits = turn.kind === 'waits';
  return { outcome: 'fired', reason: at.missed ? 'catch-up' : waits ? 'buffered' : null, waits };
}

export interface MissedInput extends Situation {
  readonly range: MissedRange;
  readonly noticedAt: number;
  /** Times later than this are for the next call; the first one is decided in any case. */
  readonly until: number;
  /** An operator's, for what a restore has made unknown, in the place of the schedule's own rule. */
  readonly choice: GapChoice | null;
}

export interface MissedDecisions {
  readonly fires: FireDecision[];
  /** What is left of the range; null when all of it is decided. */
  readonly rest: MissedRange | null;
}

/** Decides times of a range that was set aside, oldest first. */
export function decideMissed(input: MissedInput): MissedDecisions {
  const { range, maxFires, spec } = input;
  const due: number[] = [];
  let next: number | null = range.next;
  while (next !== null && next <= range.through && due.length < maxFires && (due.length === 0 || next <= input.until)) {
    due.push(next);
    next = timeAfter(input, next);
  }
  const rest =
    next === null || next > range.through ? null : { after: due.at(-1) ?? range.after, through: range.through, next };
  const missedReason = misfireRule(input, due, rest?.next ?? null);
  const overlap = new Overlap(spec.overlap, input.unfinished);
  let previous = isDelay(spec) ? null : timeBefore(input.times, range.next);
  const fires = due.map((fireAt, index): FireDecision => {
    const superseded = rest !== null || index < due.length - 1;
    const decision = decided(input.jobEnabled, overlap, { superseded, missed: true }, missedReason(fireAt, index));
    const neighbours = { previous, next: due[index + 1] ?? next };
    previous = fireAt;
    return { fireAt, ...decision, ...neighbours };
  });
  return { fires, rest };
}

/** A range of a fixed delay has one time only. */
function timeAfter({ spec, times }: MissedInput, fireAt: number): number | null {
  return isDelay(spec) ? null : nextFireAfter(times, fireAt);
}

type MissedRule = (fireAt: number, index: number) => SkipReason | null;

/** The rule answers null for a time that is made up for. */
function misfireRule(input: MissedInput, due: readonly number[], next: number | null): MissedRule {
  const { misfire } = input.spec;
  const isNewest = (index: number): boolean => next === null && index === due.length - 1;
  if (input.choice !== null) return chosenRule(input.choice, isNewest);
  const latenessOf = (fireAt: number) => input.noticedAt - fireAt;
  const newest = due.at(-1);
  // The policies ask for "the newest", which may be newer than this page: then look ahead, but only where it can matter.
  const looksAhead = misfire.policy !== 'skip' && newest !== undefined && latenessOf(newest) <= misfire.window;
  const keep = misfire.policy === 'all' ? misfire.max : 1;
  const newer = looksAhead ? countUpTo(input, next, keep) : 0;
  return (fireAt, index) => {
    if (misfire.policy === 'skip') return 'misfire';
    if (latenessOf(fireAt) > misfire.window) return 'misfire-window';
    if (newer + due.length - 1 - index < keep) return null;
    return misfire.policy === 'last' ? 'misfire' : 'misfire-limit';
  };
}

function chosenRule(choice: GapChoice, isNewest: (index: number) => boolean): MissedRule {
  return (_fireAt, index) => (choice === 'all' || (choice === 'last' && isNewest(index)) ? null : 'restore-gap');
}

/** Times of the range from `first` on, counted up to `limit`: more makes no difference to the decision. */
function countUpTo(input: MissedInput, first: number | null, limit: number): number {
  let count = 0;
  for (let next = first; next !== null && next <= input.range.through && count < limit; next = timeAfter(input, next))
    count += 1;
  return count;
}
