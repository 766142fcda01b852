// What a server says of itself: which session this is, whether it is the primary, and which history it follows.

import pg from 'pg';
import type { Lineage } from '../../ports/store-history.ts';
import { StoreUnavailable } from '../../ports/database.ts';

/** The timeline in which the primary writes; on a standby, which writes in none, zero. */
export const timelineSql = `case when pg_is_in_recovery() then 0
  else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end`;

const lineageSql = `pg_is_in_recovery() as standby, ${timelineSql} as timeline,
  (select system_identifier::text from pg_control_system()) as "systemId",
  extract(epoch from pg_postmaster_start_time())::text as "startedAt"`;

/** A record in the log, which holds nothing: its commit waits for the standby, and so for all that is before it. */
export const confirmationSql = `select pg_logical_emit_message(true, 'tidewheel', '')`;

/** A session of the server, or one transaction of it where a pooler lends sessions. */
export interface ServerSession {
  readonly pid: number;
  readonly began: string;
}

export interface ServerFacts extends ServerSession {
  readonly standby: boolean;
  readonly lineage: Lineage;
}

/** By the moment at which the session began, so that a process with the same number is never taken for it. */
export const sessionFactsSql = `select pid, backend_start::text as began, ${lineageSql} from pg_stat_activity where pid = pg_backend_pid()`;

/** By the moment at which the transaction began: the session is somebody else's in the next one. */
export const transactionFactsSql = `select pg_backend_pid() as pid, transaction_timestamp()::text as began, ${lineageSql}`;

interface FactsRow extends ServerSession, Lineage {
  readonly standby: number;
}

export function factsOf(row: object | undefined): ServerFacts {
  if (row === undefined) throw new StoreUnavailable('PostgreSQL does not tell which session this is');
  const { pid, began, standby, systemId, timeline, startedAt } = row as FactsRow;
  return { pid, began, standby: standby === 1, lineage: { systemId, timeline, startedAt } };
}

/** The cluster whose data this database holds; null when it holds none yet. */
export async function clusterOf(client: pg.ClientBase): Promise<string | null> {
  try {
    const { rows } = await client.query<{ value: string }>(`select value from meta where key = 'cluster_id'`);
    return rows[0]?.value ?? null;
  } catch (error) {
    const undefinedTable = '42P01';
    if (error instanceof pg.DatabaseError && error.code === undefinedTable) return null;
    throw error;
  }
}
