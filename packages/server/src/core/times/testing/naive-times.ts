// What a schedule of combined triggers, calendars and bounds means, in the simplest words: every trigger alone for a long stretch of time,
// every time moved day by day through the wall clock that Intl shows, sorted, cut. Only the triggers themselves and the question whether a
// moment lies in a calendar are taken from the code under test; they have models of their own. Slow.
//
// A time may be moved by a year. Whatever days a calendar leaves, it may leave one hour of the day on one of them only, when its days are
// those of another zone than the schedule's: so nothing less than a year around is enough.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { type CompiledCalendar, contains } from '../../calendar.ts';
import { compileTrigger, triggerNext } from '../triggers.ts';

const dayMs = 86_400_000;
const farthestDays = 366;
/** More than the farthest day, with all that clocks may be apart. */
const aroundMs = (farthestDays + 3) * dayMs;

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
  const raw = triggered(
    spec,
    anchorAt,
    first - (move === 'next' ? aroundMs : 0),
    until + (move === 'previous' ? aroundMs : 0),
  );
  const times = new Set<number>();
  for (const at of raw) {
    const moved = remains(at) ? at : movedByDays(at, move, spec.timezone, remains, { first, until });
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

function triggered(spec: ScheduleDefinition, anchorAt: number, from: number, until: number): Set<number> {
  const context = { dst: spec.dst, anchorAt, hashKey: spec.name };
  const raw = new Set<number>();
  for (const one of spec.times ?? [spec]) {
    const trigger = compileTrigger(one, { ...context, timezone: one.timezone ?? spec.timezone });
    if (trigger === null) continue;
    for (let at = triggerNext(trigger, from); at !== null && at < until; at = triggerNext(trigger, at)) raw.add(at);
  }
  return raw;
}

/** Null also when it leaves what is asked for on the other side. */
function movedByDays(
  at: number,
  move: 'skip' | 'next' | 'previous',
  zone: string,
  remains: (at: number) => boolean,
  { first, until }: { first: number; until: number },
): number | null {
  if (move === 'skip') return null;
  const wall = Date.parse(`${wallText(zone, at)}Z`);
  for (let days = 1; days <= farthestDays; days += 1) {
    const there = instantShown(zone, wall + (move === 'next' ? days : -days) * dayMs);
    if (remains(there)) return there;
    if (move === 'next' ? there >= until : there < first) return null;
  }
  return null;
}

const shownAt = new Map<string, Map<number, number>>();

/** The first minute at which the wall clock shows this or something later: in a gap, the first after it. */
function instantShown(zone: string, wall: number): number {
  const known = remembered(shownAt, zone);
  let at = known.get(wall);
  if (at === undefined) known.set(wall, (at = searched(zone, new Date(wall).toISOString().slice(0, 16))));
  return at;
}

function searched(zone: string, wall: string): number {
  const near = Date.parse(`${wall}Z`);
  for (let at = near - 15 * 3_600_000; ; at += quarterMs) {
    if (wallText(zone, at) === wall) return at;
    // Past it: the wall time was skipped.
    if (wallText(zone, at) > wall && wallText(zone, at - quarterMs) < wall) return at;
  }
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
