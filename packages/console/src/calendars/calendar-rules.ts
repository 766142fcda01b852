// The rules of a calendar, in a few words.

import type { CalendarView } from '@tidewheel/protocol';
import type { Translate } from '../language/catalogue.ts';

type Rules = Readonly<Record<string, unknown>>;

export function rulesOf(
  definition: CalendarView['definition'],
  t: Translate,
): { rules: string; except: string | null } {
  const { except } = definition;
  const left = typeof except === 'object' && except !== null ? partsOf(except as Rules, t) : [];
  return { rules: partsOf(definition, t).join(' · '), except: left.length === 0 ? null : left.join(' · ') };
}

/** A value of a definition that is a text. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Lists of these many are written out. */
const spelledOut = 3;

function partsOf(rules: Rules, t: Translate): string[] {
  const list = (key: string): unknown[] => (Array.isArray(rules[key]) ? rules[key] : []);
  const parts: string[] = [];
  const weekdays = list('weekdays');
  if (weekdays.length > 0) parts.push(weekdays.map((day) => t(`calendars.weekday.${day as Weekday}`)).join(', '));
  for (const key of ['dates', 'ranges', 'hours', 'calendars'] as const) {
    const entries = list(key);
    if (entries.length === 0) continue;
    const texts = entries.filter((entry) => typeof entry === 'string');
    const short = key !== 'ranges' && texts.length <= spelledOut;
    parts.push(short ? texts.join(', ') : t(`calendars.${key}`, { count: entries.length }));
  }
  return parts;
}

export type Weekday = 'MON' | 'TUE' | 'WED' | 'THU' | 'FRI' | 'SAT' | 'SUN';
