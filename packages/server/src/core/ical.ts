// An iCalendar file (RFC 5545) as a calendar: its events are the days of the set. Recurring events are written out over a stated horizon.
//
// Calendars of dates know whole days. Events that cover no whole day of the calendar's zone, canceled ones, and those in zones that are
// unknown here are left out, each with a note that names its line. A file that is not well-formed is refused as a whole.

import { type CalendarDefinition, calendarDefinitionSchema, type Fault, limits, Refusal } from '@tidewheel/protocol';
import { type ContentLine, contentLine, LineFault, unfolded, writtenDuration, writtenTime } from './content-lines.ts';
import { dateText, dayMs, dayNumber, dayOf, type Span, unionOf } from './days.ts';
import { serverLimits } from './limits.ts';
import { parseRule, RuleFault } from './rrule/rule.ts';
import { RuleWalls } from './rrule/rule-walls.ts';
import { instantsByRules } from './wall-times.ts';
import { offsetAt, zoneClock } from './zone-clock.ts';

export interface ICalendarOrder {
  readonly name: string;
  readonly description?: string | undefined;
  /** Whose days these are; that of the file (X-WR-TIMEZONE) when absent. */
  readonly timezone?: string | undefined;
  /** The first and the last day for which recurring events are written out: 2026-01-01. */
  readonly from: string;
  readonly to: string;
}

export interface ICalendarImport {
  readonly definition: CalendarDefinition;
  readonly events: number;
  /** What was left out and why; the first ones of `leftOut`. */
  readonly notes: readonly { readonly line: number; readonly detail: string }[];
  readonly leftOut: number;
}

