// New runs, in batches: idempotency first, then one insert. A run whose lane has no older work waiting and for which a
// connected worker has offered a slot is inserted already claimed (direct assignment).

import type { Tx } from '../ports/database.ts';
import { noOpenGap } from './restore-gap.ts';

export interface NewRun {
  id: string;
  namespace: string;
  jobId: string;
  jobVersionId: string;
  laneId: string;
  priority: number;
  delayMs: number;
  trigger: 'api' | 'retry' | 'schedule';
  scheduleId: string | null;
  retryOf: string | null;
  payload: string | null;
  startTimeoutMs: number | null;
  /** A slot that is kept free for this run, and the attempt it would be. */
  offer: { sessionId: string; attemptId: string } | null;
}

export interface SubmittedRun {
  id: string;
  laneId: string;
  state: 'ready' | 'scheduled' | 'running';
  dueAt: number;
}

/**
 * Looked up, row by row: `exists` may be answered by a table of all that are there, which grows with what waits (100 new runs beside
 * 40,000 keys: 4 ms of 4.3).
 */
export function found(query: string): string {
  return `(select 1 ${query} limit 1) is not null`;
}

/**
 * Whether a new run gets the slot that it was offered, for an insert from the rows `x`: only where no older work of its lane
 * waits and the worker is still there. Both are as new as the statement; what comes later is found as after a claim.
 */
export function takesOffer(x: string): string {
  return `(${x}.session_id is not null and ${noOpenGap}
    and not ${found(`from run q where q.lane_id = ${x}.lane_id and q.state = 'ready'`)}
    and coalesce((select s.state = 'live' and s.expires_at > (select now_ms()) from session s where s.id = ${x}.session_id), false))`;
}

export const runColumns = {
  id: 'uuid',
  namespace: 'text',
  job_id: 'uuid',
  job_version_id: 'uuid',
  lane_id: 'uuid',
  priority: 'int',
  delay: 'bigint',
  kind: 'text',
  schedule_id: 'uuid',
  retry_of: 'uuid',
  payload: 'text',
  start_timeout: 'bigint',
  attempt_id: 'uuid',
  session_id: 'uuid',
} as const;

/** What is absent is null in the row: it need not travel. */
export function runRow(run: NewRun) {
  return {
    id: run.id,
    namespace: run.namespace,
    job_id: run.jobId,
    job_version_id: run.jobVersionId,
    lane_id: run.laneId,
    priority: run.priority,
    delay: run.delayMs,
    kind: run.trigger,
    schedule_id: run.scheduleId ?? undefined,
    retry_of: run.retryOf ?? undefined,
    payload: run.payload ?? undefined,
    start_timeout: run.startTimeoutMs ?? undefined,
    attempt_id: run.offer?.attemptId,
    session_id: run.offer?.sessionId,
  };
}

/**
 * The rows `y`: those of `x` with the state that each begins in. Materialized: a planner that took it apart would ask for older work
 * once for each column.
 */
export function withStates(x: string): string {
  return `y as materialized (
    select x.*, (select now_ms()) as now, case when x.delay > 0 then 'scheduled' when ${takesOffer('x')} then 'running' else 'ready' end as state
    from ${x})`;
}

export const intoRun = `insert into run (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
  schedule_id, retry_of, payload, start_deadline, attempt, attempt_id, session_id, claimed_at)`;

/** Of the rows `y`, for `intoRun`. */
export const asRuns = `select y.id, y.namespace, y.job_id, y.job_version_id, y.lane_id, y.state, y.priority, y.now + y.delay, y.now, y.kind,
  y.schedule_id, y.retry_of, y.payload, y.now + y.delay + y.start_timeout,
  case when y.state = 'running' then 1 else 0 end,
  case when y.state = 'running' then y.attempt_id end,
  case when y.state = 'running' then y.session_id end,
  case when y.state = 'running' then y.now end`;

export interface InsertedRow {
  id: string;
  lane_id: string;
  state: SubmittedRun['state'];
  due_at: number;
}

export const returningRuns = 'returning id, lane_id, state, due_at';

export function submittedOf(rows: readonly InsertedRow[]): SubmittedRun[] {
  return rows.map((row) => ({ id: row.id, laneId: row.lane_id, state: row.state, dueAt: row.due_at }));
}

/** Inserts runs as ready, scheduled (when delayed) or running (when the offer could be taken). */
export async function runsInsert(tx: Tx, runs: readonly NewRun[]): Promise<SubmittedRun[]> {
  const rows = await tx.query<InsertedRow>(
    `${intoRun} with ${withStates(tx.dialect.rows('$1', 'x', runColumns))} ${asRuns} from y ${returningRuns}`,
    [JSON.stringify(runs.map(runRow))],
  );
  return submittedOf(rows);
}

