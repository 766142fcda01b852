// The next wall time that an expression means, without a zone: plain arithmetic on fields kept as bits.
// Wall times are milliseconds as if they were UTC.

import { civilOf, dayMs, dayNumber, daysInMonth } from '../days.ts';
import type { WallSource } from '../wall-fires.ts';
import { bitsOf, type DayMasks, type DayRule, daysOfMonth, masksOf } from './day-rule.ts';
import type { FieldValues } from './field.ts';
import { lastYear } from './fields.ts';

/** Bits 0 to 29 and 30 to 59, because numbers have 32. */
interface Sixty {
  readonly low: number;
  readonly high: number;
}

/** The values that each field allows. */
export interface CronFields {
  readonly second: FieldValues;
  readonly minute: FieldValues;
  readonly hour: FieldValues;
  readonly month: FieldValues;
  readonly day: DayRule;
  /** Null for every year. */
  readonly year: readonly number[] | null;
}

/** What an expression means on any wall clock. */
export class WallPattern implements WallSource {
  readonly seconds: Sixty;
  readonly minutes: Sixty;
  readonly hours: number;
  readonly days: DayMasks;
  /** Bits 1 to 12. */
  readonly months: number;
  /** In order; null for every year. */
  readonly years: readonly number[] | null;
  /** The month that was asked for last, which is nearly always asked for next. */
  readonly month: MonthFound = { year: 0, month: 0, from: 0, until: 0, days: 0 };

  constructor({ second, minute, hour, day, month, year }: CronFields) {
    this.seconds = sixtyOf(second.values);
    this.minutes = sixtyOf(minute.values);
    this.hours = bitsOf(hour.values);
    this.days = masksOf(day);
    this.months = bitsOf(month.values);
    this.years = year;
  }

  /** The first wall time later than `after`, or null when none comes before the year 2200. None is before 1970. */
  next(after: number): number | null {
    return nextWall(this, after + 1);
  }
}

interface MonthFound {
  year: number;
  month: number;
  /** The number of its first day, and of the first day after it. */
  from: number;
  until: number;
  /** Its days, as bits. 0 when year or month are not meant. */
  days: number;
}

function sixtyOf(values: readonly number[]): Sixty {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (value < 30) low |= 1 << value;
    else high |= 1 << (value - 30);
  }
  return { low, high };
}

/** Later than every wall time. */
export const wallEndMs = Date.UTC(lastYear + 1, 0, 1);

/** The first wall time at or after `wallMs`, or null when none comes before the year 2200. None is before 1970. */
export function nextWall(pattern: WallPattern, wallMs: number): number | null {
  if (!(wallMs < wallEndMs)) return null;
  const from = Math.max(0, wallMs);
  let day = Math.floor(from / dayMs);
  // Times are whole seconds: from the next one on.
  let second = Math.ceil((from - day * dayMs) / 1000);
  const { month } = pattern;
  for (;;) {
    if (day < month.from || day >= month.until) openMonth(pattern, day);
    const bit = nextBit(month.days, day - month.from + 1);
    if (bit < 0) {
      const first = nextMonth(pattern, month);
      if (first === null) return null;
      day = first;
      second = 0;
      continue;
    }
    const found = month.from + bit - 1;
    if (found > day) second = 0;
    day = found;
    const time = nextTime(pattern, second);
    if (time >= 0) return day * dayMs + time * 1000;
    day += 1;
    second = 0;
  }
}

/** Makes the month of `day` the one that is looked at. */
function openMonth(pattern: WallPattern, day: number): void {
  const { year, month } = civilOf(day);
  setMonth(pattern, year, month);
}

function setMonth(pattern: WallPattern, year: number, month: number): void {
  const found = pattern.month;
  found.year = year;
  found.month = month;
  found.from = dayNumber(year, month, 1);
  found.until = found.from + daysInMonth(year, month);
  const meant = ((pattern.months >>> month) & 1) === 1 && isYear(pattern.years, year);
  found.days = meant ? daysOfMonth(pattern.days, year, month) : 0;
}

function isYear(years: readonly number[] | null, year: number): boolean {
  return years === null ? year <= lastYear : years.includes(year);
}

/** The first day of the next month that is meant, or null. At most 2760 months are asked. */
function nextMonth(pattern: WallPattern, found: MonthFound): number | null {
  let { year, month } = found;
  for (;;) {
    month = nextBit(pattern.months, month + 1);
    if (month < 0) {
      year += 1;
      month = nextBit(pattern.months, 1);
    }
    const wanted = nextYear(pattern.years, year);
    if (wanted === null) return null;
    if (wanted > year) {
      year = wanted;
      month = nextBit(pattern.months, 1);
    }
    setMonth(pattern, year, month);
    if (found.days !== 0) return found.from;
  }
}

function nextYear(years: readonly number[] | null, from: number): number | null {
  if (years === null) return from <= lastYear ? from : null;
  for (const year of years) if (year >= from) return year;
  return null;
}

/** The second of the day at or after `from`, or -1. */
function nextTime(pattern: WallPattern, from: number): number {
  if (from >= 86_400) return -1;
  const fromHour = Math.floor(from / 3600);
  let hour = nextBit(pattern.hours, fromHour);
  if (hour < 0) return -1;
  if (hour === fromHour) {
    const rest = from - hour * 3600;
    const fromMinute = Math.floor(rest / 60);
    let minute = nextOfSixty(pattern.minutes, fromMinute);
    if (minute === fromMinute) {
      const second = nextOfSixty(pattern.seconds, rest - minute * 60);
      if (second >= 0) return hour * 3600 + minute * 60 + second;
      minute = nextOfSixty(pattern.minutes, fromMinute + 1);
    }
    if (minute >= 0) return hour * 3600 + minute * 60 + nextOfSixty(pattern.seconds, 0);
    hour = nextBit(pattern.hours, fromHour + 1);
    if (hour < 0) return -1;
  }
  return hour * 3600 + nextOfSixty(pattern.minutes, 0) * 60 + nextOfSixty(pattern.seconds, 0);
}

/** The lowest bit at or above `from` (0 to 32), or -1. */
function nextBit(bits: number, from: number): number {
  if (from > 31) return -1;
  const rest = bits & (-1 << from);
  return rest === 0 ? -1 : 31 - Math.clz32(rest & -rest);
}

function nextOfSixty(sixty: Sixty, from: number): number {
  if (from < 30) {
    const low = nextBit(sixty.low, from);
    if (low >= 0) return low;
  }
  const high = nextBit(sixty.high, Math.max(0, from - 30));
  return high < 0 ? -1 : high + 30;
}
