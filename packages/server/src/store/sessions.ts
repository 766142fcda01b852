// Sessions: the leased registrations of workers. Expiry is by the store's clock; a dead session never comes back.

import { serverLimits } from '../core/limits.ts';
import type { Hello, WorkerGone, WorkerStats } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import type { StoreStateName } from './store-state.ts';

export interface SessionOwner {
  masterId: string;
  namespace: string;
  ttlMs: number;
}

/** Registers a new incarnation. False when that incarnation is known already (it must resume, or choose another). */
export async function sessionRegister(tx: Tx, hello: Hello, owner: SessionOwner): Promise<boolean> {
  const rows = await tx.query(
    `insert into session (id, namespace, worker, master_id, state, slots, queues, handlers, labels, host, pid, version,
       created_at, last_seen_at, expires_at)
     values ($1, $2, $3, $4, 'live', $5, $6, $7, $8, $9, $10, $11, now_ms(), now_ms(), now_ms() + $12)
     on conflict (id) do nothing returning id`,
    [
      hello.incarnation,
      owner.namespace,
      hello.worker,
      owner.masterId,
      hello.slots,
      JSON.stringify(hello.queues),
      JSON.stringify(hello.handlers),
      JSON.stringify(hello.labels),
      hello.host,
      hello.pid,
      hello.version,
      owner.ttlMs,
    ],
  );
  return rows.length === 1;
}

/** Whether a session is to get work: see store/pool-sessions.ts. */
export interface SessionStanding {
  readonly state: 'live' | 'draining';
  /** A pool has it drain: it stays connected, and may be taken back. */
  readonly cordoned: boolean;
  /** Until its machine ends; null when nothing ends it. */
  readonly endsInMs: number | null;
}

interface StandingRow {
  state: 'live' | 'draining';
  cordoned: number;
  ends_in: number | null;
}

const standingColumns = `session.state, case when session.cordoned_at is null then 0 else 1 end as cordoned,
  session.ends_at - now_ms() as ends_in`;
const standingOf = ({ state, cordoned, ends_in }: StandingRow): SessionStanding => ({
  state,
  cordoned: cordoned === 1,
  endsInMs: ends_in,
});

