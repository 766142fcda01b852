// Claims: ready runs of one lane become running attempts of given sessions, in one statement.
// Two masters never take the same run: rows locked by one are skipped by the other. The order is priority, then due time.

import type { Tx } from '../ports/database.ts';
import { noOpenGap } from './restore-gap.ts';

/** A slot that may be filled, and the attempt id it would get. */
export interface Slot {
  sessionId: string;
  attemptId: string;
}

export interface ClaimedRun {
  id: string;
  namespace: string;
  jobVersionId: string;
  laneId: string;
  attempt: number;
  attemptId: string;
  sessionId: string;
  payload: string | null;
  scheduleId: string | null;
  fireAt: number | null;
  previousFireAt: number | null;
  nextFireAt: number | null;
  dueAt: number;
  claimedAt: number;
  cancelReason: string | null;
  cancelGraceMs: number | null;
  cancelRequestedAt: number | null;
}

interface ClaimedRow {
  id: string;
  namespace: string;
  job_version_id: string;
  lane_id: string;
  attempt: number;
  attempt_id: string;
  session_id: string;
  payload: string | null;
  schedule_id: string | null;
  fire_at: number | null;
  previous_fire_at: number | null;
  next_fire_at: number | null;
  due_at: number;
  claimed_at: number;
  cancel_requested_at: number | null;
  cancel_reason: string | null;
  cancel_grace_ms: number | null;
}

const claimedColumns = [
  'id',
  'namespace',
  'job_version_id',
  'lane_id',
  'attempt',
  'attempt_id',
  'session_id',
  'payload',
  'schedule_id',
  'fire_at',
  'previous_fire_at',
  'next_fire_at',
  'due_at',
  'claimed_at',
  'cancel_requested_at',
  'cancel_reason',
  'cancel_grace_ms',
]
  .map((column) => `run.${column}`)
  .join(', ');

function claimedOf(row: ClaimedRow): ClaimedRun {
  return {
    id: row.id,
    namespace: row.namespace,
    jobVersionId: row.job_version_id,
    laneId: row.lane_id,
    attempt: row.attempt,
    attemptId: row.attempt_id,
    sessionId: row.session_id,
    payload: row.payload,
    scheduleId: row.schedule_id,
    fireAt: row.fire_at,
    previousFireAt: row.previous_fire_at,
    nextFireAt: row.next_fire_at,
    dueAt: row.due_at,
    claimedAt: row.claimed_at,
    cancelRequestedAt: row.cancel_requested_at,
    cancelReason: row.cancel_reason,
    cancelGraceMs: row.cancel_grace_ms,
  };
}

/**
 * Claims up to `slots.length` runs of the lane. Fewer come back when fewer were ready.
 * The candidate list is materialized: a planner that ran it twice would lock more rows than it returns.
 */
export async function runsClaim(tx: Tx, laneId: string, slots: readonly Slot[]): Promise<ClaimedRun[]> {
  const [sql, params] = tx.dialect.engine === 'postgres' ? claimByArrays(slots) : claimByRows(tx, slots);
  const rows = await tx.query<ClaimedRow>(
    `with candidate as materialized (
       select id, priority, due_at from run where lane_id = $1 and state = 'ready' and ${noOpenGap}
       order by priority desc, due_at, id limit $2${tx.dialect.skipLocked}
     ), numbered as materialized (
       select id, row_number() over (order by priority desc, due_at, id) as n from candidate
     ), ${sql}
     update run set state = 'running', attempt = run.attempt + 1, attempt_id = taken.attempt_id,
       session_id = taken.session_id, claimed_at = (select now_ms()), started_at = null
     from taken where run.id = taken.id
     returning ${claimedColumns}`,
    [laneId, slots.length, ...params],
  );
  return rows.map(claimedOf);
}

/** The lists are materialized, because SQLite then joins them by an index of its own: 2.5 ms for 500 slots, 41 ms when it scans one for each of the other. */
function claimByRows(tx: Tx, slots: readonly Slot[]): [sql: string, params: string[]] {
  const wanted = slots.map((slot, index) => ({ n: index + 1, session_id: slot.sessionId, attempt_id: slot.attemptId }));
  const sql = `slot as materialized (
       select x.n, x.session_id, x.attempt_id
       from ${tx.dialect.rows('$3', 'x', { n: 'int', session_id: 'uuid', attempt_id: 'uuid' })}
       join session s on s.id = x.session_id and s.state = 'live' and s.expires_at > now_ms()
     ), taken as (
       select numbered.id, slot.session_id, slot.attempt_id from numbered join slot on slot.n = numbered.n
     )`;
  return [sql, [JSON.stringify(wanted)]];
}

/** The n-th slot is looked up, not joined: PostgreSQL expects one slot and looks at all of them for each run, 86 ms for 500. */
function claimByArrays(slots: readonly Slot[]): [sql: string, params: string[]] {
  const sql = `live as materialized (
       select array_agg(id) as ids from session where id = any($3::uuid[]) and state = 'live' and expires_at > now_ms()
     ), taken as materialized (
       select id, ($3::uuid[])[n] as session_id, ($4::uuid[])[n] as attempt_id
       from numbered where ($3::uuid[])[n] = any((select ids from live)::uuid[])
     )`;
  const list = (ids: readonly string[]): string => `{${ids.join(',')}}`;
  return [sql, [list(slots.map((slot) => slot.sessionId)), list(slots.map((slot) => slot.attemptId))]];
}

/** Which of these slots were filled: the read-back of a claim or a direct assignment whose commit was not acknowledged. */
export async function runsInSlots(tx: Tx, slots: readonly Slot[]): Promise<ClaimedRun[]> {
  const rows = await tx.query<ClaimedRow>(
    `select ${claimedColumns} from ${tx.dialect.rows('$1', 'x', { session_id: 'uuid', attempt_id: 'uuid' })}
     join run on run.session_id = x.session_id and run.attempt_id = x.attempt_id`,
    [JSON.stringify(slots.map((slot) => ({ session_id: slot.sessionId, attempt_id: slot.attemptId })))],
  );
  return rows.map(claimedOf);
}

/** All attempts of these sessions. */
export async function runsInSessions(tx: Tx, sessionIds: readonly string[]): Promise<ClaimedRun[]> {
  const rows = await tx.query<ClaimedRow>(
    `select ${claimedColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run on run.session_id = x.id`,
    [JSON.stringify(sessionIds.map((id) => ({ id })))],
  );
  return rows.map(claimedOf);
}

/** Lanes that have ready work now: one index probe per lane. */
export async function lanesWaiting(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from lane where exists (select 1 from run where run.lane_id = lane.id and run.state = 'ready') and ${noOpenGap}`,
  );
  return rows.map((row) => row.id);
}
