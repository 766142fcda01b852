// Reads the value of an RRULE (RFC 5545 §3.3.10). What the standard does not allow is refused with the place, what was expected, and
// the nearest right form; leap seconds (BYSECOND=60) are the one thing that is read otherwise: no clock of a computer shows them.

import { limits } from '@tidewheel/protocol';
import { type WrittenTime, writtenTime } from '../content-lines.ts';
import { nearestName } from '../cron/fault.ts';

export const frequencies = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
export type Frequency = (typeof frequencies)[number];

/** In the order of weekdayOf. */
export const dayNames = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;

/** `nth` 0: every such day; 2: the second of the month or year; -1: the last. */
export interface RuleDay {
  readonly weekday: number;
  readonly nth: number;
}

/** Lists are null where the rule does not have them. */
export interface Rule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly count: number | null;
  readonly until: WrittenTime | null;
  /** The first day of a week. */
  readonly weekStart: number;
  readonly months: readonly number[] | null;
  readonly weekNumbers: readonly number[] | null;
  readonly yearDays: readonly number[] | null;
  readonly monthDays: readonly number[] | null;
  readonly days: readonly RuleDay[] | null;
  readonly hours: readonly number[] | null;
  readonly minutes: readonly number[] | null;
  readonly seconds: readonly number[] | null;
  readonly positions: readonly number[] | null;
}

export class RuleFault extends Error {}

interface Part {
  readonly name: string;
  readonly value: string;
  /** Place of the value, from 1. */
  readonly at: number;
}

const partNames = [
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'WKST',
  'BYMONTH',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
  'BYMINUTE',
  'BYSECOND',
  'BYSETPOS',
] as const;
type PartName = (typeof partNames)[number];

/** Length of one period, for the bound on INTERVAL only. */
export const periodMs: Readonly<Record<Frequency, number>> = {
  SECONDLY: 1000,
  MINUTELY: 60_000,
  HOURLY: 3_600_000,
  DAILY: 86_400_000,
  WEEKLY: 7 * 86_400_000,
  MONTHLY: 30 * 86_400_000,
  YEARLY: 365 * 86_400_000,
};

/** Throws RuleFault. */
export function parseRule(text: string): Rule {
  const parts = partsOf(text);
  const frequency = frequencyOf(parts.get('FREQ'), text);
  const rule: Rule = {
    frequency,
    interval: wholeNumber(parts.get('INTERVAL'), Math.floor(limits.durationMs / periodMs[frequency])) ?? 1,
    count: wholeNumber(parts.get('COUNT'), limits.scheduleCount),
    until: untilOf(parts.get('UNTIL')),
    weekStart: weekStartOf(parts.get('WKST')),
    months: numbers(parts.get('BYMONTH'), 1, 12, false),
    weekNumbers: numbers(parts.get('BYWEEKNO'), 1, 53, true),
    yearDays: numbers(parts.get('BYYEARDAY'), 1, 366, true),
    monthDays: numbers(parts.get('BYMONTHDAY'), 1, 31, true),
    days: daysOf(parts.get('BYDAY'), frequency, parts),
    hours: numbers(parts.get('BYHOUR'), 0, 23, false),
    minutes: numbers(parts.get('BYMINUTE'), 0, 59, false),
    seconds: numbers(parts.get('BYSECOND'), 0, 59, false),
    positions: numbers(parts.get('BYSETPOS'), 1, 366, true),
  };
  refuseCombinations(rule, parts);
  return rule;
}

function partsOf(text: string): Map<PartName, Part> {
  const parts = new Map<PartName, Part>();
  let at = 1;
  for (const piece of text.split(';')) {
    const start = at;
    at += piece.length + 1;
    // A semicolon at the end is common, and harmless.
    if (piece.trim() === '' && at > text.length) continue;
    const equals = piece.indexOf('=');
    if (equals < 0) throw new RuleFault(`"${piece}" at character ${start} has no value; expected NAME=value`);
    const written = piece.slice(0, equals).trim().toUpperCase();
    const name = partNames.find((one) => one === written);
    if (name === undefined) throw new RuleFault(unknownPart(written, start));
    if (parts.has(name))
      throw new RuleFault(`${name} stands twice, again at character ${start}; join the values by commas`);
    const value = piece.slice(equals + 1);
    parts.set(name, { name, value: value.trim().toUpperCase(), at: start + equals + 1 });
  }
  return parts;
}

function unknownPart(name: string, at: number): string {
  if (name === 'RSCALE' || name === 'SKIP') return `${name} at character ${at} is not taken: rules are Gregorian`;
  if (name === 'BYEASTER')
    return `BYEASTER at character ${at} is no part of the standard; write the dates into a calendar`;
  const near = nearestName(name, partNames);
  const advice = near === null ? `expected ${partNames.join(', ')}` : `write ${near}`;
  return `"${name}" at character ${at} is no part of a rule; ${advice}`;
}

