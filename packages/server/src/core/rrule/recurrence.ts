// A recurrence as a schedule has it: RRULE lines, and where wanted DTSTART, RDATE and EXDATE before or after them. A bare value
// (FREQ=DAILY;…) is one RRULE. The rules give wall times of one zone, which become instants as those of cron do.
//
// Only what the rules say occurs: a DTSTART that does not satisfy its rule is no time. Without DTSTART the rule begins with the day
// on which the schedule was made, at midnight, so that FREQ=DAILY means midnight and FREQ=HOURLY the full hour; then COUNT
// counts from the moment of creation.

import { type DstRules, Refusal } from '@tidewheel/protocol';
import { type ContentLine, contentLine, LineFault, unfolded, type WrittenTime, writtenTime } from '../content-lines.ts';
import { dayMs, dayOf } from '../days.ts';
import { serverLimits } from '../limits.ts';
import { type ClockMark, clockMark, nextInstant, wallsAt } from '../wall-fires.ts';
import { type ClockRules, clockRules, instantsByRules, type WallTiming } from '../wall-times.ts';
import { offsetAt, type ZoneClock, zoneClock } from '../zone-clock.ts';
import { parseRule, type Rule, RuleFault } from './rule.ts';
import { RuleWalls } from './rule-walls.ts';

export interface Recurrence {
  readonly clock: ZoneClock;
  readonly clockRules: ClockRules;
  readonly rules: readonly { readonly walls: RuleWalls; readonly timing: WallTiming }[];
  /** DTSTART as a wall time of the clock; null when the text has none. */
  readonly start: number | null;
  /** In order. */
  readonly added: readonly AddedTime[];
  readonly leftOut: ReadonlySet<number>;
  /** Numbers of days, of the clock. */
  readonly daysLeftOut: ReadonlySet<number>;
}

/** An instant with the wall time that was written. */
interface AddedTime {
  readonly at: number;
  readonly wall: number;
}

export interface RecurrenceOptions {
  readonly timezone: string;
  readonly dst?: DstRules | undefined;
  readonly anchorAt: number;
}

/** Throws INVALID_RRULE or UNKNOWN_TIMEZONE, with a fault at `/rrule`. */
export function parseRecurrence(text: string, options: RecurrenceOptions): Recurrence {
  const lines = linesOf(text);
  const ofName = (name: string) => lines.filter((line) => line.name === name);
  const startLine = ofName('DTSTART')[0];
  const start = startLine === undefined ? null : timesOf(startLine)[0];
  const zone = start?.form === 'utc' ? 'UTC' : zoneOf(startLine, options.timezone);
  const clock = zoneClock(zone);
  const rules = ofName('RRULE').map((line) => at(line, () => parseRule(line.value)));
  if (rules.length === 0) refuse('there is no RRULE; write for example RRULE:FREQ=DAILY');
  const anchorWall = options.anchorAt + clock.segmentAt(options.anchorAt).offset;
  const first = start?.wall ?? dayOf(anchorWall) * dayMs;
  const byRules = clockRules(options.dst);
  const instants = (line: ContentLine) =>
    timesOf(line).flatMap((time) => addedTimes(time, zoneOf(line, zone), clock, byRules));
  const days = ofName('EXDATE')
    .flatMap(timesOf)
    .filter(({ form }) => form === 'date');
  const dates = [...ofName('RDATE'), ...ofName('EXDATE')].reduce((sum, line) => sum + timesOf(line).length, 0);
  if (dates > serverLimits.rruleDates) refuse(`${dates} dates in RDATE and EXDATE; at most ${serverLimits.rruleDates}`);
  return {
    clock,
    clockRules: byRules,
    start: start?.wall ?? null,
    rules: rules.map((rule, index) => {
      const line = ofName('RRULE')[index];
      const countFrom = start === null ? anchorWall + 1 : first;
      const walls = at(line, () => new RuleWalls(rule, first, { countFrom, until: untilWall(rule, clock) }));
      return { walls, timing: timingOf(rule, first) };
    }),
    added: ofName('RDATE')
      .flatMap(instants)
      .sort((a, b) => a.at - b.at),
    leftOut: new Set(
      ofName('EXDATE')
        .flatMap(instants)
        .map(({ at: instant }) => instant),
    ),
    daysLeftOut: new Set(days.map(({ wall }) => dayOf(wall))),
  };
}

/** The first instant later than `after`, or null. */
export function recurrenceNext(recurrence: Recurrence, after: number): number | null {
  const { clock, leftOut, daysLeftOut } = recurrence;
  // Each turn passes one date that is left out, or one day.
  const most = leftOut.size + daysLeftOut.size * 3 + 1;
  let from = after;
  for (let turn = 0; turn < most; turn += 1) {
    const next = nextOfAll(recurrence, from);
    if (next === null) return null;
    const { offset, until } = clock.segmentAt(next);
    const day = dayOf(next + offset);
    if (daysLeftOut.has(day)) from = Math.min((day + 1) * dayMs - offset, until) - 1;
    else if (leftOut.has(next)) from = next;
    else return next;
  }
  return null;
}

