// Calendars: sets of moments, compiled so that asking whether one lies inside costs some hundred nanoseconds.
//
// A calendar is the union of its rules, minus the union of those under `except`. Days and hours are wall time, of the calendar's own
// zone or else of the zone of whoever asks. What is compiled here was checked before: every date exists, nested calendars are known,
// none contains itself.

import { type CalendarDefinition, type Fault, limits, Refusal, weekdays } from '@tidewheel/protocol';
import { calendarsNamedBy } from './calendar-graph.ts';
import {
  dayMs,
  dayOf,
  type Span,
  spanEndingAfter,
  unionOf,
  weekdayOf,
  type WrittenDate,
  writtenDate,
  yearDays,
  yearDayOf,
} from './days.ts';
import { serverLimits } from './limits.ts';
import { type ZoneClock, zoneClock } from './zone-clock.ts';

type RuleDefinition = Pick<CalendarDefinition, 'dates' | 'ranges' | 'weekdays' | 'hours' | 'calendars'>;

interface Rules {
  /** One bit for each day of the week, Sunday first. */
  readonly weekdays: number;
  /** One byte for each day of the year, as yearDayOf counts them. Null: no rule for every year. */
  readonly yearly: Uint8Array | null;
  /** Numbers of days since 1970, both ends inside. */
  readonly days: readonly Span[];
  /** Milliseconds of the day, the second not inside. */
  readonly hours: readonly Span[];
  readonly calendars: readonly CompiledCalendar[];
}

export interface CompiledCalendar {
  readonly name: string;
  /** Null: that of whoever asks. */
  readonly clock: ZoneClock | null;
  readonly rules: Rules;
  readonly except: Rules | null;
  /** 1 without nested calendars. */
  readonly depth: number;
  /** Calendars that are looked at to answer: itself and the nested ones, each as often as it is reached. */
  readonly parts: number;
}

/** Throws VALIDATION_FAILED, UNKNOWN_CALENDAR or UNKNOWN_TIMEZONE with all faults. `known`: the calendars that it may contain, by name. */
export function compileCalendar(
  definition: CalendarDefinition,
  known: ReadonlyMap<string, CompiledCalendar>,
): CompiledCalendar {
  const faults = new CalendarFaults(definition.name);
  const clock = definition.timezone === undefined ? null : faults.clockOf(definition.timezone);
  const rules = compileRules(definition, known, faults, '');
  const except = definition.except === undefined ? null : compileRules(definition.except, known, faults, '/except');
  const nested = [...rules.calendars, ...(except?.calendars ?? [])];
  const depth = 1 + Math.max(0, ...nested.map((calendar) => calendar.depth));
  if (depth > limits.calendarDepth) {
    faults.add('/calendars', `calendars nest ${depth} deep; at most ${limits.calendarDepth}`);
  }
  // Ten calendars of which each names the one before twice would be looked at a thousand times.
  const parts = nested.reduce((sum, calendar) => sum + calendar.parts, 1);
  if (parts > serverLimits.calendarParts) {
    faults.add('/calendars', `made of ${parts} calendars in all; at most ${serverLimits.calendarParts}`);
  }
  faults.throwAny();
  return { name: definition.name, clock, rules, except, depth, parts };
}

/**
 * All of them, whatever their order. Faults point to `/<index>/…`. `known`: calendars besides these, which win nothing over them.
 * A calendar that contains itself, also by way of others, is refused.
 */
export function compileCalendars(
  definitions: readonly CalendarDefinition[],
  known: ReadonlyMap<string, CompiledCalendar> = new Map(),
): ReadonlyMap<string, CompiledCalendar> {
  const compiled = new Map(known);
  const waiting = new Map(definitions.map((definition, index) => [definition.name, { definition, index }]));
  const path: string[] = [];
  const visit = (name: string): void => {
    const entry = waiting.get(name);
    if (entry === undefined) return;
    const { definition, index } = entry;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' → ');
      refuse('VALIDATION_FAILED', `the calendar "${name}" contains itself: ${circle}`, `/${index}/calendars`);
    }
    path.push(name);
    for (const inner of calendarsNamedBy(definition)) visit(inner);
    path.pop();
    waiting.delete(name);
    try {
      compiled.set(name, compileCalendar(definition, compiled));
    } catch (error) {
      throw error instanceof Refusal ? within(error, `/${index}`) : error;
    }
  };
  for (const { name } of definitions) visit(name);
  return compiled;
}

/** `zone`: whose days and hours are meant where the calendar has no zone of its own. */
export function contains(calendar: CompiledCalendar, utcMs: number, zone: string): boolean {
  return isInside(calendar, utcMs, zoneClock(zone));
}

