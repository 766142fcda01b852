// Which days of a month an expression means: day of month and day of week, with L, W and #, joined by Vixie's rule.

import { daysInMonth, dayNumber, weekdayOf } from '../days.ts';
import { CronFault } from './fault.ts';
import { allFields, weekdayNames } from './fields.ts';
import { isStar, listOf, memoOf, type Piece, valuesOf } from './field.ts';

const [, , , daySpec, , weekdaySpec] = allFields;

export interface DayRule {
  readonly days: DaySet;
  readonly weekdays: WeekdaySet;
  /** and: a day must satisfy both; or: either is enough. */
  readonly join: 'and' | 'or';
}

export interface DaySet {
  readonly any: boolean;
  /** The field begins with `*` or is `?`. */
  readonly star: boolean;
  readonly values: readonly number[];
  /** `L` is 0, `L-3` is 3. */
  readonly fromEnd: readonly number[];
  /** `15W`, and `LW` as 'last'. */
  readonly nearWeekday: readonly (number | 'last')[];
}

export interface WeekdaySet {
  readonly any: boolean;
  /** 0 is Sunday. */
  readonly values: readonly number[];
  /** `5#3`, and `5L` with `nth` 'last'. */
  readonly nth: readonly { readonly weekday: number; readonly nth: number | 'last' }[];
}

// As Vixie has it: when neither field begins with `*`, either is enough, else both must be met. A weekday beside */2 therefore means
// "and". `+` before the weekdays demands both in any case.
export function readDayRule(day: Piece, weekday: Piece, hashKey: string): DayRule {
  return remembered(` ${day.text} ${weekday.text}`, () => {
    const plus = weekday.text.startsWith('+');
    const inner = plus ? { text: weekday.text.slice(1), at: weekday.at + 1 } : weekday;
    const both = plus || isStar(day.text) || isStar(inner.text);
    return { days: readDays(day, hashKey), weekdays: readWeekdays(inner, hashKey), join: both ? 'and' : 'or' };
  });
}
const remembered = memoOf<DayRule>(2000);

function readDays(field: Piece, hashKey: string): DaySet {
  const values = new Set<number>();
  const fromEnd = new Set<number>();
  const nearWeekday = new Set<number | 'last'>();
  for (const piece of listOf(field, daySpec)) {
    const text = piece.text.toUpperCase();
    if (text === 'L') fromEnd.add(0);
    else if (text === 'LW') nearWeekday.add('last');
    else if (/^L-\d+$/.test(text)) fromEnd.add(daysFromEnd(piece));
    else if (/^\d+W$/.test(text)) nearWeekday.add(numberIn(piece, text.slice(0, -1), 1, 31, (near) => `${near}W`));
    else if (/[LW]/.test(text)) throw strangeDay(piece, text);
    else for (const value of valuesOf(piece, daySpec, hashKey)) values.add(value);
  }
  const any = isAny(values, 31) && fromEnd.size === 0 && nearWeekday.size === 0;
  return {
    any,
    star: isStar(field.text),
    values: sorted(values),
    fromEnd: [...fromEnd],
    nearWeekday: [...nearWeekday],
  };
}

function daysFromEnd(piece: Piece): number {
  return numberIn(piece, piece.text.slice(2), 1, 30, (near) => (near === 0 ? 'L' : `L-${near}`));
}

function strangeDay(piece: Piece, text: string): CronFault {
  const start = /\d+/.exec(text)?.[0];
  const near = text === 'WL' ? 'LW' : text.includes('W') && start !== undefined ? `${start}W` : 'L';
  const problem = `not understood; expected ${daySpec.expected}, each without range or step`;
  return new CronFault(piece.at, piece.text, problem, near);
}

function readWeekdays(field: Piece, hashKey: string): WeekdaySet {
  const values = new Set<number>();
  const nth: { weekday: number; nth: number | 'last' }[] = [];
  for (const piece of listOf(field, weekdaySpec)) {
    const text = piece.text.toUpperCase();
    const hash = text.indexOf('#');
    if (hash >= 0) {
      const which = text.slice(hash + 1);
      for (const weekday of single(piece, text.slice(0, hash), `#${which}`, hashKey)) {
        nth.push({ weekday, nth: which === 'L' ? 'last' : ordinal(piece, hash, which) });
      }
    } else if (text === 'L') {
      const problem =
        'L alone is no weekday; expected SAT, or with a weekday before it the last of the month, as in FRIL';
      throw new CronFault(piece.at, piece.text, problem, 'SAT');
    } else if (text.endsWith('L') && !text.includes('/')) {
      for (const weekday of single(piece, text.slice(0, -1), 'L', hashKey)) nth.push({ weekday, nth: 'last' });
    } else {
      for (const value of valuesOf(piece, weekdaySpec, hashKey)) values.add(value);
    }
  }
  return { any: isAny(values, 7) && nth.length === 0, values: sorted(values), nth };
}

