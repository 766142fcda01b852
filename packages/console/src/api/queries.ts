// Everything that pages read, as query definitions: where it comes from, under which key it is kept, which live topics make it
// stale. Keys begin with the namespace, so that switching never shows another one's data.

import type {
  BackupView,
  ClusterStatus,
  ElectionView,
  FireView,
  GapView,
  JobView,
  LiveTopic,
  LockView,
  LogChunkView,
  Overview,
  Page,
  RunSummary,
  RunView,
  ScheduleView,
  SelfCheck,
  StoreStatus,
  ServerInfo,
  SessionInfo,
  WorkerView,
} from '@tidewheel/protocol';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { isUnderWay } from '../backups/standing.ts';
import { queryText, type RunFilter, type ScheduleFilter, windows } from '../routing/route.ts';
import { learnServerTime } from '../time/clock.ts';
import { request } from './request.ts';

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: { readonly topics?: readonly LiveTopic[] };
  }
}

/** Rows that a page asks for at once. */
const pageRows = 50;
/** Rows that a picker asks for, the most that the server gives. */
const pickerRows = 200;

export function pathOf(namespace: string, ...parts: readonly string[]): string {
  return ['/v1/namespaces', namespace, ...parts]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => request<SessionInfo>('/v1/session', { signal }),
  staleTime: Infinity,
  retry: false,
});

export const namespacesQuery = queryOptions({
  queryKey: ['namespaces'],
  queryFn: async ({ signal }) => (await request<{ items: string[] }>('/v1/namespaces', { signal })).items,
  staleTime: 60_000,
});

export const serverQuery = queryOptions({
  queryKey: ['server'],
  queryFn: async ({ signal }) => {
    const askedAt = Date.now();
    const info = await request<ServerInfo>('/v1/server', { signal });
    learnServerTime(info.now, askedAt, Date.now());
    return info;
  },
  staleTime: 60_000,
});

export const overviewQuery = (namespace: string) =>
  queryOptions({
    queryKey: [namespace, 'overview'],
    queryFn: ({ signal }) => request<Overview>(pathOf(namespace, 'overview'), { signal }),
    meta: { topics: ['runs', 'schedules', 'jobs', 'workers'] },
  });

export const schedulesQuery = (namespace: string, filter: ScheduleFilter) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'schedules', filter],
    queryFn: ({ signal, pageParam }) =>
      request<Page<ScheduleView>>(
        pathOf(namespace, 'schedules') +
          queryText({
            q: filter.search,
            state: filter.state,
            job: filter.job,
            cursor: pageParam,
            limit: String(pageRows),
          }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['schedules', 'runs'] },
  });

export const scheduleQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'schedule', name],
    queryFn: ({ signal }) => request<ScheduleView>(pathOf(namespace, 'schedules', name), { signal }),
    meta: { topics: ['schedules', 'runs'] },
  });

export const firesQuery = (namespace: string, name: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'fires', name],
    queryFn: ({ signal, pageParam }) =>
      request<Page<FireView>>(
        pathOf(namespace, 'schedules', name, 'fires') + queryText({ cursor: pageParam, limit: String(pageRows) }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['schedules', 'runs'] },
  });

export const jobsQuery = (namespace: string, search: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'jobs', search],
    queryFn: ({ signal, pageParam }) =>
      request<Page<JobView>>(
        pathOf(namespace, 'jobs') + queryText({ q: search, cursor: pageParam, limit: String(pageRows) }),
        {
          signal,
        },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['jobs', 'schedules'] },
  });

export const jobQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'job', name],
    queryFn: ({ signal }) => request<JobView>(pathOf(namespace, 'jobs', name), { signal }),
    meta: { topics: ['jobs', 'schedules'] },
  });

/** Names for the palette, and the zones of schedules for "job's zone"; `search` narrows on the server. */
export const schedulePickQuery = (namespace: string, search: string) =>
  queryOptions({
    queryKey: [namespace, 'schedule-pick', search],
    queryFn: ({ signal }) =>
      request<Page<ScheduleView>>(
        pathOf(namespace, 'schedules') + queryText({ q: search, limit: String(pickerRows) }),
        { signal },
      ),
    staleTime: 30_000,
    meta: { topics: ['schedules'] },
  });

