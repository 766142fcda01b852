// Calendars one by one: put, delete, import, and what of a day lies in one. A change is one transaction with the new versions of the
// schedules that depend on the calendar; sets of calendars travel with jobs, through Definitions.apply.

import {
  type CalendarDay,
  type CalendarDays,
  type CalendarDefinition,
  type CalendarImported,
  type CalendarImportOrder,
  type CalendarView,
  limits,
  Refusal,
} from '@tidewheel/protocol';
import { dayInCalendar, daysInCalendar } from '../core/calendar-day.ts';
import { withNested } from '../core/calendar-graph.ts';
import type { CalendarWish } from '../core/calendar-plan.ts';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import { dayMs } from '../core/days.ts';
import { importICalendar } from '../core/ical.ts';
import { checkTimezone } from '../core/zone.ts';
import type { Tx } from '../ports/database.ts';
import { calendarDefinitions, calendarNodes, type CalendarNode } from '../store/calendars.ts';
import { calendarView } from '../store/calendar-views.ts';
import { storeNow } from '../store/jobs.ts';
import { CalendarBook } from './calendar-book.ts';
import { type Change, writePlans } from './definition-writes.ts';
import {
  checkPrecondition,
  type Definitions,
  type DefinitionsDeps,
  type Outcome,
  type Precondition,
} from './definitions.ts';

/** How far recurring events of an imported file are written out when nobody says. */
const horizonYears = 5;

export class Calendars {
  readonly #deps: DefinitionsDeps;
  readonly #definitions: Pick<Definitions, 'change'>;

  constructor(deps: DefinitionsDeps, definitions: Pick<Definitions, 'change'>) {
    this.#deps = deps;
    this.#definitions = definitions;
  }

  /**
   * Schedules that depend on it get a new version. Refusals: VERSION_REQUIRED, STALE_VERSION, VALIDATION_FAILED, UNKNOWN_CALENDAR,
   * UNKNOWN_TIMEZONE, CONFLICT (more schedules depend on it than one transaction can carry).
   */
  async put(
    namespace: string,
    actor: string,
    definition: CalendarDefinition,
    precondition: Precondition,
  ): Promise<{ calendar: CalendarView; created: boolean }> {
    return this.#definitions.change(namespace, actor, async (tx, change) => {
      const before = await nodeNamed(tx, namespace, definition.name);
      checkPrecondition('calendar', definition.name, before?.version ?? null, precondition);
      const written = await this.#write(tx, change, { wanted: [definition], unwanted: [], source: null });
      const calendar = await calendarView(tx, namespace, definition.name);
      if (calendar === null) throw new Error(`the calendar ${definition.name} vanished within a transaction`);
      return { ...written, value: { calendar, created: before === null } };
    });
  }

  /** What an iCalendar file says takes the place of the calendar. Refusals besides those of `put`: INVALID_FILE with lines. */
  async import(
    namespace: string,
    actor: string,
    name: string,
    order: CalendarImportOrder,
    precondition: Precondition,
  ): Promise<{ imported: CalendarImported; created: boolean }> {
    const { text, description, timezone, dryRun } = order;
    const year = new Date(await storeNow(this.#deps.db)).getUTCFullYear();
    const { from = `${year}-01-01`, to = `${Number(from.slice(0, 4)) + horizonYears}-12-31` } = order;
    const { definition, ...rest } = importICalendar(text, { name, description, timezone, from, to });
    const notes = [...rest.notes];
    if (dryRun) return { imported: { ...rest, notes, calendar: null, definition: { ...definition } }, created: false };
    const { calendar, created } = await this.put(namespace, actor, definition, precondition);
    return { imported: { ...rest, notes, calendar, definition: calendar.definition }, created };
  }

  /** Refusals: NOT_FOUND, CALENDAR_IN_USE, VERSION_REQUIRED, STALE_VERSION. */
  async delete(
    namespace: string,
    actor: string,
    name: string,
    precondition: Pick<Precondition, 'ifMatch'>,
  ): Promise<void> {
    return this.#definitions.change(namespace, actor, async (tx, change) => {
      const before = await nodeNamed(tx, namespace, name);
      if (before === null) throw noCalendar(namespace, name);
      checkPrecondition('calendar', name, before.version, precondition);
      return this.#write(tx, change, { wanted: [], unwanted: [name], source: null });
    });
  }

  /** Refusals: NOT_FOUND, UNKNOWN_TIMEZONE. */
  async day(namespace: string, name: string, date: string, timezone: string): Promise<CalendarDay> {
    return dayInCalendar(await this.#compiled(namespace, name, timezone), date, timezone);
  }

  /** Refusals: NOT_FOUND, UNKNOWN_TIMEZONE, VALIDATION_FAILED (a range that is backwards or too long). */
  async days(namespace: string, name: string, from: string, to: string, timezone: string): Promise<CalendarDays> {
    const count = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
    if (count < 1 || count > limits.calendarDays) {
      const detail = count < 1 ? '`to` lies before `from`' : `${count} days; at most ${limits.calendarDays}`;
      throw new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer: '/to', detail }] });
    }
    return daysInCalendar(await this.#compiled(namespace, name, timezone), from, to, timezone);
  }

  async #compiled(namespace: string, name: string, timezone: string): Promise<CompiledCalendar> {
    const { db } = this.#deps;
    checkTimezone(timezone);
    const nodes = await calendarNodes(db, namespace);
    const versions = new Map(nodes.map((node) => [node.name, node.version]));
    const names = withNested([name], new Map(nodes.map((node) => [node.name, node.uses])));
    const keys = names.map((one) => ({ namespace, name: one, version: versions.get(one) ?? 0 }));
    const definitions = (await calendarDefinitions(db, keys)).map((row) => row.definition);
    const calendar = compileCalendars(definitions).get(name);
    if (calendar === undefined) throw noCalendar(namespace, name);
    return calendar;
  }

  async #write(tx: Tx, change: Change, wish: CalendarWish): Promise<Outcome<undefined>> {
    const calendars = await CalendarBook.open(tx, change.namespace, [], wish, '');
    const decided = await writePlans(tx, this.#deps, change, { jobs: [], calendars }, await storeNow(tx));
    return { value: undefined, written: calendars.changed, decided };
  }
}

async function nodeNamed(tx: Tx, namespace: string, name: string): Promise<CalendarNode | null> {
  return (await calendarNodes(tx, namespace)).find((node) => node.name === name) ?? null;
}

export function noCalendar(namespace: string, name: string): Refusal {
  return new Refusal('NOT_FOUND', `there is no calendar "${name}" in the namespace "${namespace}"`);
}
