// What a schedule of combined triggers, calendars and bounds means, in the simplest words: every trigger alone for a long stretch of time,
// every time moved day by day through the wall clock that Intl shows, sorted, cut. Only the triggers themselves and the question whether a
// moment lies in a calendar are taken from the code under test; they have models of their own. Slow.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { type CompiledCalendar, contains } from '../../calendar.ts';
import { compileTrigger, triggerNext } from '../triggers.ts';

const dayMs = 86_400_000;

export function naiveFires(
  spec: ScheduleDefinition,
  anchorAt: number,
  calendars: ReadonlyMap<string, CompiledCalendar>,
  { from, until }: { from: number; until: number },
): number[] {
  const context = { dst: spec.dst, anchorAt, hashKey: spec.name };
  const raw = new Set<number>();
  for (const one of spec.times ?? [spec]) {
    const trigger = compileTrigger(one, { ...context, timezone: one.timezone ?? spec.timezone });
    if (trigger === null) continue;
    let at = triggerNext(trigger, from - 45 * dayMs);
    for (; at !== null && at < until + 45 * dayMs; at = triggerNext(trigger, at)) raw.add(at);
  }
  const inAny = (names: readonly string[], at: number) =>
    names.some((name) => {
      const calendar = calendars.get(name);
      return calendar !== undefined && contains(calendar, at, spec.timezone);
    });
  const rule = spec.calendar;
  const remains = (at: number): boolean =>
    rule === undefined || (!inAny(rule.exclude ?? [], at) && (rule.only === undefined || inAny(rule.only, at)));
  const times = new Set<number>();
  for (const at of raw) {
    const moved = remains(at) ? at : movedByDays(at, rule?.move ?? 'skip', spec.timezone, remains);
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

function movedByDays(at: number, move: string, zone: string, remains: (at: number) => boolean): number | null {
  if (move === 'skip') return null;
  const wall = wallText(zone, at);
  for (let days = 1; days <= 45; days += 1) {
    const shifted = new Date(Date.parse(`${wall}Z`) + (move === 'next' ? days : -days) * dayMs)
      .toISOString()
      .slice(0, 16);
    const there = instantShown(zone, shifted);
    if (remains(there)) return there;
  }
  return null;
}

const shownAt = new Map<string, number>();

/** The first minute at which the wall clock shows this or something later: in a gap, the first after it. */
function instantShown(zone: string, wall: string): number {
  const key = `${zone} ${wall}`;
  const known = shownAt.get(key) ?? searched(zone, wall);
  shownAt.set(key, known);
  return known;
}

function searched(zone: string, wall: string): number {
  const near = Date.parse(`${wall}Z`);
  for (let at = near - 15 * 3_600_000; ; at += 15 * 60_000) {
    if (wallText(zone, at) === wall) return at;
    // Past it: the wall time was skipped.
    if (wallText(zone, at) > wall && wallText(zone, at - 15 * 60_000) < wall) return at;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-03-29T02:30` */
function wallText(zone: string, at: number): string {
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