export const jobPickQuery = (namespace: string, search: string) =>
  queryOptions({
    queryKey: [namespace, 'job-pick', search],
    queryFn: ({ signal }) =>
      request<Page<JobView>>(pathOf(namespace, 'jobs') + queryText({ q: search, limit: String(pickerRows) }), {
        signal,
      }),
    staleTime: 30_000,
    meta: { topics: ['jobs'] },
  });

/** A page of runs. `now` turns a window that ends now into a start. */
export function fetchRuns(
  namespace: string,
  filter: RunFilter,
  now: number,
  options: { readonly cursor: string | null; readonly limit?: number; readonly signal?: AbortSignal },
): Promise<Page<RunSummary>> {
  const after = filter.window === null ? filter.from : now - windows[filter.window];
  const query = queryText({
    state: filter.states.join(','),
    job: filter.job,
    schedule: filter.schedule,
    worker: filter.worker,
    queue: filter.queue,
    createdAfter: after?.toString() ?? null,
    createdBefore: filter.to?.toString() ?? null,
    cursor: options.cursor,
    limit: String(options.limit ?? pageRows),
  });
  return request(pathOf(namespace, 'runs') + query, options.signal === undefined ? {} : { signal: options.signal });
}

export const runQuery = (namespace: string, id: string) =>
  queryOptions({
    queryKey: [namespace, 'run', id],
    queryFn: ({ signal }) => request<RunView>(pathOf(namespace, 'runs', id), { signal }),
    meta: { topics: ['runs'] },
  });

export function fetchLogs(
  namespace: string,
  runId: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<LogChunkView>> {
  return request(pathOf(namespace, 'runs', runId, 'logs') + queryText({ cursor, limit: String(pickerRows) }), {
    signal,
  });
}

export const workersQuery = (namespace: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'workers'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<WorkerView>>(
        pathOf(namespace, 'workers') + queryText({ cursor: pageParam, limit: String(pickerRows) }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['workers', 'runs'] },
    // Heartbeats and loads are not announced one by one.
    refetchInterval: 5_000,
  });

export const locksQuery = (namespace: string, all: boolean) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'locks', all],
    queryFn: ({ signal, pageParam }) =>
      request<Page<LockView>>(
        pathOf(namespace, 'locks') +
          queryText({ all: all ? 'true' : null, cursor: pageParam, limit: String(pageRows) }),
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['locks'] },
    // Renewals and leases that run out are not announced.
    refetchInterval: 3_000,
  });

export const clusterQuery = queryOptions({
  queryKey: ['cluster'],
  queryFn: ({ signal }) => request<ClusterStatus>('/v1/cluster', { signal }),
  meta: { topics: ['cluster'] },
  // Rates, latencies and silences change without a word.
  refetchInterval: 3_000,
});

export const electionsQuery = infiniteQueryOptions({
  queryKey: ['elections'],
  queryFn: ({ signal, pageParam }) =>
    request<Page<ElectionView>>(`/v1/cluster/elections${queryText({ cursor: pageParam, limit: '10' })}`, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.nextCursor,
  meta: { topics: ['cluster'] },
  refetchInterval: 15_000,
});

export const storeQuery = queryOptions({
  queryKey: ['store'],
  queryFn: ({ signal }) => request<StoreStatus>('/v1/store', { signal }),
  meta: { topics: ['cluster'] },
  refetchInterval: 60_000,
});

export const backupsQuery = infiniteQueryOptions({
  queryKey: ['backups'],
  queryFn: ({ signal, pageParam }) =>
    request<Page<BackupView>>(`/v1/backups${queryText({ cursor: pageParam, limit: String(pageRows) })}`, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.nextCursor,
  meta: { topics: ['cluster'] },
  // One that is under way tells how far it is without a word.
  refetchInterval: ({ state }) =>
    state.data?.pages.some((page) => page.items.some(isUnderWay)) === true ? 1_000 : 15_000,
});

/** Of a store that was restored; asked for only then, since there is nothing to be found otherwise. */
export const gapQuery = queryOptions({
  queryKey: ['restore-gap'],
  queryFn: ({ signal }) => request<GapView>('/v1/restore-gap', { signal }),
  // Once something is chosen it ends by itself, and there is nothing more to ask for.
  refetchInterval: ({ state }) => (state.data === undefined || state.data.choice === null ? 3_000 : false),
  refetchOnWindowFocus: false,
});

export const selfCheckQuery = queryOptions({
  queryKey: ['self-check'],
  queryFn: ({ signal }) => request<SelfCheck>('/v1/self-check', { signal }),
  meta: { topics: ['cluster'] },
  refetchInterval: 10_000,
});
