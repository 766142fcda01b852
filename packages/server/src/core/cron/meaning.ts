// A parsed expression as the shape of its meaning (how often within the day, on which days), which both languages then say.

import type { DayRule } from './day-rule.ts';
import type { CronFields } from './wall.ts';

export type Times =
  /** Every `step` seconds, minutes or hours from `start` on; `at` is the offset within the unit, in seconds. */
  | {
      readonly kind: 'every';
      readonly unit: 'second' | 'minute' | 'hour';
      readonly step: number;
      readonly start: number;
      readonly at: number;
    }
  /** Every `step` minutes, but only in these hours (both inclusive; the second may be the smaller one). */
  | {
      readonly kind: 'between';
      readonly step: number;
      readonly start: number;
      readonly from: number;
      readonly to: number;
    }
  /** At these seconds of the day. */
  | { readonly kind: 'at'; readonly seconds: readonly number[] }
  /** Field by field; null is every value. */
  | {
      readonly kind: 'fields';
      readonly seconds: readonly number[] | null;
      readonly minutes: readonly number[] | null;
      readonly hours: readonly number[] | null;
    };

export interface Meaning {
  readonly times: Times;
  readonly days: DayRule;
  /** 1 to 12, or empty for all. */
  readonly months: readonly number[];
  /** Empty for all. */
  readonly years: readonly number[];
}

/** More times of day than this are said field by field. */
const timesSpoken = 6;

export function meaningOf(fields: CronFields): Meaning {
  return {
    times: timesOf(fields.second.values, fields.minute.values, fields.hour.values),
    days: fields.day,
    months: fields.month.values.length === 12 ? [] : fields.month.values,
    years: fields.year ?? [],
  };
}

function timesOf(seconds: readonly number[], minutes: readonly number[], hours: readonly number[]): Times {
  const [second = 0, ...moreSeconds] = seconds;
  const [minute = 0, ...moreMinutes] = minutes;
  const everyHour = hours.length === 24;
  const everyMinute = minutes.length === 60;
  if (moreSeconds.length > 0) {
    const step = stepOf(seconds, 60);
    if (everyHour && everyMinute && step !== null) return { kind: 'every', unit: 'second', step, start: second, at: 0 };
    return inFields(seconds, minutes, hours);
  }
  const minuteStep = stepOf(minutes, 60);
  if (minuteStep !== null && everyHour) {
    return { kind: 'every', unit: 'minute', step: minuteStep, start: minute, at: second };
  }
  const span = second === 0 && minuteStep !== null ? spanOfHours(hours) : null;
  if (span !== null && minuteStep !== null) return { kind: 'between', step: minuteStep, start: minute, ...span };
  if (moreMinutes.length === 0) {
    const step = stepOf(hours, 24);
    if (step !== null && (hours.length > timesSpoken || step < 12)) {
      return { kind: 'every', unit: 'hour', step, start: hours[0] ?? 0, at: minute * 60 + second };
    }
  }
  if (hours.length * minutes.length > timesSpoken) return inFields(seconds, minutes, hours);
  return { kind: 'at', seconds: hours.flatMap((h) => minutes.map((m) => h * 3600 + m * 60 + second)) };
}

function inFields(seconds: readonly number[], minutes: readonly number[], hours: readonly number[]): Times {
  const orAll = (values: readonly number[], size: number) => (values.length === size ? null : values);
  return { kind: 'fields', seconds: orAll(seconds, 60), minutes: orAll(minutes, 60), hours: orAll(hours, 24) };
}

/** The step of values that go round without a jump: a step that does not divide the unit, such as 7 minutes, has one at its end. */
function stepOf(values: readonly number[], size: number): number | null {
  const step = size / values.length;
  const [first = 0] = values;
  if (values.length < 2 || !Number.isInteger(step)) return null;
  return values.every((value, index) => value === first + index * step) ? step : null;
}

/** Hours without a break, perhaps over midnight. */
function spanOfHours(hours: readonly number[]): { from: number; to: number } | null {
  const [first = 0] = hours;
  if (hours.length === 24) return null;
  const breaks = hours.filter((hour) => !hours.includes((hour + 1) % 24));
  const [to] = breaks;
  if (breaks.length !== 1 || to === undefined) return null;
  const from = hours.find((hour) => !hours.includes((hour + 23) % 24)) ?? first;
  return { from, to };
}

/** A list as people say it: `9 to 17`, or `0, 10, 20 … 50`, or each. */
export function spoken(
  values: readonly number[],
  word: (value: number) => string,
  { to, comma }: { to: string; comma: string },
): string[] {
  const [first, second, third] = values;
  const last = values.at(-1);
  if (first === undefined || second === undefined || third === undefined || last === undefined) return values.map(word);
  const step = second - first;
  if (values.every((value, index) => value === first + index * step)) {
    if (step === 1) return [`${word(first)}${to}${word(last)}`];
    if (values.length > 4) return [`${[first, second, third].map(word).join(comma)} … ${word(last)}`];
  }
  return runsOf(values).flatMap(([from, until]) =>
    until - from < 2
      ? Array.from({ length: until - from + 1 }, (_, index) => word(from + index))
      : [`${word(from)}${to}${word(until)}`],
  );
}

function runsOf(values: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === value - 1) run[1] = value;
    else runs.push([value, value]);
  }
  return runs;
}

/** `09:05`, and with seconds where there are any. */
export function clock(secondsOfDay: number): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const seconds = secondsOfDay % 60;
  const time = `${pad(Math.floor(secondsOfDay / 3600))}:${pad(Math.floor(secondsOfDay / 60) % 60)}`;
  return seconds === 0 ? time : `${time}:${pad(seconds)}`;
}

/** `:05` or `:05:30`, the place within an hour. */
export function withinHour(seconds: number): string {
  return clock(seconds).slice(2);
}

/** From Monday on. */
export function mondayFirst(days: readonly number[]): number[] {
  return days.toSorted((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
}
