// Calendars of a simulation, and what they leave of the times of a schedule, by asking of each time whether it lies inside.

import {
  type ClockChange,
  dayMs,
  endOfGap,
  instantsByRule,
  type NamedTime,
  weekdayOf,
  zoneOffset,
} from './wall-clock-times.ts';

/** Minutes of the day, from the first on, before the second. */
type Hours = readonly [from: number, to: number];

/** What has hours has no dates, so that schedules may move by the others. */
export interface CalendarShape {
  readonly name: string;
  /** The schedule's own when null. */
  readonly zone: string | null;
  /** Days since 1970. */
  readonly dates: readonly number[];
  readonly weekdays: readonly number[];
  readonly hours: Hours | null;
  /** Taken out again. */
  readonly exceptHours: Hours | null;
}

export interface CalendarUse {
  readonly shape: CalendarShape;
  readonly rule: 'exclude' | 'only';
  readonly move: 'skip' | 'next' | 'previous';
}

const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

/** As it is written in a request. */
export function calendarInput({ name, zone, dates, weekdays, hours, exceptHours }: CalendarShape) {
  return {
    name,
    ...(zone === null ? {} : { timezone: zone }),
    ...(dates.length === 0 ? {} : { dates: dates.map((day) => new Date(day * dayMs).toISOString().slice(0, 10)) }),
    ...(weekdays.length === 0 ? {} : { weekdays: weekdays.flatMap((day) => weekdayNames[day] ?? []) }),
    ...(hours === null ? {} : { hours: [hoursText(hours)] }),
    ...(exceptHours === null ? {} : { except: { hours: [hoursText(exceptHours)] } }),
  };
}

function hoursText([from, to]: Hours): string {
  const text = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return `${text(from)}-${text(to)}`;
}

function isInside(shape: CalendarShape, at: number, zone: string): boolean {
  const local = at + zoneOffset(shape.zone ?? zone, at);
  const day = Math.floor(local / dayMs);
  const within = (hours: Hours | null): boolean => {
    if (hours === null) return false;
    const [from, to] = hours;
    const minute = Math.floor(local / 60_000) % 1440;
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
  };
  const has = shape.dates.includes(day) || shape.weekdays.includes(weekdayOf(day)) || within(shape.hours);
  return has && !within(shape.exceptHours);
}

/** More days than any calendar here takes out in a row. */
const moveDays = 3;

/** What a calendar leaves in (from, to] of times. `zone` and `dst` are those of the schedule. */
export function leftBy(
  { shape, rule, move }: CalendarUse,
  schedule: { zone: string; dst: ClockChange },
  times: (from: number, to: number) => NamedTime[],
  from: number,
  to: number,
): number[] {
  const { zone, dst } = schedule;
  const isOut = (at: number): boolean => isInside(shape, at, zone) === (rule === 'exclude');
  const inOrder = (found: readonly number[]): number[] => [...new Set(found)].toSorted((a, b) => a - b);
  if (move === 'skip') return inOrder(times(from, to).flatMap(({ at }) => (isOut(at) ? [] : [at])));
  // What is moved is the wall time that was meant, on the clock it was meant on: a shift stays behind.
  const movedTo = (named: NamedTime): number | null => {
    for (let days = 1; days <= moveDays; days += 1) {
      const wall = named.wall + (move === 'next' ? days : -days) * dayMs;
      // A day that remains has a time for it, whatever is said about gaps.
      const landed = instantsByRule(named.zone, wall, dst, 60_000)[0] ?? endOfGap(named.zone, wall);
      if (!isOut(landed)) return landed;
    }
    return null;
  };
  const landed = times(from - moveDays * dayMs, to + moveDays * dayMs).map((one) =>
    isOut(one.at) ? movedTo(one) : one.at,
  );
  return inOrder(landed.filter((at) => at !== null).filter((at) => at > from && at <= to));
}
