// When a schedule is to fire, found by the most naive way (wall-clock-times.ts, calendar-shapes.ts). It shares nothing with the
// code under test, not even the parser: the workload makes definitions from the same shapes that are walked over here.

import { type CalendarUse, leftBy } from './calendar-shapes.ts';
import { type CronShape, type NamedTime, wallClockTimes } from './wall-clock-times.ts';

export type Trigger =
  | { kind: 'every'; everyMs: number }
  | { kind: 'cron'; shape: CronShape }
  | { kind: 'at'; at: number }
  | { kind: 'in'; inMs: number }
  /** Counts from the ends of runs, which this reading knows nothing of (see checkers/expected-fires.ts). */
  | { kind: 'delay'; delayMs: number }
  /** The times of all of them; where two fall together they are one. */
  | { kind: 'several'; triggers: readonly Trigger[] };

export interface Within {
  /** No times before, and none after. */
  readonly start?: number;
  readonly end?: number;
  /** Only the first ones from the start, or else from the anchor. */
  readonly count?: number;
  readonly calendar?: CalendarUse;
}

export type Timing = Trigger & { readonly within?: Within };

/** Nominal times in (from, to]. `anchorAt`: what fixed rates, `in` and counts count from. */
export function nominalTimes(timing: Timing, anchorAt: number, from: number, to: number): number[] {
  const { within } = timing;
  if (within === undefined) return inOrder(triggered(timing, anchorAt, from, to));
  const { start = Number.NEGATIVE_INFINITY, end = Number.POSITIVE_INFINITY, count, calendar } = within;
  const times = (after: number, until: number): NamedTime[] => triggered(timing, anchorAt, after, until);
  // What is counted is counted from the beginning, whatever is asked for.
  const first = count === undefined ? Math.max(from, start - 1) : Math.max(start - 1, anchorAt);
  const last = Math.min(to, end);
  const left =
    calendar === undefined ? inOrder(times(first, last)) : leftBy(calendar, clockOf(timing), times, first, last);
  return left.slice(0, count).filter((at) => at > from);
}

function inOrder(times: readonly NamedTime[]): number[] {
  return [...new Set(times.map(({ at }) => at))].toSorted((a, b) => a - b);
}

/** Whether it matters when the schedule was given its times. */
export function countsFromAnchor(timing: Timing): boolean {
  if (timing.within?.count !== undefined || timing.kind === 'every' || timing.kind === 'in') return true;
  return timing.kind === 'several' && timing.triggers.some(countsFromAnchor);
}

function triggered(trigger: Trigger, anchorAt: number, from: number, to: number): NamedTime[] {
  const instants = (times: readonly number[]): NamedTime[] =>
    times.filter((at) => at > from && at <= to).map((at) => ({ at, wall: at, zone: 'UTC' }));
  switch (trigger.kind) {
    case 'every': {
      const times: number[] = [];
      for (let at = anchorAt + trigger.everyMs; at <= to; at += trigger.everyMs) if (at > from) times.push(at);
      return instants(times);
    }
    case 'at':
      return instants([trigger.at]);
    case 'in':
      return instants([anchorAt + trigger.inMs]);
    case 'delay':
      return [];
    case 'several':
      return trigger.triggers.flatMap((one) => triggered(one, anchorAt, from, to));
    case 'cron':
      return wallClockTimes(trigger.shape, from, to);
  }
}

function clockOf(trigger: Trigger): { zone: string; dst: NonNullable<CronShape['dst']> } {
  return trigger.kind === 'cron'
    ? { zone: trigger.shape.zone, dst: trigger.shape.dst ?? {} }
    : { zone: 'UTC', dst: {} };
}
