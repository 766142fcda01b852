// Instants and spans as text, for one zone and one language. Pure: "now" is always an argument.
// Absolute times look the same in every language (2026-11-21 14:03:05), because operators compare them by eye.

import type { Translate } from '../language/catalogue.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const formatters = new Map<string, Intl.DateTimeFormat>();

interface Parts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

function partsOf(at: number, zone: string): Parts {
  const parts: Record<string, string> = {};
  for (const part of formatterOf(zone).formatToParts(at)) parts[part.type] = part.value;
  const {
    year = '',
    month = '',
    day: dayOfMonth = '',
    hour: hours = '',
    minute: minutes = '',
    second: seconds = '',
  } = parts;
  return { year, month, day: dayOfMonth, hour: hours, minute: minutes, second: seconds };
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

export function isZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** As short as it can be without doubt: `14:03:05` today, `11-20 14:03` this year, else `2025-11-20 14:03`. */
export function shortInstant(at: number, zone: string, now: number): string {
  const then = partsOf(at, zone);
  const today = partsOf(now, zone);
  const sameYear = then.year === today.year;
  if (sameYear && then.month === today.month && then.day === today.day)
    return `${then.hour}:${then.minute}:${then.second}`;
  const date = sameYear ? `${then.month}-${then.day}` : `${then.year}-${then.month}-${then.day}`;
  return `${date} ${then.hour}:${then.minute}`;
}

/** `2026-11-21 14:03:05.120 Asia/Shanghai (+08:00)`; milliseconds only when there are any. */
export function fullInstant(at: number, zone: string): string {
  const then = partsOf(at, zone);
  const ms = ((at % second) + second) % second;
  const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
  const offset = zone === 'UTC' ? '' : ` (${offsetText(zoneOffset(at, zone))})`;
  return `${then.year}-${then.month}-${then.day} ${then.hour}:${then.minute}:${then.second}${fraction} ${zone}${offset}`;
}

/** `14:03:05.120`, for log lines. */
export function clockTime(at: number, zone: string): string {
  const then = partsOf(at, zone);
  return `${then.hour}:${then.minute}:${then.second}.${String(((at % second) + second) % second).padStart(3, '0')}`;
}

/** Milliseconds that the zone is ahead of UTC at that instant. */
export function zoneOffset(at: number, zone: string): number {
  const there = partsOf(at, zone);
  const asUtc = Date.UTC(
    Number(there.year),
    Number(there.month) - 1,
    Number(there.day),
    Number(there.hour),
    Number(there.minute),
    Number(there.second),
  );
  return asUtc - Math.floor(at / second) * second;
}

function offsetText(offset: number): string {
  const sign = offset < 0 ? '−' : '+';
  const minutes = Math.round(Math.abs(offset) / minute);
  return `${sign}${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** A span in at most two units: `340 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function span(ms: number, t: Translate): string {
  if (ms < second) return t('unit.ms', { n: Math.max(0, Math.round(ms)) });
  if (ms < 10 * second) return t('unit.s', { n: (Math.floor(ms / 100) / 10).toString() });
  if (ms < minute) return t('unit.s', { n: Math.floor(ms / second) });
  if (ms < hour)
    return two(
      ms,
      minute,
      second,
      (min, s) => t('unit.minS', { min, s }),
      (n) => t('unit.min', { n }),
    );
  if (ms < day)
    return two(
      ms,
      hour,
      minute,
      (h, min) => t('unit.hMin', { h, min }),
      (n) => t('unit.h', { n }),
    );
  return two(
    ms,
    day,
    hour,
    (d, h) => t('unit.dH', { d, h }),
    (n) => t('unit.d', { n }),
  );
}

/** A span as `span` writes it, but with a decimal below ten milliseconds: round trips on a good network. */
export function preciseSpan(ms: number, t: Translate): string {
  return ms < 10 ? t('unit.ms', { n: (Math.max(0, Math.floor(ms * 10)) / 10).toString() }) : span(ms, t);
}

/** One unit, for relative times, where more would be noise. */
export function roughSpan(ms: number, t: Translate): string {
  if (ms < minute) return t('unit.s', { n: Math.floor(ms / second) });
  if (ms < hour) return t('unit.min', { n: Math.floor(ms / minute) });
  if (ms < 2 * day) return t('unit.h', { n: Math.floor(ms / hour) });
  return t('unit.d', { n: Math.floor(ms / day) });
}

function two(
  ms: number,
  large: number,
  small: number,
  both: (large: number, small: number) => string,
  one: (large: number) => string,
): string {
  const count = Math.floor(ms / large);
  const rest = Math.floor((ms - count * large) / small);
  return rest === 0 ? one(count) : both(count, rest);
}

/** `12 s ago`, `in 3 min`, `now` within a second. */
export function relative(at: number, now: number, t: Translate): string {
  const ago = now - at;
  if (Math.abs(ago) < second) return t('time.now');
  return ago > 0 ? t('time.ago', { span: roughSpan(ago, t) }) : t('time.in', { span: roughSpan(-ago, t) });
}

/** What is left until `at`, counted like a clock: `0:07`, `4:05`, `2:04:09`; from a day on in words. Never negative. */
export function countdown(at: number, now: number, t: Translate): string {
  const left = Math.max(0, Math.ceil((at - now) / second));
  if (left >= day / second) return span(left * second, t);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor((left % 3600) / 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(left % 60)}` : `${minutes}:${pad(left % 60)}`;
}