export function isInside(calendar: CompiledCalendar, at: number, asked: ZoneClock): boolean {
  const clock = calendar.clock ?? asked;
  const wall = at + clock.segmentAt(at).offset;
  return (
    rulesHold(calendar.rules, wall, at, clock) &&
    !(calendar.except !== null && rulesHold(calendar.except, wall, at, clock))
  );
}

/** An instant later than `at` up to which nothing changes: what lies inside at `at` lies inside until then, and the other way round. */
export function edgeAfter(calendar: CompiledCalendar, at: number, asked: ZoneClock): number {
  const clock = calendar.clock ?? asked;
  const { offset, until, after } = clock.segmentAt(at);
  const wall = at + offset;
  // Where the rules do not hold, it does not matter what is excepted of them.
  const excepted = calendar.except !== null && rulesHold(calendar.rules, wall, at, clock) ? calendar.except : null;
  const edge = Math.min(
    rulesEdge(calendar.rules, wall, at, clock),
    excepted === null ? Infinity : rulesEdge(excepted, wall, at, clock),
  );
  // An edge of days behind a change of the clock: the change matters only where it shows the day before once more.
  return edge <= until || until + after < dayOf(wall) * dayMs ? Math.min(edge, until) : Math.max(until, edge - apartMs);
}

/** More than a change of the clock shifts an edge. */
const apartMs = 2 * dayMs;

/** Goes over whole stretches of days at once: a search for what remains passes decades of what is always taken out. */
function rulesEdge(rules: Rules, wall: number, at: number, clock: ZoneClock): number {
  const day = dayOf(wall);
  const offset = wall - at;
  const held = heldUntil(rules, day);
  if (held > day) return held * dayMs - offset;
  let edge = freeUntil(rules, day) * dayMs;
  if (rules.hours.length > 0) {
    const midnight = day * dayMs;
    const span = spanEndingAfter(rules.hours, wall - midnight);
    if (span === undefined) edge = Math.min(edge, midnight + dayMs);
    else edge = Math.min(edge, midnight + span.from > wall ? midnight + span.from : midnight + span.to);
  }
  return rules.calendars.reduce((nearest, nested) => Math.min(nearest, edgeAfter(nested, at, clock)), edge - offset);
}

/** From `day` on, all days up to this one (not inside) are held by weekdays, dates, or hours that leave none out. `day` itself when it is not. */
function heldUntil(rules: Rules, day: number): number {
  const [hours] = rules.hours;
  if (rules.weekdays === allWeekdays || (hours !== undefined && hours.to - hours.from === dayMs)) return Infinity;
  let until = day;
  while ((rules.weekdays >> weekdayOf(until)) & 1) until += 1;
  const span = spanEndingAfter(rules.days, day - 1);
  if (span !== undefined && span.from <= day) until = Math.max(until, span.to + 1);
  return until === day && rules.yearly !== null ? day + yearlyDays(rules.yearly, day, 1) : until;
}

/** Of a day that is not held: none before this one is. */
function freeUntil(rules: Rules, day: number): number {
  let until = day + 1;
  if (rules.weekdays === 0) until = Infinity;
  else while (((rules.weekdays >> weekdayOf(until)) & 1) === 0) until += 1;
  const yearly = rules.yearly === null ? Infinity : day + yearlyDays(rules.yearly, day, 0);
  return Math.min(until, yearly, spanEndingAfter(rules.days, day)?.from ?? Infinity);
}

/** From `day` on, at least so many days in a row have this byte; 0 when it has another one. */
function yearlyDays(yearly: Uint8Array, day: number, byte: 0 | 1): number {
  const first = yearDayOf(day * dayMs);
  if (yearly[first] !== byte) return 0;
  const next = yearly.indexOf(1 - byte, first);
  const slots = next === -1 ? yearDays - first : next - first;
  // A year has up to seven slots for days that it lacks, such as 31 April.
  return Math.max(1, slots - slotsWithoutDay);
}

const slotsWithoutDay = 7;

const allWeekdays = 127;

/** What of [from, until) lies inside, in order. One step for each edge: ask for a day or a month, not for a century. */
export function insideBetween(calendar: CompiledCalendar, from: number, until: number, zone: string): Span[] {
  const clock = zoneClock(zone);
  const spans: { from: number; to: number }[] = [];
  for (let at = from; at < until; ) {
    const edge = Math.min(until, edgeAfter(calendar, at, clock));
    const last = spans.at(-1);
    if (isInside(calendar, at, clock)) {
      if (last?.to === at) last.to = edge;
      else spans.push({ from: at, to: edge });
    }
    at = edge;
  }
  return spans;
}

