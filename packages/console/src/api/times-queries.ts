// What the pages around schedules read: looks ahead, calendars, backfills, coming fires, the audit of one schedule.

import type {
  BackfillPreview,
  BackfillRequest,
  BackfillView,
  CalendarDays,
  CalendarView,
  ComingFires,
  FireAudit,
  FireFinding,
  Page,
  Preview,
  PreviewRequest,
} from '@tidewheel/protocol';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { type ComingRange, comingRanges, queryText } from '../routing/route.ts';
import { serverNow } from '../time/clock.ts';
import { pathOf } from './queries.ts';
import { request } from './request.ts';

const pageRows = '50';
/** Fires that the page of a schedule looks ahead. */
const firesAhead = '10';

export const previewQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'preview', name],
    queryFn: ({ signal }) =>
      request<Preview>(pathOf(namespace, 'schedules', name, 'preview') + queryText({ count: firesAhead }), { signal }),
    meta: { topics: ['schedules', 'runs'] },
  });

/** Of a schedule that is only thought of; refusals are answers here, so they are not asked again. */
export const sketchQuery = (namespace: string, asked: PreviewRequest) =>
  queryOptions({
    queryKey: [namespace, 'sketch', asked],
    queryFn: ({ signal }) =>
      request<Preview>(pathOf(namespace, 'schedules', 'preview'), { method: 'POST', body: asked, signal }),
    retry: false,
  });

export const calendarsQuery = (namespace: string, search: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'calendars', search],
    queryFn: ({ signal, pageParam }) =>
      request<Page<CalendarView>>(
        pathOf(namespace, 'calendars') + queryText({ q: search, cursor: pageParam, limit: pageRows }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['schedules'] },
  });

export const calendarQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'calendar', name],
    queryFn: ({ signal }) => request<CalendarView>(pathOf(namespace, 'calendars', name), { signal }),
    meta: { topics: ['schedules'] },
  });

/** `zone` counts where the calendar has none of its own. */
export const calendarYearQuery = (namespace: string, name: string, year: number, zone: string) =>
  queryOptions({
    queryKey: [namespace, 'calendar-year', name, year, zone],
    queryFn: ({ signal }) =>
      request<CalendarDays>(
        pathOf(namespace, 'calendars', name, 'days') +
          queryText({ from: `${year}-01-01`, to: `${year}-12-31`, timezone: zone }),
        { signal },
      ),
    meta: { topics: ['schedules'] },
  });

export const backfillsQuery = (namespace: string, schedule: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'backfills', schedule],
    queryFn: ({ signal, pageParam }) =>
      request<Page<BackfillView>>(
        pathOf(namespace, 'schedules', schedule, 'backfills') + queryText({ cursor: pageParam, limit: '5' }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['schedules', 'runs'] },
    // Progress is not announced.
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some(isUnderWay)) === true ? 1_500 : false,
  });

/** Its runs may still go on after it was canceled. */
export function isUnderWay({ state, unfinished }: BackfillView): boolean {
  return state === 'running' || unfinished > 0;
}

export const backfillCountQuery = (namespace: string, schedule: string, asked: BackfillRequest) =>
  queryOptions({
    queryKey: [namespace, 'backfill-count', schedule, asked],
    queryFn: ({ signal }) =>
      request<BackfillPreview>(pathOf(namespace, 'schedules', schedule, 'backfills'), {
        method: 'POST',
        body: { ...asked, dryRun: true },
        signal,
      }),
    retry: false,
  });

const dayMs = 86_400_000;

/** The last day of one schedule: what should have fired, and what the ledger has. */
export const auditQuery = (namespace: string, schedule: string) =>
  queryOptions({
    queryKey: [namespace, 'audit', schedule],
    queryFn: ({ signal }) => {
      const from = String(Math.floor(serverNow() - dayMs));
      return request<FireAudit>(pathOf(namespace, 'audit', 'fires') + queryText({ schedule, from }), { signal });
    },
    staleTime: 30_000,
    refetchInterval: 60_000,
  });

/** What the standing audit found and nobody has acknowledged. The page of a schedule and the overview read the same list. */
export const findingsQuery = (namespace: string) =>
  queryOptions({
    queryKey: [namespace, 'findings'],
    queryFn: ({ signal }) =>
      request<{ items: FireFinding[] }>(pathOf(namespace, 'audit', 'findings') + queryText({ limit: findingRows }), {
        signal,
      }),
    refetchInterval: 60_000,
    meta: { topics: ['schedules'] },
  });

const findingRows = '200';
const fiveMinutes = 300_000;
const oneHour = 3_600_000;
export const bucketOf = (range: ComingRange): number => (range === '24h' ? fiveMinutes : oneHour);

export const comingQuery = (namespace: string, range: ComingRange) =>
  queryOptions({
    queryKey: [namespace, 'coming', range],
    queryFn: ({ signal }) => {
      const from = Math.floor(serverNow());
      const query = { from: String(from), to: String(from + comingRanges[range]), bucket: String(bucketOf(range)) };
      return request<ComingFires>(pathOf(namespace, 'coming-fires') + queryText(query), { signal });
    },
    staleTime: 15_000,
    refetchInterval: 60_000,
    meta: { topics: ['schedules'] },
  });
