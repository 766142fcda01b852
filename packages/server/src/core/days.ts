// Days as numbers since 1970-01-01, dates as people write them, and unions of spans. Wall times are milliseconds as if they were UTC.

export const dayMs = 86_400_000;

/** The number of the day of a wall time. */
export function dayOf(wallMs: number): number {
  return Math.floor(wallMs / dayMs);
}

export interface CivilDate {
  readonly year: number;
  /** 1-12 */
  readonly month: number;
  readonly day: number;
}

export function civilOf(day: number): CivilDate {
  const date = new Date(day * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The number of a day; of one that does not exist, such as 31 April, that of the day so many days after the first. */
export function dayNumber(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / dayMs;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthLengths[month - 1] ?? 0);
}

/** 0 is Sunday. 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** 20726 → `2026-09-30` */
export function dateText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** Every month counts 31 days here, so that a date has the same number in every year. */
export const yearDays = 12 * 31;

export function yearDayOf(wallMs: number): number {
  const date = new Date(wallMs);
  return date.getUTCMonth() * 31 + date.getUTCDate() - 1;
}

export type WrittenDate = { readonly kind: 'day' | 'yearly'; readonly number: number };

/** `2026-10-01`, or `12-25` of every year. Null when no such day exists. */
export function writtenDate(text: string): WrittenDate | null {
  const parts = text.split('-').map(Number);
  const [month = 0, day = 0] = parts.slice(-2);
  const year = parts.length === 3 ? (parts[0] ?? 0) : null;
  // 29 February is a day of every leap year.
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year ?? 2000, month)) return null;
  if (year === null) return { kind: 'yearly', number: (month - 1) * 31 + day - 1 };
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  return year < 1000 ? null : { kind: 'day', number: dayNumber(year, month, day) };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** In order and without overlap. `adjacent`: how far the next may begin after the end of one and still continue it. */
export function unionOf(spans: readonly Span[], adjacent: 0 | 1): Span[] {
  const union: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = union.at(-1);
    if (last !== undefined && from <= last.to + adjacent) last.to = Math.max(last.to, to);
    else union.push({ from, to });
  }
  return union;
}

/** Of spans in order, the first that ends later than `value`. */
export function spanEndingAfter(spans: readonly Span[], value: number): Span | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.to ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return spans[low];
}
