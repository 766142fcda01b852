// The days of a recurrence rule: which days it takes at all, and which days one period (a year, month, week or day) has.
//
// RFC 5545 tells in a table which part expands and which limits. With the parts that follow from DTSTART filled in, all of it comes to
// one question to a day: does it satisfy every part? Weeks of the year are the one exception: the weeks of a year may begin in the
// year before it and end in the year after it.

import { civilOf, dayMs, dayNumber, dayOf, daysInMonth, isLeapYear, weekdayOf } from '../days.ts';
import type { Frequency, Rule, RuleDay } from './rule.ts';

export type DayParts = Pick<Rule, 'months' | 'weekNumbers' | 'yearDays' | 'monthDays' | 'days' | 'weekStart'> & {
  readonly frequency: Frequency;
};

/** The parts that a rule leaves to DTSTART. */
export function withStart(rule: Rule, start: number): DayParts {
  const day = dayOf(start);
  const { month, day: monthDay } = civilOf(day);
  const weekday = [{ weekday: weekdayOf(day), nth: 0 }];
  const free = rule.days === null && rule.monthDays === null && rule.yearDays === null;
  switch (rule.frequency) {
    case 'YEARLY':
      if (!free) return rule;
      if (rule.weekNumbers !== null) return { ...rule, days: weekday };
      return { ...rule, months: rule.months ?? [month], monthDays: [monthDay] };
    case 'MONTHLY':
      return free ? { ...rule, monthDays: [monthDay] } : rule;
    case 'WEEKLY':
      return rule.days === null ? { ...rule, days: weekday } : rule;
    default:
      return rule;
  }
}

/** Numbers its periods so that the next one has the next number. Only for days and longer. */
export function periodOf(parts: DayParts, wall: number): number {
  const day = dayOf(wall);
  const { year, month } = civilOf(day);
  switch (parts.frequency) {
    case 'YEARLY':
      return parts.weekNumbers === null ? year : weekYearOf(day, parts.weekStart);
    case 'MONTHLY':
      return year * 12 + month - 1;
    case 'WEEKLY':
      return Math.floor((day + 4 - parts.weekStart) / 7);
    default:
      return day;
  }
}

/** The first day of a period, and the first after it. */
export function boundsOf(parts: DayParts, period: number): [first: number, end: number] {
  switch (parts.frequency) {
    case 'YEARLY':
      if (parts.weekNumbers !== null)
        return [firstWeek(period, parts.weekStart), firstWeek(period + 1, parts.weekStart)];
      return [dayNumber(period, 1, 1), dayNumber(period + 1, 1, 1)];
    case 'MONTHLY': {
      const year = Math.floor(period / 12);
      return [dayNumber(year, (period % 12) + 1, 1), dayNumber(year, (period % 12) + 2, 1)];
    }
    case 'WEEKLY':
      return [period * 7 - 4 + parts.weekStart, period * 7 + 3 + parts.weekStart];
    default:
      return [period, period + 1];
  }
}

export function daysOfPeriod(parts: DayParts, period: number): number[] {
  const [first, end] = boundsOf(parts, period);
  const days: number[] = [];
  for (let day = first; day < end; ) {
    const skip = monthsLeftOut(parts, day);
    if (skip > 0) {
      day += skip;
      continue;
    }
    if (dayHolds(parts, day) && weekHolds(parts, day, first, end)) days.push(day);
    day += 1;
  }
  return days;
}

/** Days up to the next month, when the month of this day is not taken. */
function monthsLeftOut(parts: DayParts, day: number): number {
  if (parts.months === null) return 0;
  const { year, month, day: monthDay } = civilOf(day);
  return parts.months.includes(month) ? 0 : daysInMonth(year, month) - monthDay + 1;
}

function weekHolds(parts: DayParts, day: number, first: number, end: number): boolean {
  if (parts.weekNumbers === null) return true;
  const week = Math.floor((day - first) / 7) + 1;
  const fromEnd = week - (end - first) / 7 - 1;
  return parts.weekNumbers.includes(week) || parts.weekNumbers.includes(fromEnd);
}

/** Every part but the numbers of weeks. */
export function dayHolds(parts: DayParts, day: number): boolean {
  const { days } = parts;
  if (days !== null && !days.some(({ weekday }) => weekday === weekdayOf(day))) return false;
  const numbered = days?.some(({ nth }) => nth !== 0) === true;
  if (parts.months === null && parts.monthDays === null && parts.yearDays === null && !numbered) return true;
  const { year, month, day: monthDay } = civilOf(day);
  if (parts.months?.includes(month) === false) return false;
  const length = daysInMonth(year, month);
  if (parts.monthDays !== null && !holdsFromEither(parts.monthDays, monthDay, length)) return false;
  const yearDay = day - dayNumber(year, 1, 1) + 1;
  const yearLength = isLeapYear(year) ? 366 : 365;
  if (parts.yearDays !== null && !holdsFromEither(parts.yearDays, yearDay, yearLength)) return false;
  if (days === null || !numbered) return true;
  const ofMonth = parts.frequency === 'MONTHLY' || parts.months !== null;
  return ofMonth ? nthHolds(days, day, monthDay, length) : nthHolds(days, day, yearDay, yearLength);
}

function holdsFromEither(values: readonly number[], value: number, length: number): boolean {
  return values.includes(value) || values.includes(value - length - 1);
}

function nthHolds(days: readonly RuleDay[], day: number, place: number, length: number): boolean {
  const weekday = weekdayOf(day);
  const nth = Math.ceil(place / 7);
  const fromEnd = -Math.ceil((length - place + 1) / 7);
  return days.some((one) => one.weekday === weekday && (one.nth === 0 || one.nth === nth || one.nth === fromEnd));
}

/** The first day of week 1: the first week that has four days in the year. */
function firstWeek(year: number, weekStart: number): number {
  const fourth = dayNumber(year, 1, 4);
  return fourth - ((weekdayOf(fourth) - weekStart + 7) % 7);
}

function weekYearOf(day: number, weekStart: number): number {
  const { year } = civilOf(day);
  if (day < firstWeek(year, weekStart)) return year - 1;
  return day >= firstWeek(year + 1, weekStart) ? year + 1 : year;
}

/** The wall time at which a day begins. */
export function startOfDay(day: number): number {
  return day * dayMs;
}