function rulesHold(rules: Rules, wall: number, at: number, clock: ZoneClock): boolean {
  const day = dayOf(wall);
  if ((rules.weekdays >> weekdayOf(day)) & 1) return true;
  const days = spanEndingAfter(rules.days, day - 1);
  if (days !== undefined && days.from <= day) return true;
  if (rules.yearly !== null && rules.yearly[yearDayOf(wall)] === 1) return true;
  const timeOfDay = wall - day * dayMs;
  const span = spanEndingAfter(rules.hours, timeOfDay);
  if (span !== undefined && span.from <= timeOfDay) return true;
  for (const nested of rules.calendars) if (isInside(nested, at, clock)) return true;
  return false;
}

function compileRules(
  rules: RuleDefinition,
  known: ReadonlyMap<string, CompiledCalendar>,
  faults: CalendarFaults,
  place: string,
): Rules {
  const days: Span[] = [];
  const yearly: Span[] = [];
  const add = (from: WrittenDate, to: WrittenDate): void => {
    if (from.kind === 'day') days.push({ from: from.number, to: to.number });
    else if (from.number <= to.number) yearly.push({ from: from.number, to: to.number });
    // Over the turn of the year.
    else yearly.push({ from: from.number, to: yearDays - 1 }, { from: 0, to: to.number });
  };
  for (const [index, text] of (rules.dates ?? []).entries()) {
    const date = faults.dateOf(text, `${place}/dates/${index}`);
    if (date !== null) add(date, date);
  }
  for (const [index, range] of (rules.ranges ?? []).entries()) {
    const there = `${place}/ranges/${index}`;
    const from = faults.dateOf(range.from, `${there}/from`);
    const to = faults.dateOf(range.to, `${there}/to`);
    if (from === null || to === null) continue;
    if (from.kind !== to.kind) faults.add(there, 'write both ends with the year, or neither');
    else if (from.kind === 'day' && from.number > to.number) {
      faults.add(there, `the range ends before it begins; write from ${range.to} to ${range.from}`);
    } else add(from, to);
  }
  const calendars = (rules.calendars ?? []).flatMap((name, index) => {
    const nested = known.get(name);
    if (nested === undefined)
      faults.add(`${place}/calendars/${index}`, `there is no calendar "${name}"`, 'UNKNOWN_CALENDAR');
    return nested ?? [];
  });
  return {
    weekdays: (rules.weekdays ?? []).reduce((bits, day) => bits | (1 << ((weekdays.indexOf(day) + 1) % 7)), 0),
    yearly: yearly.length === 0 ? null : yearBytes(yearly),
    days: unionOf(days, 1),
    hours: unionOf(
      (rules.hours ?? []).flatMap((text, index) => faults.hoursOf(text, `${place}/hours/${index}`)),
      0,
    ),
    calendars,
  };
}

function yearBytes(spans: readonly Span[]): Uint8Array {
  const bytes = new Uint8Array(yearDays);
  for (const { from, to } of spans) bytes.fill(1, from, to + 1);
  return bytes;
}

type CalendarCode = 'VALIDATION_FAILED' | 'UNKNOWN_CALENDAR' | 'UNKNOWN_TIMEZONE';

class CalendarFaults {
  readonly #name: string;
  readonly #faults: Fault[] = [];
  #code: CalendarCode | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  add(pointer: string, detail: string, code: CalendarCode = 'VALIDATION_FAILED'): void {
    this.#code ??= code;
    if (this.#faults.length < serverLimits.faults) this.#faults.push({ pointer, detail });
  }

  dateOf(text: string, pointer: string): WrittenDate | null {
    const date = writtenDate(text);
    if (date === null) this.add(pointer, `there is no ${text}`);
    return date;
  }

  /** One span, or two when it passes midnight. */
  hoursOf(text: string, pointer: string): Span[] {
    const [from = 0, to = 0] = text.split('-').map((time) => {
      const [hour = 0, minute = 0] = time.split(':').map(Number);
      return (hour * 60 + minute) * 60_000;
    });
    if (from < to) return [{ from, to }];
    if (from === to) {
      this.add(pointer, `${text} is empty; write 00:00-24:00 for the whole day`);
      return [];
    }
    return [
      { from, to: dayMs },
      { from: 0, to },
    ];
  }

  clockOf(timezone: string): ZoneClock | null {
    try {
      return zoneClock(timezone);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.add('/timezone', error.message, 'UNKNOWN_TIMEZONE');
      return null;
    }
  }

  throwAny(): void {
    if (this.#code === null) return;
    throw new Refusal(this.#code, `calendar "${this.#name}": ${this.#faults[0]?.detail ?? ''}`, {
      faults: this.#faults,
    });
  }
}

function refuse(code: CalendarCode, detail: string, pointer: string): never {
  throw new Refusal(code, detail, { faults: [{ pointer, detail }] });
}

function within({ code, message, faults }: Refusal, place: string): Refusal {
  return new Refusal(code, message, { faults: faults.map((fault) => ({ ...fault, pointer: place + fault.pointer })) });
}
