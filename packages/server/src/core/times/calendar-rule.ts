// What calendars leave of the times of a schedule. The search for a time that remains does not look at every time that is taken out:
// it goes on where the calendar that took it out next changes its mind, and gives up after a bounded number of such steps.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { type CompiledCalendar, edgeAfter, isInside } from '../calendar.ts';
import { serverLimits } from '../limits.ts';
import { type ClockRules, clockRules } from '../wall-times.ts';
import { type ZoneClock, zoneClock } from '../zone-clock.ts';
import type { TimesFaults } from './times-faults.ts';

export interface CalendarRule {
  readonly exclude: readonly CompiledCalendar[];
  /** Null: no such rule. */
  readonly only: readonly CompiledCalendar[] | null;
  readonly move: 'skip' | 'next' | 'previous';
  /** Of the schedule: whose days are moved by, and those of calendars without a zone. */
  readonly clock: ZoneClock;
  readonly clockRules: ClockRules;
  /** Of one search: fewer where each of them looks at many calendars. */
  readonly steps: number;
}

type RuleSpec = Pick<ScheduleDefinition, 'calendar' | 'timezone' | 'dst'>;

/** Null when the schedule has no calendar, or one that is at fault. */
export function compileCalendarRule(
  { calendar: spec, timezone, dst }: RuleSpec,
  calendars: ReadonlyMap<string, CompiledCalendar>,
  faults: TimesFaults,
): CalendarRule | null {
  if (spec === undefined) return null;
  const named = (names: readonly string[], place: 'exclude' | 'only') =>
    names.flatMap((name, index) => {
      const calendar = calendars.get(name);
      if (calendar === undefined) {
        faults.add('UNKNOWN_CALENDAR', `/calendar/${place}/${index}`, `there is no calendar "${name}"`);
      }
      return calendar ?? [];
    });
  const exclude = named(spec.exclude ?? [], 'exclude');
  const only = spec.only === undefined ? null : named(spec.only, 'only');
  const both = spec.only?.findIndex((name) => spec.exclude?.includes(name) === true) ?? -1;
  if (both >= 0 && spec.only?.length === 1) {
    faults.add(
      'VALIDATION_FAILED',
      '/calendar/only/0',
      `"${spec.only[0] ?? ''}" is also excluded, so nothing would remain`,
    );
  }
  const move = spec.move ?? 'skip';
  if (move !== 'skip') {
    const parted = [...exclude, ...(only ?? [])].find(hasHours);
    if (parted !== undefined) {
      const detail = `the calendar "${parted.name}" has hours, and times are moved by whole days; write move: skip, or leave the hours out`;
      faults.add('VALIDATION_FAILED', '/calendar/move', detail);
    }
  }
  const clock = faults.at('', () => zoneClock(timezone));
  const parts = [...exclude, ...(only ?? [])].reduce((sum, calendar) => sum + calendar.parts, 0);
  const steps = Math.max(
    leastSteps,
    Math.min(serverLimits.calendarSteps, Math.floor(serverLimits.calendarLooks / parts)),
  );
  return clock === null ? null : { exclude, only, move, clock, clockRules: clockRules(dst), steps };
}

/** Nearly three years of days. */
const leastSteps = 1000;

function hasHours({ rules, except }: CompiledCalendar): boolean {
  return [rules, ...(except === null ? [] : [except])].some(
    (part) => part.hours.length > 0 || part.calendars.some(hasHours),
  );
}

export function remains(rule: CalendarRule, at: number): boolean {
  return takenOutBy(rule, at) === null;
}

/** The calendar that takes the moment out; where it is outside of all of `only`, the first of them. */
export function takenOutBy({ exclude, only, clock }: CalendarRule, at: number): CompiledCalendar | null {
  for (const calendar of exclude) if (isInside(calendar, at, clock)) return calendar;
  if (only === null || only.some((calendar) => isInside(calendar, at, clock))) return null;
  return only[0] ?? null;
}

/** Of a moment that is taken out: an instant up to which all are. */
function outUntil({ exclude, only, clock }: CalendarRule, at: number): number {
  let until = at + 1;
  for (const calendar of exclude) {
    if (isInside(calendar, at, clock)) until = Math.max(until, edgeAfter(calendar, at, clock));
  }
  if (only !== null && !only.some((calendar) => isInside(calendar, at, clock))) {
    until = Math.max(until, Math.min(...only.map((calendar) => edgeAfter(calendar, at, clock))));
  }
  return until;
}

/** Whether a change of what remains may lie between: an instant later than `at` before which nothing changes. */
export function ruleEdge({ exclude, only, clock }: CalendarRule, at: number): number {
  return Math.min(...[...exclude, ...(only ?? [])].map((calendar) => edgeAfter(calendar, at, clock)));
}

/** The first time later than `after` that remains; null when none comes within the bound. */
export function nextRemaining(
  rule: CalendarRule,
  next: (after: number) => number | null,
  after: number,
): number | null {
  let from = after;
  for (let step = 0; step < rule.steps; step += 1) {
    const time = next(from);
    if (time === null || remains(rule, time)) return time;
    from = outUntil(rule, time) - 1;
    if (from - after > serverLimits.calendarSearchMs) return null;
  }
  return null;
}
