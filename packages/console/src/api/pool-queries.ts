// What the pages of pools read.

import type { Page, PoolView, PoolWorker, ScalingDecisionRow } from '@tidewheel/protocol';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { queryText } from '../routing/route.ts';
import { pathOf } from './queries.ts';
import { request } from './request.ts';

const pageRows = '50';
/** Runs come and go at workers without a word about pools. */
const lookMs = 3_000;

export const poolsQuery = (namespace: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'pools'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<PoolView>>(`${pathOf(namespace, 'pools')}${queryText({ cursor: pageParam, limit: pageRows })}`, {
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['pools', 'workers'] },
    refetchInterval: lookMs,
  });

export const poolQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'pool', name],
    queryFn: ({ signal }) => request<PoolView>(pathOf(namespace, 'pools', name), { signal }),
    meta: { topics: ['pools', 'workers'] },
    refetchInterval: lookMs,
  });

export const poolWorkersQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [namespace, 'pool-workers', name],
    queryFn: async ({ signal }) =>
      (await request<{ items: PoolWorker[] }>(pathOf(namespace, 'pools', name, 'workers'), { signal })).items,
    meta: { topics: ['pools', 'workers'] },
    refetchInterval: lookMs,
  });

export const decisionsQuery = (namespace: string, name: string) =>
  infiniteQueryOptions({
    queryKey: [namespace, 'pool-decisions', name],
    queryFn: ({ signal, pageParam }) =>
      request<Page<ScalingDecisionRow>>(
        `${pathOf(namespace, 'pools', name, 'decisions')}${queryText({ cursor: pageParam, limit: pageRows })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    meta: { topics: ['pools'] },
  });