function ordinal(piece: Piece, hash: number, which: string): number {
  const place = { text: which, at: piece.at + hash + 1 };
  if (/^\d+$/.test(which)) return numberIn(place, which, 1, 5, String);
  throw new CronFault(place.at, which, 'expected 1-5 after #, or L for the last, as in 5#3', '1');
}

/** The weekday before `#` or `L`. Of ranges it is not clear which would be meant, so that they are refused with the list of their days. */
function single(piece: Piece, text: string, mark: string, hashKey: string): number[] {
  const days = text === '' ? [] : valuesOf({ text, at: piece.at }, weekdaySpec, hashKey);
  if (days.length === 1) return days;
  const problem = `one weekday stands before ${mark[0]}, as in ${weekdayNames[5]}${mark[0] === '#' ? '#3' : 'L'}`;
  const near =
    days.length === 0 || days.length === 7
      ? `MON${mark}`
      : days.map((value) => `${weekdayNames[value]}${mark}`).join(',');
  throw new CronFault(piece.at, piece.text, problem, near);
}

function numberIn(piece: Piece, digits: string, min: number, max: number, words: (near: number) => string): number {
  const value = Number(digits);
  if (value >= min && value <= max) return value;
  // `L-0` is the last day itself.
  const near = words(value === 0 && max === 30 ? 0 : Math.max(min, Math.min(max, value)));
  throw new CronFault(piece.at, piece.text, `expected ${min}-${max}`, near);
}

function isAny(values: ReadonlySet<number>, size: number): boolean {
  return values.size === size;
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

export function bitsOf(values: readonly number[]): number {
  let bits = 0;
  for (const value of values) bits |= 1 << value;
  return bits;
}

/** A day rule made ready for asking: plain lists are bits. */
export interface DayMasks {
  readonly rule: DayRule;
  readonly days: number;
  readonly weekdays: number;
  readonly clever: boolean;
}

export function masksOf(rule: DayRule): DayMasks {
  const { days, weekdays } = rule;
  const clever = days.fromEnd.length + days.nearWeekday.length + weekdays.nth.length > 0;
  return { rule, days: bitsOf(days.values), weekdays: bitsOf(weekdays.values), clever };
}

/** The days of the month that are meant, as bits 1 to 31. */
export function daysOfMonth(masks: DayMasks, year: number, month: number): number {
  const length = daysInMonth(year, month);
  const first = weekdayOf(dayNumber(year, month, 1));
  let days = masks.days;
  let weekdays = 0;
  // The weekdays of the first week, repeated every seven bits.
  for (let day = 1; day <= 7; day += 1) {
    if ((masks.weekdays >>> ((first + day - 1) % 7)) & 1)
      weekdays |=
        (1 << day) | (1 << (day + 7)) | (1 << (day + 14)) | (1 << (day + 21)) | (day < 4 ? 1 << (day + 28) : 0);
  }
  if (masks.clever) {
    days |= cleverDays(masks.rule.days, first, length);
    weekdays |= cleverWeekdays(masks.rule.weekdays, first, length);
  }
  const inMonth = (-1 << 1) & (-1 >>> (31 - length));
  return (masks.rule.join === 'and' ? days & weekdays : days | weekdays) & inMonth;
}

function cleverDays({ fromEnd, nearWeekday }: DaySet, first: number, length: number): number {
  let bits = 0;
  for (const back of fromEnd) if (length - back >= 1) bits |= 1 << (length - back);
  for (const wanted of nearWeekday) {
    const day = wanted === 'last' ? length : wanted;
    // `31W` in a month of thirty days: there is no 31st to be near to.
    if (day <= length) bits |= 1 << nearestWeekday(day, (first + day - 1) % 7, length);
  }
  return bits;
}

/** Never in another month: from Saturday the 1st it goes on to Monday the 3rd, from Sunday the last back to Friday. */
function nearestWeekday(day: number, weekday: number, length: number): number {
  if (weekday === 6) return day > 1 ? day - 1 : day + 2;
  if (weekday === 0) return day < length ? day + 1 : day - 2;
  return day;
}

function cleverWeekdays({ nth }: WeekdaySet, first: number, length: number): number {
  let bits = 0;
  for (const wanted of nth) {
    const firstOne = 1 + ((wanted.weekday - first + 7) % 7);
    const nthOne =
      wanted.nth === 'last' ? firstOne + 7 * Math.floor((length - firstOne) / 7) : firstOne + 7 * (wanted.nth - 1);
    if (nthOne <= length) bits |= 1 << nthOne;
  }
  return bits;
}
