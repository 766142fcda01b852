// When a schedule fires, compiled from its spec. Most schedules have one trigger and nothing else, and cost what that trigger costs;
// all others pass through three stages:
//
//   triggers, joined ──► calendars take out or move ──► bounds: start, end, the first `count`
//
// Pure arithmetic on milliseconds UTC. Every answer takes bounded work; what does not come within the bounds never comes. A fixed
// delay has one time that is known beforehand, its first; fixed-delay.ts knows the others.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { dayMs, dayOf } from './days.ts';
import { serverLimits } from './limits.ts';
import { type CalendarRule, compileCalendarRule, nextRemaining } from './times/calendar-rule.ts';
import { Moves } from './times/moving.ts';
import { TimesFaults } from './times/times-faults.ts';
import { compileTrigger, firstOfAll, instantOf, type Trigger, triggerNext } from './times/triggers.ts';

export type ScheduleTimes =
  | Trigger
  | { readonly kind: 'delay'; readonly firstAt: number }
  | { readonly kind: 'composed'; readonly composed: ComposedTimes };

type TimeKeys =
  | 'cron'
  | 'every'
  | 'anchor'
  | 'at'
  | 'in'
  | 'delay'
  | 'rrule'
  | 'times'
  | 'dst'
  | 'calendar'
  | 'start'
  | 'end'
  | 'count';
export type TimeSpec = Pick<ScheduleDefinition, 'timezone' | TimeKeys> & { readonly name?: string | undefined };

/**
 * `anchorAt`: what `every`, `in`, `delay`, `count` and a rule without DTSTART count from. `calendars`: by name, at least those that
 * the spec names. Throws INVALID_CRON, INVALID_RRULE, UNKNOWN_TIMEZONE, UNKNOWN_CALENDAR or VALIDATION_FAILED; faults point into the spec.
 */
export function compileTimes(
  spec: TimeSpec,
  anchorAt: number,
  calendars: ReadonlyMap<string, CompiledCalendar> = new Map(),
): ScheduleTimes {
  const faults = new TimesFaults();
  refuseImpossible(spec, faults);
  const triggers = compileTriggers(spec, anchorAt, faults);
  const calendar = compileCalendarRule(spec, calendars, faults);
  const startAt = instantOf(spec.start);
  if (calendar !== null && calendar.move !== 'skip') refuseDenseMoves(calendar, triggers, startAt, faults);
  faults.throwAny();
  if (spec.delay !== undefined)
    return { kind: 'delay', firstAt: Math.max(anchorAt + spec.delay, startAt ?? -Infinity) };
  const [only] = triggers;
  if (only === undefined) throw new TypeError('a schedule without a trigger was let through validation');
  const endAt = instantOf(spec.end);
  const count = spec.count ?? null;
  if (triggers.length === 1 && calendar === null && startAt === null && endAt === null && count === null) return only;
  return { kind: 'composed', composed: new ComposedTimes({ triggers, calendar, startAt, endAt, count, anchorAt }) };
}

/** The first nominal time later than `afterMs`, or null when none comes any more. */
export function nextFireAfter(times: ScheduleTimes, afterMs: number): number | null {
  switch (times.kind) {
    case 'delay':
      return times.firstAt > afterMs ? times.firstAt : null;
    case 'composed':
      return times.composed.next(afterMs);
    default:
      return triggerNext(times, afterMs);
  }
}

/** At most `count` nominal times later than `afterMs`, in order. */
export function previewFires(times: ScheduleTimes, afterMs: number, count: number): number[] {
  const fires: number[] = [];
  let next = nextFireAfter(times, afterMs);
  while (next !== null && fires.length < count) {
    fires.push(next);
    next = nextFireAfter(times, next);
  }
  return fires;
}

interface ComposedParts {
  readonly triggers: readonly Trigger[];
  readonly calendar: CalendarRule | null;
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly count: number | null;
  readonly anchorAt: number;
}

export class ComposedTimes {
  readonly parts: ComposedParts;
  /** Times up to here do not occur. */
  readonly from: number;
  /** Null: no calendar moves any. */
  readonly moves: Moves | null;
  /** The last time that counts; worked out when it is first asked for. */
  #countEnd: number | null = null;

  constructor(parts: ComposedParts) {
    this.parts = parts;
    const { calendar, triggers } = parts;
    this.moves = calendar === null || calendar.move === 'skip' ? null : new Moves(calendar, triggers);
    const start = (parts.startAt ?? -Infinity) - 1;
    this.from = parts.count === null ? start : Math.max(start, parts.anchorAt);
  }