/** Throws INVALID_FILE with the lines that are wrong, or VALIDATION_FAILED when nothing, or too much, comes out. */
export function importICalendar(text: string, order: ICalendarOrder): ICalendarImport {
  if (text.length > limits.calendarFileChars) {
    throw new Refusal('INVALID_FILE', `${text.length} characters; at most ${limits.calendarFileChars}`);
  }
  const file = readEvents(text);
  const timezone = order.timezone ?? file.timezone ?? undefined;
  const horizon = { from: dayOf(Date.parse(`${order.from}T00:00Z`)), to: dayOf(Date.parse(`${order.to}T00:00Z`)) };
  if (horizon.to < horizon.from) refuse('/to', `the horizon ends (${order.to}) before it begins (${order.from})`);
  const reader = new EventReader(timezone === undefined ? null : zoneClock(timezone).zone, horizon);
  const moved = movedOf(file.events);
  for (const event of file.events) reader.read(event, moved.get(uidOf(event)) ?? noLines);
  reader.throwAny();
  const days = unionOf(reader.days, 1);
  if (days.length === 0) {
    const notes = reader.notes.map((note): Fault => ({ pointer: '/text', ...note }));
    refuse('/text', `none of ${file.events.length} events covers a whole day of the horizon`, notes);
  }
  const single = days.filter(({ from, to }) => from === to).map(({ from }) => dateText(from));
  const longer = days
    .filter(({ from, to }) => from < to)
    .map(({ from, to }) => ({ from: dateText(from), to: dateText(to) }));
  if (Math.max(single.length, longer.length) > limits.calendarEntries) {
    refuse(
      '/to',
      `${days.length} dates and ranges; at most ${limits.calendarEntries}; choose a nearer end of the horizon`,
    );
  }
  const definition = calendarDefinitionSchema.parse({
    name: order.name,
    ...(order.description === undefined ? {} : { description: order.description }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(single.length === 0 ? {} : { dates: single }),
    ...(longer.length === 0 ? {} : { ranges: longer }),
  });
  return { definition, events: file.events.length, notes: reader.notes, leftOut: reader.leftOut };
}

interface Event {
  readonly line: number;
  readonly lines: readonly ContentLine[];
}

/** The events of the file, without the components that stand inside them. */
function readEvents(text: string): { events: Event[]; timezone: string | null } {
  const rows = unfolded(text.replace(/^\uFEFF/, ''));
  const open: { name: string; line: number }[] = [];
  const events: Event[] = [];
  let timezone: string | null = null;
  let lines: ContentLine[] = [];
  try {
    for (const row of rows) {
      const [, edge = '', component = ''] = /^(BEGIN|END):\s*([A-Za-z0-9-]+)\s*$/i.exec(row.text) ?? [];
      const name = component.toUpperCase();
      if (edge.toUpperCase() === 'BEGIN') {
        if (open.length === 0 && name !== 'VCALENDAR')
          throw new LineFault(row.line, `${name} stands outside of a VCALENDAR`);
        if (open.length >= deepest) throw new LineFault(row.line, `components nest more than ${deepest} deep`);
        open.push({ name, line: row.line });
        if (name === 'VEVENT') lines = [];
      } else if (edge !== '') {
        const begun = open.pop();
        if (begun?.name !== name) throw new LineFault(row.line, `END:${name} ends what never began`);
        if (name === 'VEVENT') events.push({ line: begun.line, lines });
        if (events.length > serverLimits.icalEvents)
          throw new LineFault(row.line, `more than ${serverLimits.icalEvents} events`);
      } else if (open.length === 0)
        throw new LineFault(row.line, 'expected BEGIN:VCALENDAR; this is no iCalendar file');
      else if (open.at(-1)?.name === 'VEVENT') lines.push(contentLine(row));
      else if (open.length === 1) timezone ??= zoneTold(row.text);
    }
    const unended = open.at(-1);
    if (unended !== undefined) throw new LineFault(unended.line, `BEGIN:${unended.name} is never ended`);
    if (rows.length === 0) throw new LineFault(1, 'the file is empty');
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    throw invalidFile([{ line: error.line, detail: error.message }]);
  }
  return { events, timezone };
}

const deepest = 8;
const noLines: readonly ContentLine[] = [];
const none: ReadonlySet<number> = new Set();

function uidOf({ lines }: Event): string {
  return lines.find(({ name }) => name === 'UID')?.value ?? '';
}

function movedOf(events: readonly Event[]): Map<string, ContentLine[]> {
  const moved = new Map<string, ContentLine[]>();
  for (const event of events) {
    const line = event.lines.find(({ name }) => name === 'RECURRENCE-ID');
    if (line === undefined) continue;
    const known = moved.get(uidOf(event));
    if (known === undefined) moved.set(uidOf(event), [line]);
    else known.push(line);
  }
  return moved;
}

/** Many programs say whose calendar it is; a zone that is unknown here is none. */
function zoneTold(text: string): string | null {
  const zone = /^X-WR-TIMEZONE:(.+)$/i.exec(text)?.[1]?.trim();
  return zone === undefined ? null : knownZone(zone);
}

function knownZone(zone: string): string | null {
  try {
    return zoneClock(zone).zone;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

class EventReader {
  readonly days: Span[] = [];
  readonly notes: { line: number; detail: string }[] = [];
  leftOut = 0;
  #occurrences = 0;
  readonly #moved = new Map<readonly ContentLine[], ReadonlySet<number>>();
  readonly #zone: string | null;
  readonly #horizon: Span;
  readonly #faults: { line: number; detail: string }[] = [];

  constructor(zone: string | null, horizon: Span) {
    this.#zone = zone;
    this.#horizon = horizon;
  }

  /** `moved`: RECURRENCE-IDs of its times that stand in the file as events of their own. */
  read(event: Event, moved: readonly ContentLine[]): void {
    try {
      this.#read(event, moved);
    } catch (error) {
      if (error instanceof LineFault) this.#faults.push({ line: error.line, detail: error.message });
      else if (error instanceof LeftOut) this.#leaveOut(event.line, error.message);
      else throw error;
    }
  }

  throwAny(): void {
    if (this.#faults.length > 0) throw invalidFile(this.#faults);
  }

  #leaveOut(line: number, detail: string): void {
    this.leftOut += 1;
    if (this.notes.length < serverLimits.faults) this.notes.push({ line, detail });
  }

  #read(event: Event, moved: readonly ContentLine[]): void {
    const one = (name: string) => event.lines.find((line) => line.name === name);
    if (one('STATUS')?.value.toUpperCase() === 'CANCELLED') throw new LeftOut('is canceled');
    const startLine = one('DTSTART');
    if (startLine === undefined) throw new LineFault(event.line, 'the event has no DTSTART');
    const start = this.#walls(startLine)[0] ?? 0;
    const length = this.#length(event, startLine, start);
    const isDate = (line: ContentLine) => writtenTime(line.value.split(',')[0] ?? '')?.form === 'date';
    const excluded = event.lines.filter(({ name }) => name === 'EXDATE');
    const isMoved = one('RECURRENCE-ID') !== undefined;
    const out = new Set(excluded.flatMap((line) => this.#walls(line)));
    const elsewhere = isMoved ? none : this.#movedWalls(moved);
    // Days in EXDATE of an event with times take out what begins on them.
    const daysOut = new Set(excluded.filter(isDate).flatMap((line) => this.#walls(line).map(dayOf)));
    const added = event.lines.filter(({ name }) => name === 'RDATE').flatMap((line) => this.#walls(line));
    const found = this.days.length;
    for (const wall of [start, ...added, ...this.#recurring(event, start, length)]) {
      if (out.has(wall) || elsewhere.has(wall) || daysOut.has(dayOf(wall))) continue;
      const from = Math.ceil(wall / dayMs);
      const to = Math.floor((wall + length) / dayMs) - 1;
      if (to >= from) this.days.push({ from, to });
    }
    if (this.days.length === found && length < dayMs) {
      throw new LeftOut('covers no whole day, and calendars of dates know whole days only');
    }
  }

  /** Many events may have one UID: what is moved away from it is read once. */
  #movedWalls(moved: readonly ContentLine[]): ReadonlySet<number> {
    let walls = this.#moved.get(moved);
    if (walls === undefined) {
      walls = new Set(moved.flatMap((line) => this.#walls(line)));
      this.#moved.set(moved, walls);
    }
    return walls;
  }

  /** Milliseconds on the wall. */
  #length(event: Event, startLine: ContentLine, start: number): number {
    const end = event.lines.find(({ name }) => name === 'DTEND');
    if (end !== undefined) {
      const length = (this.#walls(end)[0] ?? start) - start;
      if (length < 0) throw new LineFault(end.line, 'the event ends before it begins');
      return Math.min(length, limits.durationMs);
    }
    const lasting = event.lines.find(({ name }) => name === 'DURATION');
    if (lasting === undefined) return writtenTime(startLine.value)?.form === 'date' ? dayMs : 0;
    const length = writtenDuration(lasting.value);
    if (length === null)
      throw new LineFault(lasting.line, `"${lasting.value}" is no duration; expected for example P1D`);
    return Math.min(length, limits.durationMs);
  }

  *#recurring(event: Event, start: number, length: number): Generator<number> {
    for (const line of event.lines.filter(({ name }) => name === 'RRULE')) {
      const walls = this.#ruleWalls(line, start);
      const last = (this.#horizon.to + 1) * dayMs;
      let wall = walls.next(this.#horizon.from * dayMs - length - 1);
      for (; wall !== null && wall < last; wall = walls.next(wall)) {
        this.#occurrences += 1;
        if (this.#occurrences > serverLimits.icalOccurrences) {
          const problem = `more than ${serverLimits.icalOccurrences} times within the horizon; choose a nearer end of it`;
          throw new LineFault(line.line, problem);
        }
        yield wall;
      }
    }
  }

  #ruleWalls(line: ContentLine, start: number): RuleWalls {
    try {
      const rule = parseRule(line.value);
      const { until } = rule;
      // UNTIL of an event with a zone is written in UTC; to the day it is right in any zone but at its very edge.
      const last = until === null ? Infinity : until.form === 'utc' ? this.#inZone(until.wall) : until.wall;
      return new RuleWalls(rule, start, { until: until?.form === 'date' ? last + dayMs - 1 : last });
    } catch (error) {
      if (error instanceof RuleFault) throw new LineFault(line.line, error.message);
      throw error;
    }
  }

  /** The times of a line on the wall of the calendar's zone. */
  #walls(line: ContentLine): number[] {
    return line.value.split(',').map((text) => {
      const time = writtenTime(text.split('/')[0] ?? '');
      if (time === null) throw new LineFault(line.line, `"${text}" is no date; expected 20261001 or 20261001T090000Z`);
      if (time.wall < dayNumber(1000, 1, 2) * dayMs) throw new LineFault(line.line, `"${text}" is too long ago`);
      if (time.form === 'date') return time.wall;
      if (time.form === 'utc') return this.#inZone(time.wall);
      const told = line.parameters.get('TZID');
      if (told === undefined || this.#zone === null) return time.wall;
      const zone = knownZone(told);
      if (zone === null) throw new LeftOut(`is in the zone "${told}", which is unknown here`);
      const rules = { gap: 'after', overlap: 'first' } as const;
      const [at = time.wall] = instantsByRules(zone, time.wall, rules, { fixed: true, unitMs: 60_000 });
      return this.#inZone(at);
    });
  }

  #inZone(at: number): number {
    return at + offsetAt(this.#zone ?? 'UTC', at);
  }
}

class LeftOut extends Error {}

function invalidFile(found: readonly { line: number; detail: string }[]): Refusal {
  const faults = found.slice(0, serverLimits.faults).map((one): Fault => ({ pointer: '/text', ...one }));
  return new Refusal('INVALID_FILE', `line ${found[0]?.line ?? 1}: ${found[0]?.detail ?? ''}`, { faults });
}

function refuse(pointer: string, detail: string, faults: readonly Fault[] = []): never {
  throw new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer, detail }, ...faults] });
}
