// What the store knows of the cluster: its masters, by what each last said of itself, their elections, and the store's own role
// and replicas.

import type { ClusterStatus, ElectionView } from '@tidewheel/protocol';
import type { ReplicationFacts } from '../core/durability.ts';
import type { Standing } from '../core/leadership.ts';
import { serverLimits } from '../core/limits.ts';
import type { MasterState } from '../core/spread.ts';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';
import { electionsList } from './terms.ts';

/** What a master says of itself when it renews its row. */
export interface MasterStats {
  readonly zoneDataVersion: string | null;
  readonly standing: Standing | null;
  readonly storeMs: number | null;
  readonly coordinatorMs: number | null;
  readonly sessions: number;
  readonly firesPerSecond: number;
  readonly claimsPerSecond: number;
  /** To the store, at the worst moment; zero when it does not say. */
  readonly storeConnections: number;
  /** The timeline of the store for which it has adopted what its workers hold. */
  readonly adoptedTimeline: number;
  /** The one in which sessions have got their grace. */
  readonly gracedTimeline: number;
}

export const noStats: MasterStats = {
  zoneDataVersion: null,
  standing: null,
  storeMs: null,
  coordinatorMs: null,
  sessions: 0,
  firesPerSecond: 0,
  claimsPerSecond: 0,
  storeConnections: 0,
  adoptedTimeline: 0,
  gracedTimeline: 0,
};

export interface MasterFacts extends MasterStats {
  readonly id: string;
  readonly address: string;
  readonly version: string;
  readonly startedAt: number;
  readonly silentMs: number;
  readonly wanted: MasterState;
  readonly wantedReason: string | null;
  readonly drained: boolean;
}

/** Masters whose rows have not run out, by address. */
export async function mastersView(tx: Tx): Promise<MasterFacts[]> {
  const rows = await tx.query<Omit<MasterFacts, keyof MasterStats | 'drained'> & { stats: string; drained: number }>(
    `select id, address, version, started_at as "startedAt", now_ms() - renewed_at as "silentMs", stats,
       wanted, wanted_reason as "wantedReason", drained
     from master where expires_at > now_ms() order by address, id limit $1`,
    [serverLimits.mastersListed],
  );
  return rows.map(({ stats, ...row }) => ({
    ...noStats,
    ...(JSON.parse(stats) as Partial<MasterStats>),
    ...row,
    drained: row.drained === 1,
    // A store whose clock has stepped back.
    silentMs: Math.max(0, row.silentMs),
  }));
}

export interface StoreFacts {
  readonly engine: 'sqlite' | 'postgres';
  readonly role: 'single' | 'primary' | 'replica';
  readonly replicas: ClusterStatus['store']['replicas'];
  readonly replication: ReplicationFacts;
  readonly timeline: number | null;
  /** For roles without special rights; null where there is no server. */
  readonly connectionsAllowed: number | null;
}

interface ServerRow {
  replica: number;
  timeline: number;
  fsync: string;
  commit: string;
  waits: number;
  allowed: number;
}

/** Roles without the right to see replication see none. Lags are those of what a standby has on its disk. */
export async function storeFacts(tx: Tx): Promise<StoreFacts> {
  if (tx.dialect.engine === 'sqlite') {
    const replication = { fsync: true, commit: 'on', waits: false, standbys: [] };
    return { engine: 'sqlite', role: 'single', replicas: [], replication, timeline: null, connectionsAllowed: null };
  }
  const [self] = await tx.query<ServerRow>(
    `select pg_is_in_recovery() as replica, ${tx.dialect.timeline} as timeline, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as commit, current_setting('synchronous_standby_names') <> '' as waits,
       current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer as allowed`,
  );
  if (self === undefined) throw new Error('PostgreSQL does not tell its settings');
  const replicas = await tx.query<StoreFacts['replicas'][number]>(
    `select application_name as name, coalesce(state, 'unknown') as state, coalesce(sync_state, 'unknown') as sync,
       case when flush_lsn >= pg_current_wal_lsn() then 0
         else (extract(epoch from flush_lag) * 1000)::float8 end as "lagMs",
       greatest(0, pg_current_wal_lsn() - flush_lsn)::bigint as "lagBytes"
     from pg_stat_replication order by 1 limit $1`,
    [serverLimits.replicasListed],
  );
  return {
    engine: 'postgres',
    role: self.replica === 1 ? 'replica' : 'primary',
    replicas,
    replication: { fsync: self.fsync === 'on', commit: self.commit, waits: self.waits === 1, standbys: replicas },
    timeline: self.timeline,
    connectionsAllowed: self.allowed,
  };
}

/** The terms of leadership, newest first; the next page begins before the term that it names. */
export async function electionsPage(
  tx: Tx,
  before: number | null,
  limit: number,
): Promise<Slice<ElectionView, number>> {
  const { items, next } = cutPage(await electionsList(tx, limit + 1, before ?? undefined), limit, ({ term }) => term);
  return {
    items: items.map(({ token: _, ...election }) => ({
      ...election,
      coordinator: election.origin.startsWith('etcd:') ? 'etcd' : 'store',
    })),
    next,
  };
}