  next(after: number): number | null {
    const next = this.#unbounded(Math.max(after, this.from));
    return next === null || next > this.#end() ? null : next;
  }

  /** What the triggers alone say. */
  triggered(after: number): number | null {
    return firstOfAll(this.parts.triggers, after);
  }

  #unbounded(after: number): number | null {
    const { calendar } = this.parts;
    if (calendar === null) return this.triggered(after);
    // No search goes on where no time could count.
    if (this.parts.endAt !== null && after >= this.parts.endAt) return null;
    return this.moves === null
      ? nextRemaining(calendar, (from) => this.triggered(from), after)
      : this.moves.next(after);
  }

  #end(): number {
    const end = this.parts.endAt ?? Infinity;
    if (this.parts.count === null) return end;
    this.#countEnd ??= this.#countedEnd(this.parts.count);
    return Math.min(end, this.#countEnd);
  }

  #countedEnd(count: number): number {
    const { triggers, calendar } = this.parts;
    const [only] = triggers;
    let last = this.from;
    if (calendar === null && triggers.length === 1 && only?.kind === 'every') {
      return (triggerNext(only, last) ?? last) + (count - 1) * only.everyMs;
    }
    for (let counted = 0; counted < count; counted += 1) {
      const next = this.#unbounded(last);
      if (next === null) return Infinity;
      last = next;
    }
    return last;
  }
}

function compileTriggers(spec: TimeSpec, anchorAt: number, faults: TimesFaults): Trigger[] {
  const context = { dst: spec.dst, anchorAt, hashKey: spec.name ?? '' };
  const one = faults.at('', () => compileTrigger(spec, { ...context, timezone: spec.timezone }));
  const several = (spec.times ?? []).map((trigger, index) =>
    faults.at(`/times/${index}`, () =>
      compileTrigger(trigger, { ...context, timezone: trigger.timezone ?? spec.timezone }),
    ),
  );
  return [one, ...several].filter((trigger) => trigger !== null);
}

/** What cannot be together, whatever the calendars say. */
function refuseImpossible(spec: TimeSpec, faults: TimesFaults): void {
  const refuse = (pointer: string, detail: string) => faults.add('VALIDATION_FAILED', pointer, detail);
  const start = instantOf(spec.start);
  const end = instantOf(spec.end);
  const shown = (at: number) => new Date(at).toISOString();
  if (start !== null && end !== null && end < start) {
    refuse('/end', `the end ${shown(end)} lies before the start ${shown(start)}; exchange them`);
  }
  if (spec.delay !== undefined) {
    if (spec.count !== undefined) refuse('/count', 'a fixed delay is not counted; write every, or an end');
    if (spec.calendar !== undefined)
      refuse('/calendar', 'a fixed delay has no calendar; write every with overlap: skip');
  }
  const places = [
    { ...spec, place: '' },
    ...(spec.times ?? []).map((one, index) => ({ ...one, place: `/times/${index}` })),
  ];
  for (const { at, anchor, place } of places) {
    const once = instantOf(at);
    const firstAt = instantOf(anchor);
    if (once !== null && start !== null && once < start) {
      refuse(`${place}/at`, `${shown(once)} lies before the start ${shown(start)}, so it would never fire`);
    }
    if (once !== null && end !== null && once > end) {
      refuse(`${place}/at`, `${shown(once)} lies after the end ${shown(end)}, so it would never fire`);
    }
    if (firstAt !== null && end !== null && firstAt > end) {
      refuse(`${place}/anchor`, `${shown(firstAt)} lies after the end ${shown(end)}, so it would never fire`);
    }
  }
}

/** Moving looks at all times of all days around; times that come every minute are meant to be skipped, not moved. */
function refuseDenseMoves(
  { clock }: CalendarRule,
  triggers: readonly Trigger[],
  startAt: number | null,
  faults: TimesFaults,
): void {
  const first = firstOfAll(triggers, (startAt ?? 0) - 1);
  if (first === null) return;
  const day = dayOf(first + clock.segmentAt(first).offset);
  const until = first + dayMs;
  let count = 0;
  for (let at: number | null = first; at !== null && at < until; at = firstOfAll(triggers, at)) {
    if (dayOf(at + clock.segmentAt(at).offset) === day) count += 1;
    if (count > serverLimits.movedTimesPerDay) {
      const detail = `more than ${serverLimits.movedTimesPerDay} times a day are not moved to other days; write move: skip`;
      faults.add('VALIDATION_FAILED', '/calendar/move', detail);
      return;
    }
  }
}
