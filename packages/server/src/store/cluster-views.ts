// What the store knows of the cluster: its masters, by what each last said of itself, their elections, and the store's own role
// and replicas.

import type { ClusterStatus, ElectionView } from '@tidewheel/protocol';
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
}

export const noStats: MasterStats = {
  zoneDataVersion: null,
  standing: null,
  storeMs: null,
  coordinatorMs: null,
  sessions: 0,
  firesPerSecond: 0,
  claimsPerSecond: 0,
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

type StoreView = Omit<ClusterStatus['store'], 'latencyMs'>;

/** Roles without the right to see replication see none. */
export async function storeView(tx: Tx): Promise<StoreView> {
  if (tx.dialect.engine === 'sqlite') return { engine: 'sqlite', role: 'single', replicas: [] };
  const [self] = await tx.query<{ replica: boolean }>('select pg_is_in_recovery() as replica');
  const replicas = await tx.query<StoreView['replicas'][number]>(
    `select application_name as name, coalesce(state, 'unknown') as state, coalesce(sync_state, 'unknown') as sync,
       (extract(epoch from replay_lag) * 1000)::float8 as "lagMs" from pg_stat_replication order by 1 limit $1`,
    [serverLimits.replicasListed],
  );
  return { engine: 'postgres', role: self?.replica === true ? 'replica' : 'primary', replicas };
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
