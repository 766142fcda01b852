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

const wallMs = `(extract(epoch from clock_timestamp()) * 1000)::float8`;

/**
 * How far the primary is: beyond this nothing was confirmed. What is on its disk, because a standby gets no more than that; but where commits
 * are confirmed before they are there, what was written at all.
 */
export const placeSql = `select (select system_identifier::text from pg_control_system()) as "systemId", ${timelineSql} as timeline,
  case when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn() else pg_current_wal_flush_lsn() end::text as position,
  ${wallMs} as "wallMs"`;

/** What a standby says of itself. The timeline that it receives is shown to roles with pg_monitor; those without see that it streams. */
export const standbySql = `select pg_is_in_recovery() as standby, (select system_identifier::text from pg_control_system()) as "systemId",
  pg_last_wal_replay_lsn()::text as position, (select received_tli from pg_stat_wal_receiver) as timeline,
  exists (select from pg_stat_wal_receiver) as streams, extract(epoch from pg_postmaster_start_time())::text as "startedAt",
  ${wallMs} as "wallMs"`;

/** Asked with each read, so it is no more than that. */
export const replayedSql = 'select pg_last_wal_replay_lsn()::text as position';

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
