// Reads a cron expression into the shape of its meaning (how often within the day, on which days), for the common patterns that
// can be said in words. Anything else is null, and the page shows the expression itself: no words are better than wrong ones.

export type Times =
  /** Every `step` seconds, minutes or hours; `at` is the offset within the larger unit, as seconds for hours. */
  | { readonly kind: 'every'; readonly unit: 'second' | 'minute' | 'hour'; readonly step: number; readonly at: number }
  /** As above, but only in these hours (both inclusive). */
  | {
      readonly kind: 'between';
      readonly unit: 'minute';
      readonly step: number;
      readonly from: number;
      readonly to: number;
    }
  /** At these seconds of the day. */
  | { readonly kind: 'at'; readonly seconds: readonly number[] };

export type Days =
  | { readonly kind: 'all' }
  /** 0 is Sunday. */
  | { readonly kind: 'weekdays'; readonly days: readonly number[] }
  /** The nth such weekday of the month; -1 is the last. */
  | { readonly kind: 'nth'; readonly day: number; readonly nth: number }
  | { readonly kind: 'dates'; readonly dates: readonly number[] }
  | { readonly kind: 'lastDate' };

export interface Pattern {
  readonly times: Times;
  readonly days: Days;
  /** 1 to 12, or empty for all. */
  readonly months: readonly number[];
}

const macros: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** More times of day than this are not said in words. */
const timesSpoken = 4;

export function readPattern(expression: string): Pattern | null {
  const trimmed = expression.trim();
  const fields = (macros[trimmed.toLowerCase()] ?? trimmed).toUpperCase().split(/\s+/);
  if (fields.length === 5) fields.unshift('0');
  const [second, minute, hour, date, month, weekday] = fields;
  if (fields.length !== 6 || !second || !minute || !hour || !date || !month || !weekday) return null;
  const times = readTimes(second, minute, hour);
  const days = readDays(date, weekday);
  const months = month === '*' || month === '?' ? [] : readList(month, 1, 12, monthNames);
  return times === null || days === null || months === null ? null : { times, days, months };
}

function readTimes(second: string, minute: string, hour: string): Times | null {
  if (minute === '*' && hour === '*') {
    const step = stepOf(second, 59);
    if (step !== null) return { kind: 'every', unit: 'second', step, at: 0 };
  }
  if (!/^\d+$/.test(second) || Number(second) > 59) return null;
  const at = Number(second);
  const minuteStep = stepOf(minute, 59);
  if (minuteStep !== null) return everyMinutes(minuteStep, at, hour);
  const minutes = readList(minute, 0, 59, []);
  if (minutes === null) return null;
  const hourStep = stepOf(hour, 23);
  if (hourStep !== null) {
    const [only] = minutes;
    return minutes.length === 1 && only !== undefined
      ? { kind: 'every', unit: 'hour', step: hourStep, at: only * 60 + at }
      : null;
  }
  const hours = readList(hour, 0, 23, []);
  if (hours === null || hours.length * minutes.length > timesSpoken) return null;
  return { kind: 'at', seconds: hours.flatMap((h) => minutes.map((m) => h * 3600 + m * 60 + at)) };
}

function everyMinutes(step: number, at: number, hour: string): Times | null {
  if (hour === '*') return { kind: 'every', unit: 'minute', step, at };
  const hours = at === 0 ? readList(hour, 0, 23, []) : null;
  const [from] = hours ?? [];
  const to = hours?.at(-1);
  if (hours === null || from === undefined || to === undefined || to - from !== hours.length - 1) return null;
  return { kind: 'between', unit: 'minute', step, from, to };
}

/** `*` is 1 and a step that divides the unit evenly is itself: a step that does not, such as 7 minutes, jumps at the hour. */
function stepOf(field: string, max: number): number | null {
  if (field === '*') return 1;
  const match = /^(?:\*|0)\/(\d+)$/.exec(field);
  const step = match === null ? 0 : Number(match[1]);
  return step > 0 && (max + 1) % step === 0 ? step : null;
}

function readDays(date: string, weekday: string): Days | null {
  const anyDate = date === '*' || date === '?';
  const anyWeekday = weekday === '*' || weekday === '?';
  if (anyDate && anyWeekday) return { kind: 'all' };
  // Both given means "either" to cron, which few people expect: leave it unsaid.
  if (!anyDate && !anyWeekday) return null;
  if (anyWeekday) {
    if (date === 'L') return { kind: 'lastDate' };
    const dates = readList(date, 1, 31, []);
    return dates === null || dates.length > timesSpoken ? null : { kind: 'dates', dates };
  }
  const nth = /^([A-Z]{3}|[0-7])(?:#([1-5])|(L))$/.exec(weekday);
  if (nth !== null) {
    const day = weekdayOf(nth[1] ?? '');
    return day === null ? null : { kind: 'nth', day, nth: nth[3] === 'L' ? -1 : Number(nth[2]) };
  }
  const days = readList(weekday, 0, 7, dayNames);
  return days === null
    ? null
    : { kind: 'weekdays', days: [...new Set(days.map((day) => day % 7))].sort((a, b) => a - b) };
}

function weekdayOf(text: string): number | null {
  const days = readList(text, 0, 7, dayNames);
  return days?.[0] === undefined ? null : days[0] % 7;
}

/** Numbers, names and plain ranges between commas, sorted; null for anything cleverer. */
function readList(field: string, min: number, max: number, names: readonly string[]): number[] | null {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const ends = part.split('-').map((end) => {
      const index = names.indexOf(end);
      if (index >= 0) return index + min;
      return /^\d+$/.test(end) ? Number(end) : Number.NaN;
    });
    const [from = Number.NaN, to = from] = ends;
    if (ends.length > 2 || !(from >= min && to <= max && from <= to)) return null;
    for (let value = from; value <= to; value++) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}
