// How calendars and backfills look in a table.

import type { BackfillState, BackfillView, CalendarView } from '@tidewheel/protocol';
import type { Listing } from './output.ts';
import type { Style } from './table.ts';

const backfillStyles: Record<BackfillState, Style> = { running: 'cyan', done: 'green', canceled: 'yellow' };
export const styleOfBackfill = (state: BackfillState): Style => backfillStyles[state];

export const calendarListing: Listing<CalendarView> = {
  name: (calendar) => `calendar/${calendar.name}`,
  empty: 'no calendars; declare some in a file and `tidewheel apply -f FILE`',
  columns: (times) => [
    { title: 'NAME', value: (calendar) => calendar.name, shrink: true },
    { title: 'RULES', value: (calendar) => rulesText(calendar.definition), shrink: true },
    { title: 'USED BY', value: (calendar) => usersText(calendar.usedBy), shrink: true },
    { title: 'VERSION', value: (calendar) => String(calendar.version), right: true },
    { title: 'CHANGED', value: (calendar) => times(calendar.updatedAt) },
    { title: 'TIMEZONE', value: (calendar) => textOf(calendar.definition['timezone']), wide: true },
    { title: 'DESCRIPTION', value: (calendar) => textOf(calendar.definition['description']), wide: true },
  ],
};

export const backfillListing: Listing<BackfillView> = {
  name: (backfill) => `backfill/${backfill.id}`,
  empty: 'no backfills; begin one with `tidewheel schedule backfill`',
  columns: (times) => [
    { title: 'ID', value: (backfill) => backfill.id },
    { title: 'SCHEDULE', value: (backfill) => backfill.schedule, shrink: true },
    { title: 'STATE', value: (backfill) => backfill.state, style: (backfill) => styleOfBackfill(backfill.state) },
    { title: 'DECIDED', value: (backfill) => `${backfill.decided}/${backfill.total}`, right: true },
    { title: 'OPEN', value: (backfill) => String(backfill.unfinished), right: true },
    { title: 'SUCCEEDED', value: (backfill) => String(backfill.succeeded), right: true },
    {
      title: 'UNSUCCESSFUL',
      value: (backfill) => String(backfill.unsuccessful),
      right: true,
      style: (backfill) => (backfill.unsuccessful > 0 ? 'red' : undefined),
    },
    { title: 'BEGUN', value: (backfill) => times(backfill.createdAt) },
    { title: 'FROM', value: (backfill) => new Date(backfill.from).toISOString(), wide: true },
    { title: 'TO', value: (backfill) => new Date(backfill.to).toISOString(), wide: true },
    { title: 'LEFT OUT', value: (backfill) => String(backfill.leftOut), right: true, wide: true },
    { title: 'BY', value: (backfill) => backfill.createdBy, wide: true },
    { title: 'REASON', value: (backfill) => backfill.reason, wide: true },
  ],
};

/** `weekdays SAT SUN, 7 ranges, calendars a b, except 6 dates`. */
function rulesText(definition: Readonly<Record<string, unknown>>): string {
  const parts = partsOf(definition);
  const { except } = definition;
  if (typeof except === 'object' && except !== null) {
    const left = partsOf(except as Record<string, unknown>);
    if (left.length > 0) parts.push(`except ${left.join(' and ')}`);
  }
  return parts.join(', ');
}

function partsOf(rules: Readonly<Record<string, unknown>>): string[] {
  return ['weekdays', 'dates', 'ranges', 'hours', 'calendars'].flatMap((key) => {
    const entries: unknown = rules[key];
    if (!Array.isArray(entries) || entries.length === 0) return [];
    const texts = entries.filter((entry) => typeof entry === 'string');
    return texts.length > 0 && texts.length <= 3
      ? [`${key} ${texts.join(' ')}`]
      : [`${entries.length} ${entries.length === 1 ? key.replace(/s$/, '') : key}`];
  });
}

function usersText(users: CalendarView['usedBy']): string {
  const shown = users.slice(0, 3).map((user) => user.name);
  return users.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
