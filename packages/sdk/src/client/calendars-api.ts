// Calendars and backfills over the API: which times do not count, and runs for times that have passed.

import type {
  BackfillPreview,
  BackfillRequest,
  BackfillState,
  BackfillView,
  CalendarDay,
  CalendarDays,
  CalendarImport,
  CalendarImported,
  CalendarInput,
  CalendarView,
} from '@tidewheel/protocol';
import { conditionOf, type IfVersion } from './definitions-api.ts';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export interface CalendarFilter extends PageOptions {
  q?: string | undefined;
}

export class CalendarsApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/calendars`;
  }

  list(filter: CalendarFilter = {}): Listing<CalendarView> {
    const { cursor, limit, ...query } = filter;
    return new Listing((page) => this.#requests.json('GET', this.#base, { query: { ...query, ...page } }), {
      cursor,
      limit,
    });
  }

  get(name: string): Promise<CalendarView> {
    return this.#requests.json('GET', this.#of(name));
  }

  /** Schedules that depend on it follow in the same transaction. */
  put(calendar: CalendarInput, ifVersion: IfVersion): Promise<CalendarView> {
    return this.#requests.json('PUT', this.#of(calendar.name), { body: calendar, headers: conditionOf(ifVersion) });
  }

  /** What an iCalendar file says takes the place of the calendar. */
  import(name: string, order: CalendarImport, ifVersion: IfVersion): Promise<CalendarImported> {
    return this.#requests.json('POST', `${this.#of(name)}/import`, { body: order, headers: conditionOf(ifVersion) });
  }

  async delete(name: string, ifVersion: number | 'any'): Promise<void> {
    await this.#requests.json('DELETE', this.#of(name), { headers: conditionOf(ifVersion) });
  }

  /** What of a day (`2026-10-01`) lies in it. `timezone` counts where the calendar has none of its own. */
  day(name: string, date: string, timezone?: string): Promise<CalendarDay> {
    const query = { timezone };
    return this.#requests.json('GET', `${this.#of(name)}/days/${encodeURIComponent(date)}`, { query });
  }

  /** The days of a range, both ends included, that lie in it wholly or partly. */
  days(name: string, range: { from: string; to: string; timezone?: string | undefined }): Promise<CalendarDays> {
    return this.#requests.json('GET', `${this.#of(name)}/days`, { query: { ...range } });
  }

  #of(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}

export interface BackfillFilter extends PageOptions {
  schedule?: string | undefined;
  state?: BackfillState | undefined;
}

export class BackfillsApi {
  readonly #requests: Requests;
  readonly #namespace: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#namespace = namespaceBase;
  }

  /** Newest first. */
  list(filter: BackfillFilter = {}): Listing<BackfillView> {
    const { cursor, limit, ...query } = filter;
    const path = `${this.#namespace}/backfills`;
    return new Listing((page) => this.#requests.json('GET', path, { query: { ...query, ...page } }), { cursor, limit });
  }

  get(id: string): Promise<BackfillView> {
    return this.#requests.json('GET', this.#of(id));
  }

  /** How many runs it would make, and the first of them. */
  preview(schedule: string, request: Omit<BackfillRequest, 'dryRun'>): Promise<BackfillPreview> {
    const body = { ...request, dryRun: true };
    return this.#requests.json('POST', this.#ofSchedule(schedule), { body, repeatable: true });
  }

  /** A key of our own makes it safe to ask again when the answer was lost. */
  begin(
    schedule: string,
    request: Omit<BackfillRequest, 'dryRun'>,
    idempotencyKey = this.#requests.ports.uuid(),
  ): Promise<BackfillView> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.#requests.json('POST', this.#ofSchedule(schedule), { body: request, headers, repeatable: true });
  }

  /** It makes no further runs; with `runs`, those that are unfinished are canceled too. */
  cancel(id: string, options: { reason?: string | undefined; runs?: boolean | undefined } = {}): Promise<BackfillView> {
    return this.#requests.json('POST', `${this.#of(id)}/cancel`, { body: { ...options }, repeatable: true });
  }

  #of(id: string): string {
    return `${this.#namespace}/backfills/${encodeURIComponent(id)}`;
  }

  #ofSchedule(name: string): string {
    return `${this.#namespace}/schedules/${encodeURIComponent(name)}/backfills`;
  }
}
