// What a schedule of combined triggers, calendars and bounds means, in the simplest words: every trigger alone for a long stretch of time,
// every time moved day by day through the wall clock that Intl shows, sorted, cut. Taken from the code under test are only the wall times
// that triggers name (as they are in UTC, which knows no changes) and the question whether a moment lies in a calendar; they have models of
// their own. What becomes of wall times when the clock changes is found here. Slow.
//
// A time may be moved by a year. Whatever days a calendar leaves, it may leave one hour of the day on one of them only, when its days are
// those of another zone than the schedule's: so nothing less than a year around is enough.

import { dstDefaults, type ScheduleDefinition } from '@tidewheel/protocol';
import { type CompiledCalendar, contains } from '../../calendar.ts';
import { compileTrigger, triggerNext } from '../triggers.ts';

const dayMs = 86_400_000;
const farthestDays = 366;
/** More than the farthest day, with all that clocks may be apart. */
const aroundMs = (farthestDays + 3) * dayMs;

/** A wall time of a zone, as a trigger names it. */
interface Named {
  readonly wall: number;
  readonly zone: string;
  /** Names a time of the day, and does not follow the wall clock. */
  readonly fixed: boolean;
}

export function naiveFires(
  spec: ScheduleDefinition,
  anchorAt: number,
  calendars: ReadonlyMap<string, CompiledCalendar>,
  { from, until }: { from: number; until: number },
): number[] {
  const rule = spec.calendar;
  const move = rule?.move ?? 'skip';
  const inAny = (names: readonly string[], at: number) =>
    names.some((name) => {
      const calendar = calendars.get(name);
      return calendar !== undefined && contains(calendar, at, spec.timezone);
    });
  const remains = (at: number): boolean =>
    rule === undefined || (!inAny(rule.exclude ?? [], at) && (rule.only === undefined || inAny(rule.only, at)));
  // What is counted is counted from the anchor.
  const first = Math.min(from, anchorAt);
  const times = new Set<number>();
  const begin = first - (move === 'next' ? aroundMs : 0);
  for (const { at, named } of triggered(spec, anchorAt, begin, until + (move === 'previous' ? aroundMs : 0))) {
    const moved = remains(at) ? at : movedByDays(named, move, spec, remains, { first, until });
    if (moved !== null) times.add(moved);
  }
  const start = instant(spec.start) ?? -Infinity;
  const end = instant(spec.end) ?? Infinity;
  const sorted = [...times].sort((a, b) => a - b);
  const counted = sorted
    .filter((at) => at >= start && (spec.count === undefined || at > anchorAt))
    .slice(0, spec.count);
  return counted.filter((at) => at <= end && at > from && at < until);
}

/** Each with the wall time that was named; several may have one instant. */
function triggered(
  spec: ScheduleDefinition,
  anchorAt: number,
  from: number,
  until: number,
): { at: number; named: Named }[] {
  const context = { dst: spec.dst, anchorAt, hashKey: spec.name, timezone: 'UTC' };
  const found: { at: number; named: Named }[] = [];
  for (const one of spec.times ?? [spec]) {
    const zone = one.timezone ?? spec.timezone;
    const trigger = compileTrigger(one, context);
    if (trigger === null) continue;
    const follows = one.cron === undefined && one.rrule === undefined;
    const fixed =
      one.cron === undefined ||
      !one.cron
        .split(' ')
        .slice(0, 2)
        .some((field) => field.startsWith('*'));
    for (let at = triggerNext(trigger, from - 2 * dayMs); at !== null && at < until + 2 * dayMs; ) {
      // Intervals name instants; the wall times of the others come as if they were UTC.
      const instants = follows ? [at] : instantsOf({ wall: at, zone, fixed }, spec);
      const wall = follows ? Date.parse(`${wallText(spec.timezone, at)}Z`) : at;
      const named = { wall, zone: follows ? spec.timezone : zone, fixed };
      for (const moment of instants) if (moment > from && moment < until) found.push({ at: moment, named });
      at = triggerNext(trigger, at);
    }
  }
  return found;
}

/** Null also when it leaves what is asked for on the other side. */
function movedByDays(
  { wall, zone, fixed }: Named,
  move: 'skip' | 'next' | 'previous',
  spec: ScheduleDefinition,
  remains: (at: number) => boolean,
  { first, until }: { first: number; until: number },
): number | null {
  if (move === 'skip') return null;
  for (let days = 1; days <= farthestDays; days += 1) {
    const there = wall + (move === 'next' ? days : -days) * dayMs;
    const at = instantsOf({ wall: there, zone, fixed }, spec)[0] ?? shown(zone, there).after;
    if (remains(at)) return at;
    if (move === 'next' ? at >= until : at < first) return null;
  }
  return null;
}

function instantsOf({ wall, zone, fixed }: Named, { dst }: ScheduleDefinition): number[] {
  const { gap = dstDefaults.gap, overlap = dstDefaults.overlap } = dst ?? {};
  const { instants, after } = shown(zone, wall);
  if (instants.length === 0) {
    if (!fixed || gap === 'skip') return [];
    return [gap === 'after' ? after : after - 60_000];
  }
  if (overlap === 'both' || (overlap === 'once' && !fixed)) return [...instants];
  return overlap === 'last' ? instants.slice(-1) : instants.slice(0, 1);
}

interface Shown {
  readonly instants: readonly number[];
  /** Where none: the first instant at which the clock shows something later. */
  readonly after: number;
}

const shownBefore = new Map<string, Map<number, Shown>>();

/** When the wall clock of a zone shows this. */
function shown(zone: string, wall: number): Shown {
  const known = remembered(shownBefore, zone);
  let found = known.get(wall);
  if (found === undefined) known.set(wall, (found = searched(zone, wall)));
  return found;
}

function searched(zone: string, wall: number): Shown {
  const text = new Date(wall).toISOString().slice(0, 16);
  const instants: number[] = [];
  let after: number | null = null;
  for (let at = wall - 15 * 3_600_000; at <= wall + 15 * 3_600_000; at += quarterMs) {
    const there = wallText(zone, at);
    if (there === text) instants.push(at);
    if (after === null && there > text) after = at;
  }
  return { instants, after: after ?? wall };
}

const quarterMs = 15 * 60_000;
const texts = new Map<string, Map<number, string>>();

/** `2026-03-29T02:30`. Nearly all that is asked for lies on quarters of an hour, which are remembered: Intl takes microseconds. */
function wallText(zone: string, at: number): string {
  const known = remembered(texts, zone);
  let text = known.get(at);
  if (text === undefined) {
    text = shownBy(zone, at);
    if (at % quarterMs === 0) known.set(at, text);
  }
  return text;
}

function remembered<T>(memory: Map<string, Map<number, T>>, zone: string): Map<number, T> {
  let known = memory.get(zone);
  if (known === undefined) memory.set(zone, (known = new Map<number, T>()));
  return known;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function shownBy(zone: string, at: number): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    formats.set(zone, format);
  }
  return format.format(at).replace(' ', 'T');
}

function instant(value: string | number | undefined): number | null {
  if (value === undefined) return null;
  return typeof value === 'number' ? value : Date.parse(value);
}