export interface IdempotencyClaim {
  namespace: string;
  key: string;
  runId: string;
  /** Hash of the request, so that a key cannot be used for two different requests. */
  fingerprint: string;
}

export interface IdempotencyHolder extends IdempotencyClaim {
  /** False when an earlier request holds the key; `runId` is then its run. */
  fresh: boolean;
}

export const keyColumns = { namespace: 'text', key: 'text', run_id: 'uuid', fingerprint: 'text' } as const;

/** Takes keys that are free or expired; answers for each who holds it now. Keys must be distinct within one call. */
export async function idempotencyTake(
  tx: Tx,
  claims: readonly IdempotencyClaim[],
  ttlMs: number,
): Promise<IdempotencyHolder[]> {
  if (claims.length === 0) return [];
  // In one order everywhere, so that two masters never wait for each other's keys.
  const sorted = claims.toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.key, b.key));
  const rows = sorted.map((claim) => ({
    namespace: claim.namespace,
    key: claim.key,
    run_id: claim.runId,
    fingerprint: claim.fingerprint,
  }));
  const taken = await tx.query<{ namespace: string; key: string }>(
    `insert into idempotency (namespace, key, run_id, fingerprint, expires_at)
     select x.namespace, x.key, x.run_id, x.fingerprint, now_ms() + $2 from ${tx.dialect.rows('$1', 'x', keyColumns)} where true
     on conflict (namespace, key) do update
       set run_id = excluded.run_id, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
       where idempotency.expires_at <= now_ms() returning namespace, key`,
    [JSON.stringify(rows), ttlMs],
  );
  const fresh = new Set(taken.map((row) => `${row.namespace}\n${row.key}`));
  const held = rows.filter((row) => !fresh.has(`${row.namespace}\n${row.key}`));
  const holders = await idempotencyHolders(tx, held);
  return sorted.map((claim) => {
    const holder = holders.get(`${claim.namespace}\n${claim.key}`);
    return holder === undefined
      ? { ...claim, fresh: true }
      : { ...claim, ...holder, fresh: holder.runId === claim.runId };
  });
}

/** Who holds keys that could not be taken. Looked up one by one: a join may read all keys that there are. */
async function idempotencyHolders(
  tx: Tx,
  held: readonly { namespace: string; key: string; run_id: string }[],
): Promise<ReadonlyMap<string, { runId: string; fingerprint: string }>> {
  if (held.length === 0) return new Map();
  const holderOf = (column: string): string =>
    `(select i.${column} from idempotency i where i.namespace = x.namespace and i.key = x.key)`;
  const rows = await tx.query<{ namespace: string; key: string; run_id: string; fingerprint: string }>(
    `select x.namespace, x.key, ${holderOf('run_id')} as run_id, ${holderOf('fingerprint')} as fingerprint
     from ${tx.dialect.rows('$1', 'x', { namespace: 'text', key: 'text' })}`,
    [JSON.stringify(held)],
  );
  // Whoever is told of an earlier run relies on it.
  if (tx.dialect.confirmation !== null) await tx.query(tx.dialect.confirmation);
  return new Map(
    rows.map((row) => [`${row.namespace}\n${row.key}`, { runId: row.run_id, fingerprint: row.fingerprint }]),
  );
}

/** Frees keys that these runs have taken in this transaction: their request was refused after all. */
export async function idempotencyGiveBack(tx: Tx, runIds: readonly string[]): Promise<void> {
  if (runIds.length === 0) return;
  await tx.query(
    `delete from idempotency where run_id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`,
    [JSON.stringify(runIds.map((id) => ({ id })))],
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Forgets keys that have expired; at most `max` a call. Returns how many. */
export async function idempotencyForget(tx: Tx, max: number): Promise<number> {
  const rows = await tx.query(
    `delete from idempotency where (namespace, key) in
       (select namespace, key from idempotency where expires_at <= now_ms() order by expires_at limit $1) returning key`,
    [max],
  );
  return rows.length;
}

/** Which of these runs exist: the read-back after an unknown outcome. Not through the view, for which SQLite would scan the archive. */
export async function runsExisting(tx: Tx, ids: readonly string[]): Promise<SubmittedRun[]> {
  const sorted = ids.toSorted();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [];
  const rows = await tx.query<InsertedRow>(
    `select x.id, coalesce(r.lane_id, a.lane_id) as lane_id, coalesce(r.state, a.state) as state,
       coalesce(r.due_at, a.due_at) as due_at
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     left join run r on r.id = x.id left join run_archive a on a.id = x.id and a.id >= $2 and a.id <= $3
     where r.id is not null or a.id is not null`,
    // The bounds name the partitions before any is looked at.
    [JSON.stringify(sorted.map((id) => ({ id }))), first, last],
  );
  return submittedOf(rows);
}