function frequencyOf(part: Part | undefined, text: string): Frequency {
  if (part === undefined) throw new RuleFault(`FREQ is missing; write for example FREQ=DAILY;${text}`);
  const found = frequencies.find((one) => one === part.value);
  if (found !== undefined) return found;
  const near = nearestName(part.value, frequencies);
  throw fault(part, part.value, frequencies.join(', '), near);
}

function wholeNumber(part: Part | undefined, most: number): number | null {
  if (part === undefined) return null;
  const value = /^\d{1,12}$/.test(part.value) ? Number(part.value) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw fault(part, part.value, `a whole number from 1 to ${most}`, value > most ? String(most) : '1');
}

function untilOf(part: Part | undefined): WrittenTime | null {
  if (part === undefined) return null;
  const until = writtenTime(part.value);
  if (until === null) throw fault(part, part.value, 'a day 20261231 or a time 20261231T235959Z', null);
  return until;
}

function weekStartOf(part: Part | undefined): number {
  if (part === undefined) return 1;
  const index = dayNames.findIndex((name) => name === part.value);
  if (index < 0) throw fault(part, part.value, dayNames.join(', '), nearestDay(part.value));
  return index;
}

function numbers(part: Part | undefined, least: number, most: number, fromEnd: boolean): number[] | null {
  if (part === undefined) return null;
  const values = part.value.split(',').map((item) => {
    const value = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN;
    const size = fromEnd ? Math.abs(value) : value;
    if (size >= least && size <= most) return value;
    const expected = fromEnd
      ? `${least} to ${most}, or -${most} to -${least} counted from the end`
      : `${least} to ${most}`;
    const near = Number.isNaN(value) ? null : String(fromEnd && value < 0 ? -most : size > most ? most : least);
    throw fault(part, item, expected, near);
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

function daysOf(part: Part | undefined, frequency: Frequency, parts: ReadonlyMap<PartName, Part>): RuleDay[] | null {
  if (part === undefined) return null;
  const inMonth = frequency === 'MONTHLY' || parts.has('BYMONTH');
  const days = part.value.split(',').map((item): RuleDay => {
    const [, number = '', name = ''] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? [];
    const weekday = dayNames.findIndex((one) => one === name);
    const expected = 'MO to SU, in months and years also 2TU (the second Tuesday) or -1FR (the last Friday)';
    if (weekday < 0) throw fault(part, item, expected, nearestDay(item));
    if (number === '') return { weekday, nth: 0 };
    const nth = Number(number);
    if (frequency !== 'MONTHLY' && frequency !== 'YEARLY') {
      throw fault(part, item, `days without a number, because FREQ is ${frequency}`, name);
    }
    if (parts.has('BYWEEKNO'))
      throw fault(part, item, 'days without a number, because BYWEEKNO has chosen the week', name);
    const most = inMonth ? 5 : 53;
    if (nth === 0 || Math.abs(nth) > most)
      throw fault(part, item, `a number from 1 to ${most} or -${most} to -1`, `1${name}`);
    return { weekday, nth };
  });
  return days;
}

function nearestDay(text: string): string | null {
  const letters = text.replace(/^[+-]?\d+/, '');
  const found = dayNames.find((name) => letters.startsWith(name));
  return found === undefined ? null : text.slice(0, text.length - letters.length) + found;
}

function refuseCombinations(rule: Rule, parts: ReadonlyMap<PartName, Part>): void {
  const { frequency } = rule;
  const refuse = (name: PartName, remedy: string): void => {
    if (parts.has(name)) throw new RuleFault(`${name} and FREQ=${frequency} do not go together; ${remedy}`);
  };
  if (rule.count !== null && rule.until !== null)
    throw new RuleFault('COUNT and UNTIL do not go together; leave one out');
  if (frequency !== 'YEARLY') refuse('BYWEEKNO', 'it belongs to FREQ=YEARLY');
  if (frequency === 'WEEKLY') refuse('BYMONTHDAY', 'write FREQ=MONTHLY');
  if (frequency === 'DAILY' || frequency === 'WEEKLY' || frequency === 'MONTHLY')
    refuse('BYYEARDAY', 'write FREQ=YEARLY');
  const chooses = [...parts.keys()].some((name) => name.startsWith('BY') && name !== 'BYSETPOS');
  if (rule.positions !== null && !chooses) {
    throw new RuleFault(
      'BYSETPOS chooses among the times of another part; write for example BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    );
  }
}

function fault(part: Part, text: string, expected: string, instead: string | null): RuleFault {
  const place = part.at + Math.max(0, part.value.indexOf(text));
  const near =
    instead === null ? '' : `; write ${part.name}=${instead === text ? expected : part.value.replace(text, instead)}`;
  return new RuleFault(`${part.name}: "${text}" at character ${place}: expected ${expected}${near}`);
}