/** What a change of the clock did to a time of the recurrence. */
export function recurrenceMark({ clock, clockRules: byRules, rules }: Recurrence, fireAt: number): ClockMark | null {
  const rule = rules.find(({ walls, timing }) => nextInstant(walls, clock, byRules, timing, fireAt - 1) === fireAt);
  return rule === undefined ? null : clockMark(rule.walls, clock, byRules, rule.timing, fireAt);
}

/** The wall times that it has at one of its instants, with what each is read by: several, where a gap has let several fall together. */
export function recurrenceWalls(
  { clock, clockRules: byRules, rules, added }: Recurrence,
  instant: number,
  most: number,
): { wall: number; timing: WallTiming }[] {
  const ofRules = rules.flatMap(({ walls, timing }) =>
    nextInstant(walls, clock, byRules, timing, instant - 1) === instant
      ? wallsAt(walls, clock, byRules, timing, { at: instant, most }).map((wall) => ({ wall, timing }))
      : [],
  );
  const written = added.filter((one) => one.at === instant);
  return [...ofRules, ...written.map(({ wall }) => ({ wall, timing: addedTiming }))].slice(0, most);
}

function nextOfAll({ clock, clockRules: byRules, rules, added }: Recurrence, after: number): number | null {
  let nearest: number | null = added.find((one) => one.at > after)?.at ?? null;
  for (const { walls, timing } of rules) {
    const next = nextInstant(walls, clock, byRules, timing, after);
    if (next !== null && (nearest === null || next < nearest)) nearest = next;
  }
  return nearest;
}

/** Of RDATE and EXDATE. */
const addedTiming: WallTiming = { fixed: true, unitMs: 60_000 };

/** Rules of days and longer name their times of the day; shorter ones follow the wall clock. */
function timingOf({ frequency, seconds }: Rule, start: number): WallTiming {
  const fixed = frequency !== 'HOURLY' && frequency !== 'MINUTELY' && frequency !== 'SECONDLY';
  return { fixed, unitMs: seconds === null && start % 60_000 === 0 ? 60_000 : 1000 };
}

function untilWall({ until }: Rule, clock: ZoneClock): number {
  if (until === null) return Infinity;
  if (until.form === 'utc') return until.wall + clock.segmentAt(until.wall).offset;
  return until.form === 'date' ? until.wall + dayMs - 1 : until.wall;
}

const known = new Set(['DTSTART', 'RRULE', 'RDATE', 'EXDATE']);

function linesOf(text: string): ContentLine[] {
  const bare = /^\s*[a-z]+\s*=/i.test(text);
  const lines = at(undefined, () => unfolded(bare ? `RRULE:${text.trim()}` : text).map(contentLine));
  for (const { name, line } of lines) {
    if (known.has(name)) continue;
    const remedy =
      name === 'EXRULE'
        ? 'it is no longer part of the standard; write EXDATE, or a calendar'
        : `expected ${[...known].join(', ')}`;
    refuse(`line ${line}: ${name} is not taken; ${remedy}`);
  }
  for (const [name, most] of [
    ['DTSTART', 1],
    ['RRULE', serverLimits.rruleRules],
  ] as const) {
    const count = lines.filter((line) => line.name === name).length;
    if (count > most) refuse(`${count} lines of ${name}; at most ${most}`);
  }
  return lines;
}

/** The comma-separated times of a line. Of a period, its beginning. */
function timesOf(line: ContentLine): WrittenTime[] {
  return line.value.split(',').map((text) => {
    const time = writtenTime(text.split('/')[0] ?? '');
    if (time !== null) return time;
    return refuse(
      `line ${line.line}: ${line.name}: "${text}" is no date; expected 19970902, 19970902T090000 or 19970902T090000Z`,
    );
  });
}

/** A day is its midnight. Wall times are those of the recurrence's clock. */
function addedTimes({ form, wall }: WrittenTime, zone: string, clock: ZoneClock, byRules: ClockRules): AddedTime[] {
  const instants = form === 'utc' ? [wall] : instantsByRules(zone, wall, byRules, addedTiming);
  const own = form !== 'utc' && zone === clock.zone;
  return instants.map((instant) => ({ at: instant, wall: own ? wall : instant + clock.segmentAt(instant).offset }));
}

function zoneOf(line: ContentLine | undefined, otherwise: string): string {
  const zone = line?.parameters.get('TZID') ?? otherwise;
  try {
    return zoneClock(zone).zone;
  } catch (error) {
    if (!(error instanceof Refusal) || line?.parameters.has('TZID') !== true) throw error;
    throw new Refusal(error.code, error.message, { faults: [{ pointer: '/rrule', detail: error.message }] });
  }
}

function at<T>(line: ContentLine | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof LineFault) return refuse(`line ${error.line}: ${error.message}`);
    if (!(error instanceof RuleFault)) throw error;
    return refuse(line === undefined || line.line === 1 ? error.message : `line ${line.line}: ${error.message}`);
  }
}

function refuse(detail: string): never {
  throw new Refusal('INVALID_RRULE', detail, { faults: [{ pointer: '/rrule', detail }] });
}

/** What the wall clock of a recurrence shows. */
export function recurrenceWall({ clock }: Recurrence, instant: number): number {
  return instant + offsetAt(clock.zone, instant);
}
