// Workers of pools: who there is, who drains for a pool, and who has been given up.
//
//   live ──cordon──► draining ──empty, seen by its master──► released ──► the platform ends it
//     ▲                 │
//     └────uncordon─────┘
//
// A cordoned worker stays connected and gets no work: every claim asks for a session that is `live`, in its own statement. It counts as empty
// only when its master has renewed it since (so it knows), and no run names it. From the release on it is not taken back.

import type { Labels, WorkerStats } from '@tidewheel/protocol';
import type { PoolSession } from '../core/pools/pool-facts.ts';
import type { Tx } from '../ports/database.ts';

interface SessionRow {
  id: string;
  namespace: string;
  worker: string;
  labels: string;
  slots: number;
  state: 'live' | 'draining';
  cordoned_at: number | null;
  released_at: number | null;
  ends_at: number | null;
  created_at: number;
  last_seen_at: number;
  stats: string;
}

export async function poolSessions(tx: Tx): Promise<PoolSession[]> {
  const rows = await tx.query<SessionRow>(
    `select s.id, s.namespace, s.worker, s.labels, s.slots, s.state, s.cordoned_at, s.released_at, s.ends_at, s.created_at, s.last_seen_at, s.stats
     from session s where s.state <> 'dead' and s.expires_at > now_ms() and s.namespace in (select p.namespace from pool p)
     order by s.created_at, s.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    namespace: row.namespace,
    worker: row.worker,
    labels: JSON.parse(row.labels) as Labels,
    slots: row.slots,
    draining: row.state === 'draining',
    cordonedAt: row.cordoned_at,
    releasedAt: row.released_at,
    endsAt: row.ends_at,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    ...usedBy(row.stats),
  }));
}

/** As the worker said with its last heartbeat; older ones tell only of their own process. */
function usedBy(stats: string): Pick<PoolSession, 'cpu' | 'memoryShare'> {
  const { cpu, usedCpu, memoryBytes, usedMemoryBytes, memoryLimitBytes } = JSON.parse(stats) as WorkerStats;
  const bytes = usedMemoryBytes ?? memoryBytes;
  const known = bytes !== undefined && memoryLimitBytes !== undefined && memoryLimitBytes > 0;
  return { cpu: usedCpu ?? cpu ?? null, memoryShare: known ? bytes / memoryLimitBytes : null };
}

const named = (tx: Tx): string => `session.id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`;
const idsOf = (ids: readonly string[]): string => JSON.stringify(ids.map((id) => ({ id })));

/** Answers those that it changed. */
export async function sessionsCordon(tx: Tx, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    `update session set state = 'draining', cordoned_at = now_ms() where state = 'live' and ${named(tx)} returning id`,
    [idsOf(ids)],
  );
  return rows.map(({ id }) => id);
}

/** Not those that were given up, nor those that drain because somebody else asked. */
export async function sessionsUncordon(tx: Tx, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    `update session set state = 'live', cordoned_at = null
     where state = 'draining' and cordoned_at is not null and released_at is null and ends_at is null and ${named(tx)} returning id`,
    [idsOf(ids)],
  );
  return rows.map(({ id }) => id);
}

/**
 * Gives up those of these workers that are empty: no run names them, and their master has renewed them since they were cordoned, at least
 * `quietMs` ago. A claim that was under way when they were cordoned has been committed or rolled back by then.
 */
export async function sessionsRelease(tx: Tx, ids: readonly string[], quietMs: number): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    `update session set released_at = now_ms()
     where state = 'draining' and cordoned_at is not null and released_at is null and last_seen_at > cordoned_at
       and cordoned_at <= now_ms() - $2 and not exists (select 1 from run r where r.session_id = session.id) and ${named(tx)}
     returning id`,
    [idsOf(ids), quietMs],
  );
  return rows.map(({ id }) => id);
}

/** Their machines end at these times: they get no more work, and are told until when what they run may go on. */
export async function sessionsEnding(tx: Tx, ends: readonly { id: string; endsAt: number }[]): Promise<string[]> {
  if (ends.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    `update session set state = 'draining', ends_at = x.ends_at
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', ends_at: 'bigint' })}
     where session.id = x.id and session.state <> 'dead' and (session.ends_at is null or session.ends_at <> x.ends_at)
     returning session.id`,
    [JSON.stringify(ends.map(({ id, endsAt }) => ({ id, ends_at: endsAt })))],
  );
  return rows.map(({ id }) => id);
}