/** Of those of these sessions that live. */
export async function sessionStandings(
  tx: Tx,
  ids: readonly string[],
): Promise<(SessionStanding & { sessionId: string })[]> {
  const rows = await tx.query<StandingRow & { id: string }>(
    `select session.id, ${standingColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     join session on session.id = x.id and session.state <> 'dead'`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
  return rows.map((row) => ({ sessionId: row.id, ...standingOf(row) }));
}

/** Takes over a session that still lives. Null when it is dead, expired, unknown or of another namespace. */
export async function sessionResume(tx: Tx, hello: Hello, owner: SessionOwner): Promise<SessionStanding | null> {
  const rows = await tx.query<StandingRow>(
    `update session set master_id = $2, expires_at = now_ms() + $3, last_seen_at = now_ms(), handlers = $5, queues = $6, slots = $7
     where id = $1 and namespace = $4 and state <> 'dead' and expires_at > now_ms() returning ${standingColumns}`,
    [
      hello.incarnation,
      owner.masterId,
      owner.ttlMs,
      owner.namespace,
      JSON.stringify(hello.handlers),
      JSON.stringify(hello.queues),
      hello.slots,
    ],
  );
  return rows[0] === undefined ? null : standingOf(rows[0]);
}

/**
 * Renews leases in one statement. Sessions that are missing from the answer are no longer this master's:
 * dead, expired, or resumed elsewhere. An expired session is never renewed, even when nobody has marked it dead yet.
 */
export async function sessionsRenew(
  tx: Tx,
  masterId: string,
  renewals: readonly { sessionId: string; stats: WorkerStats }[],
  ttlMs: number,
): Promise<(SessionStanding & { sessionId: string })[]> {
  const rows = await tx.query<StandingRow & { id: string }>(
    `update session set expires_at = now_ms() + $2, last_seen_at = now_ms(), stats = x.stats
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', stats: 'text' })}
     where session.id = x.id and session.master_id = $3 and session.state <> 'dead' and session.expires_at > now_ms()
     returning session.id, ${standingColumns}`,
    [
      JSON.stringify(renewals.map((renewal) => ({ id: renewal.sessionId, stats: JSON.stringify(renewal.stats) }))),
      ttlMs,
      masterId,
    ],
  );
  return rows.map((row) => ({ sessionId: row.id, ...standingOf(row) }));
}

/**
 * These sessions of a master that stood still live for at least `graceMs` more, even those whose lease has ended by now, unless
 * somebody has marked them dead.
 */
export async function sessionsGrace(
  tx: Tx,
  masterId: string,
  sessionIds: readonly string[],
  graceMs: number,
): Promise<void> {
  await tx.query(
    `update session set expires_at = now_ms() + $3
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     where session.id = x.id and session.master_id = $2 and session.state <> 'dead' and session.expires_at < now_ms() + $3`,
    [JSON.stringify(sessionIds.map((id) => ({ id }))), masterId, graceMs],
  );
}

/** After a fail-over that may have lost renewals: whoever may trust in one lives for as long as it can, also when its lease has ended by now. */
export async function sessionsGraceAll(tx: Tx, graceMs: number): Promise<void> {
  await tx.query(`update session set expires_at = now_ms() + $1 where state <> 'dead' and expires_at < now_ms() + $1`, [
    graceMs,
  ]);
}

/** The worker asked for, or was told, no new work, and leaves when it is empty: no pool takes it back. False when it does so already. */
export async function sessionDrain(tx: Tx, sessionId: string): Promise<boolean> {
  const rows = await tx.query(
    `update session set state = 'draining', cordoned_at = null where id = $1
       and (state = 'live' or (state = 'draining' and cordoned_at is not null and released_at is null)) returning id`,
    [sessionId],
  );
  return rows.length === 1;
}

/** The worker has said goodbye. Runs that it still held are rescued like those of any dead session. */
export async function sessionEnd(tx: Tx, sessionId: string): Promise<void> {
  await tx.query(
    `update session set state = 'dead', ended_at = now_ms(), expires_at = now_ms() where id = $1 and state <> 'dead'`,
    [sessionId],
  );
}

/**
 * The worker's supervisor has seen the process end, with all that it ran. False when the session is unknown in that namespace;
 * one that is dead already keeps the reason it has.
 */
export async function sessionGone(tx: Tx, namespace: string, sessionId: string, how: WorkerGone): Promise<boolean> {
  await tx.query(
    `update session set state = 'dead', ended_at = now_ms(), expires_at = now_ms(), end_reason = $3, end_detail = $4
     where id = $1 and namespace = $2 and state <> 'dead'`,
    [sessionId, namespace, how.reason, how.detail],
  );
  const rows = await tx.query(`select id from session where id = $1 and namespace = $2`, [sessionId, namespace]);
  return rows.length === 1;
}

/** Marks expired sessions dead, locking each; returns them. */
export async function sessionsExpire(
  tx: Tx,
  max: number,
): Promise<{ id: string; worker: string; namespace: string }[]> {
  return tx.query<{ id: string; worker: string; namespace: string }>(
    `update session set state = 'dead', ended_at = now_ms() where id in
       (select id from session where state <> 'dead' and expires_at <= now_ms() order by expires_at limit $1${tx.dialect.skipLocked})
     returning id, worker, namespace`,
    [max],
  );
}

/** Forgets dead sessions that ended longer ago than `keepMs`; at most `max` a call. */
export async function sessionsForget(tx: Tx, keepMs: number, max: number): Promise<number> {
  const rows = await tx.query(
    `delete from session where id in
       (select id from session where state = 'dead' and ended_at < now_ms() - $1
          and not exists (select 1 from run where run.session_id = session.id) order by ended_at limit $2) returning id`,
    [keepMs, max],
  );
  return rows.length;
}

export interface MasterRow {
  id: string;
  address: string;
}

/** What may have changed under a master that goes on. */
export interface StoreNews {
  /** The migration that a binary must know to work on this database: newer masters may have raised it. */
  usable_from: number;
  /** See store/store-state.ts. */
  state: StoreStateName;
  detail: string;
  epoch: number;
}

/** Announces this master. `wallMs`: its clock, so that the row says how far it is from the store's. */
export async function masterRenew(
  tx: Tx,
  master: MasterRow & { version: string; stats: object; wallMs: number },
  ttlMs: number,
): Promise<StoreNews> {
  const [row] = await tx.query<StoreNews>(
    `insert into master (id, address, version, started_at, expires_at, renewed_at, stats, clock_offset_ms)
     values ($1, $2, $3, now_ms(), now_ms() + $4, now_ms(), $5, $6 - now_ms())
     on conflict (id) do update set address = excluded.address, expires_at = excluded.expires_at,
       renewed_at = excluded.renewed_at, stats = excluded.stats, clock_offset_ms = excluded.clock_offset_ms
     returning (select max(coalesce(usable_from, version)) from schema_migration) as usable_from,
       (select state from store_state) as state, (select detail from store_state) as detail,
       (select epoch from store_state) as epoch`,
    [master.id, master.address, master.version, ttlMs, JSON.stringify(master.stats), Math.round(master.wallMs)],
  );
  if (row === undefined) throw new Error('an upsert gives its row');
  return row;
}

export async function mastersAlive(tx: Tx): Promise<MasterRow[]> {
  return tx.query<MasterRow>(`select id, address from master where expires_at > now_ms() order by id limit $1`, [
    serverLimits.mastersListed,
  ]);
}

export async function masterLeave(tx: Tx, id: string): Promise<void> {
  await tx.query(`delete from master where id = $1 or expires_at < now_ms() - 3600000`, [id]);
}
