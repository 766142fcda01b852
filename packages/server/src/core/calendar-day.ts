// What of one day lies in a calendar, told in wall time. A day begins and ends where the clocks of its zone say so.

import type { CalendarDay, CalendarDays } from '@tidewheel/protocol';
import { type CompiledCalendar, insideBetween } from './calendar.ts';
import { dateText, dayMs, dayOf } from './days.ts';
import { instantsOf, offsetAt } from './zone-clock.ts';

/** `date`: 2026-10-01. `zone`: whose day, unless the calendar has a zone of its own. */
export function dayInCalendar(calendar: CompiledCalendar, date: string, zone: string): CalendarDay {
  const timezone = calendar.clock?.zone ?? zone;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const from = firstInstant(timezone, midnight);
  const until = firstInstant(timezone, midnight + dayMs);
  // Samoa left a day out: of nothing, nothing lies inside.
  const spans = until > from ? insideBetween(calendar, from, until, timezone) : [];
  const [only] = spans;
  if (only === undefined) return { date, timezone, inside: 'not', hours: [] };
  if (only.from === from && only.to === until) return { date, timezone, inside: 'whole', hours: [] };
  const hours = spans.map((span) => ({
    from: wallText(timezone, span.from),
    to: span.to === until ? '24:00' : wallText(timezone, span.to),
  }));
  return { date, timezone, inside: 'partly', hours };
}

/** The days from `from` to `to`, both included, of which something lies inside. */
export function daysInCalendar(calendar: CompiledCalendar, from: string, to: string, zone: string): CalendarDays {
  const days: CalendarDays['days'] = [];
  const last = dayOf(Date.parse(`${to}T00:00:00Z`));
  for (let day = dayOf(Date.parse(`${from}T00:00:00Z`)); day <= last; day += 1) {
    const { date, inside, hours } = dayInCalendar(calendar, dateText(day), zone);
    if (inside !== 'not') days.push({ date, inside, hours });
  }
  return { timezone: calendar.clock?.zone ?? zone, days };
}

function firstInstant(zone: string, wallMs: number): number {
  const instants = instantsOf(zone, wallMs);
  if (instants.kind === 'gap') return instants.change.at;
  return instants.kind === 'one' ? instants.at : instants.first;
}

/** To the minute; calendars know no seconds. */
function wallText(zone: string, at: number): string {
  return new Date(at + offsetAt(zone, at)).toISOString().slice(11, 16);
}
