// Reads a cron expression: 5 fields, 6 with seconds first, or 7 with a year last; or a nickname. Whatever is wrong is refused with the
// field, its place, what was expected, and the nearest expression that would be right.

import { type DstRules, Refusal } from '@tidewheel/protocol';
import { type ClockRules, clockRules, type WallTiming } from '../wall-times.ts';
import { daysInMonth } from '../days.ts';
import { type ZoneClock, zoneClock } from '../zone-clock.ts';
import { readDayRule } from './day-rule.ts';
import { CronFault } from './fault.ts';
import { allFields, firstYear, lastYear, monthNames, sizeOf } from './fields.ts';
import { isStar, type Piece, readField } from './field.ts';
import { ShapeFault, splitCron } from './shape.ts';
import { type CronFields, WallPattern } from './wall.ts';

/** A compiled expression in its zone. */
export interface Cron extends WallTiming {
  readonly expression: string;
  readonly timezone: string;
  readonly fields: CronFields;
  readonly pattern: WallPattern;
  readonly clock: ZoneClock;
  readonly rules: ClockRules;
  /** Neither second, minute nor hour begins with `*`: a fixed time of the day, which changes of the clock must not lose or double. */
  readonly fixed: boolean;
  /** Distance of the last time before a gap from the gap: a second where seconds are given. */
  readonly unitMs: 1000 | 60_000;
}

export interface CronOptions {
  /** What `H` makes its values of: the name of the schedule. */
  readonly hashKey?: string | undefined;
  readonly dst?: DstRules | undefined;
}

/** Throws INVALID_CRON or UNKNOWN_TIMEZONE. */
export function parseCron(expression: string, timezone: string, options: CronOptions = {}): Cron {
  const clock = zoneClock(timezone);
  let read: Reading;
  try {
    read = readCron(expression, options.hashKey ?? '');
  } catch (error) {
    if (error instanceof CronFault) throw refusalOf(expression, error, options.hashKey ?? '');
    throw error;
  }
  const { fields, pattern, hasSeconds } = read;
  return {
    expression,
    timezone: clock.zone,
    fields,
    pattern,
    clock,
    rules: clockRules(options.dst),
    fixed: !fields.second.star && !fields.minute.star && !fields.hour.star,
    unitMs: hasSeconds ? 1000 : 60_000,
  };
}

interface Reading {
  readonly fields: CronFields;
  readonly pattern: WallPattern;
  readonly hasSeconds: boolean;
}

function readCron(expression: string, hashKey: string): Reading {
  const given = splitCron(expression);
  const hasSeconds = given.length > 5;
  const [second, minute, hour, day, month, weekday, year] = hasSeconds ? given : [{ text: '0', at: 0 }, ...given];
  if (!second || !minute || !hour || !day || !month || !weekday) throw new RangeError('five fields were promised');
  const [secondSpec, minuteSpec, hourSpec, , monthSpec, , yearSpec] = allFields;
  const years = year === undefined ? null : readField(year, yearSpec, hashKey).values;
  const fields: CronFields = {
    second: readField(second, secondSpec, hashKey),
    minute: readField(minute, minuteSpec, hashKey),
    hour: readField(hour, hourSpec, hashKey),
    day: readDayRule(day, weekday, hashKey),
    month: readField(month, monthSpec, hashKey),
    year: years !== null && years.length === sizeOf(yearSpec) ? null : years,
  };
  const pattern = new WallPattern(fields);
  if (pattern.next(-1) === null) throw neverFault(fields, day, weekday);
  return { fields, pattern, hasSeconds };
}

function neverFault({ day, month }: CronFields, dayPiece: Piece, weekdayPiece: Piece): CronFault {
  const least = Math.min(...day.days.values);
  const longest = Math.max(...month.values.map((value) => daysInMonth(2000, value)));
  const months = month.values.map((value) => monthNames[value - 1]).join(', ');
  const reason =
    least > longest && day.days.values.length > 0
      ? `${months} ${month.values.length === 1 ? 'has' : 'have'} at most ${longest} days`
      : `no day from ${firstYear} to ${lastYear} fits`;
  if (isStar(dayPiece.text)) return new CronFault(weekdayPiece.at, weekdayPiece.text, `never fires: ${reason}`, '*');
  return new CronFault(dayPiece.at, dayPiece.text, `never fires: ${reason}`, dayPiece.text === 'L' ? '*' : 'L');
}

/** Rounds of mending one part after the other, for an expression of seven fields with some wrong ones. */
const mendings = 20;

/** The nearest expression that is right: every part that is refused gives way to what was probably meant. */
function nearestCron(expression: string, fault: CronFault, hashKey: string): string | null {
  let text = expression;
  let { at, text: wrong, instead } = fault;
  for (let round = 0; round < mendings; round += 1) {
    text = text.slice(0, at) + instead + text.slice(at + wrong.length);
    try {
      void readCron(text, hashKey);
      return text.trim();
    } catch (error) {
      if (!(error instanceof CronFault)) throw error;
      ({ at, text: wrong, instead } = error);
    }
  }
  return null;
}

function refusalOf(expression: string, fault: CronFault, hashKey: string): Refusal {
  const near = fault.instead === '' ? null : nearestCron(expression, fault, hashKey);
  const detail = placeOf(expression, fault) + fault.message + (near === null ? '' : `; nearest valid form: ${near}`);
  return new Refusal('INVALID_CRON', detail, { faults: [{ pointer: '/cron', detail }] });
}

/** `field 3 (day of month), "32" at character 5: ` */
function placeOf(expression: string, fault: CronFault): string {
  if (fault instanceof ShapeFault) return '';
  const parts = [...expression.matchAll(/\S+/g)];
  const index = parts.findIndex((part) => fault.at < part.index + part[0].length);
  const spec = allFields[parts.length > 5 ? index : index + 1];
  if (spec === undefined) return `"${fault.text}" at character ${fault.at + 1}: `;
  return `field ${index + 1} (${spec.title}), "${fault.text}" at character ${fault.at + 1}: `;
}
