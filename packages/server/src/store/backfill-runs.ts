// The runs of a backfill: which of its times still want one, the rows of those that are made, and their cancellation. Callers hold the
// backfill's row. Run ids are made fresh: that no time gets two is the ledger's primary key, and lists sort runs by when they were made.

import type { Tx } from '../ports/database.ts';
import { runsFinish } from './runs-finish.ts';

/** Which of these times have a run that succeeded: that of the ledger, one of any backfill, or what was retried of them. */
export async function backfillSucceeded(
  tx: Tx,
  scheduleId: string,
  fireAts: readonly number[],
): Promise<ReadonlySet<number>> {
  if (fireAts.length === 0) return new Set();
  const rows = await tx.query<{ fire_at: number }>(
    `with recursive made(fire_at, run_id) as (
       select x.fire_at, f.run_id from ${tx.dialect.rows('$1', 'x', { fire_at: 'bigint' })}
         join fire f on f.schedule_id = $2 and f.fire_at = x.fire_at where f.run_id is not null
       union
       select x.fire_at, g.run_id from backfill b
         join backfill_fire g on g.backfill_id = b.id
         join ${tx.dialect.rows('$1', 'x', { fire_at: 'bigint' })} on x.fire_at = g.fire_at
         where b.schedule_id = $2 and g.run_id is not null
     ), tried(fire_at, run_id) as (
       select fire_at, run_id from made
       union
       select t.fire_at, a.id from tried t join run_archive a on a.retry_of = t.run_id
     )
     select distinct t.fire_at from tried t where (select a.state from run_archive a where a.id = t.run_id) = 'succeeded'`,
    [JSON.stringify(fireAts.map((at) => ({ fire_at: at }))), scheduleId],
  );
  return new Set(rows.map((row) => row.fire_at));
}

/** The job as it is now: a backfill makes runs of its newest version. */
export interface BackfillTarget {
  versionId: string;
  enabled: boolean;
  /** The job or the schedule is no longer there. */
  gone: boolean;
}

export async function backfillTarget(tx: Tx, jobId: string, scheduleId: string): Promise<BackfillTarget> {
  const [row] = await tx.query<{ version_id: string; enabled: number; gone: number }>(
    `select j.version_id, j.enabled, case when j.deleted_at is not null or s.state = 'deleted' then 1 else 0 end as gone
     from job j join schedule s on s.id = $2 where j.id = $1`,
    [jobId, scheduleId],
  );
  if (row === undefined) throw new Error(`backfill of the job ${jobId}, which has no row`);
  return { versionId: row.version_id, enabled: row.enabled === 1, gone: row.gone === 1 };
}

export interface BackfillFire {
  fireAt: number;
  /** Null: left out. */
  run: { id: string; previousFireAt: number | null; nextFireAt: number | null } | null;
}

/** What all runs of one step have in common. */
export interface BackfillRunFacts {
  backfillId: string;
  namespace: string;
  jobId: string;
  jobVersionId: string;
  laneId: string;
  scheduleId: string;
  priority: number;
  payload: string | null;
  startTimeoutMs: number | null;
}

/** Ledger rows and runs. A time that is in the ledger already breaks the transaction. */
export async function backfillFiresInsert(
  tx: Tx,
  facts: BackfillRunFacts,
  fires: readonly BackfillFire[],
): Promise<void> {
  if (fires.length === 0) return;
  const rows = JSON.stringify(
    fires.map(({ fireAt, run }) => ({
      fire_at: fireAt,
      run_id: run?.id ?? null,
      previous: run?.previousFireAt ?? null,
      next: run?.nextFireAt ?? null,
    })),
  );
  const columns = { fire_at: 'bigint', run_id: 'uuid', previous: 'bigint', next: 'bigint' } as const;
  await tx.query(
    `insert into backfill_fire (backfill_id, fire_at, run_id)
     select $2, x.fire_at, x.run_id from ${tx.dialect.rows('$1', 'x', columns)}`,
    [rows, facts.backfillId],
  );
  await tx.query(
    `insert into run (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
       schedule_id, fire_at, previous_fire_at, next_fire_at, payload, start_deadline)
     select x.run_id, $2, $3, $4, $5, 'ready', $6, now_ms(), now_ms(), 'backfill', $7, x.fire_at, x.previous, x.next, $8,
       now_ms() + $9
     from ${tx.dialect.rows('$1', 'x', columns)} where x.run_id is not null`,
    [
      rows,
      facts.namespace,
      facts.jobId,
      facts.jobVersionId,
      facts.laneId,
      facts.priority,
      facts.scheduleId,
      facts.payload,
      facts.startTimeoutMs,
    ],
  );
}

interface UnfinishedRow {
  id: string;
  attempts: string;
  attempt_id: string | null;
  session_id: string | null;
  cancel_requested_at: number | null;
}

/** Cancels at most `max` unfinished runs that were not asked before. `sessions`: whose attempts are to be told. */
export async function backfillRunsCancel(
  tx: Tx,
  masterId: string,
  backfill: { id: string; namespace: string },
  reason: string,
  max: number,
): Promise<{ canceled: string[]; sessions: Set<string>; more: boolean }> {
  const rows = await tx.query<UnfinishedRow>(
    `select r.id, r.attempts, r.attempt_id, r.session_id, r.cancel_requested_at from run r
     where r.cancel_requested_at is null and r.id in (
       select f.run_id from backfill_fire f where f.backfill_id = $1 and f.run_id is not null and f.ended_as is null)
     order by r.id limit $2${tx.dialect.forUpdate}`,
    [backfill.id, max],
  );
  const set = JSON.stringify(rows.map((row) => ({ id: row.id })));
  await tx.query(
    `update run set cancel_requested_at = now_ms(), cancel_reason = $2
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} where run.id = x.id`,
    [set, reason],
  );
  const waiting = rows.filter((row) => row.attempt_id === null);
  await runsFinish(
    tx,
    masterId,
    waiting.map((row) => ({
      id: row.id,
      namespace: backfill.namespace,
      state: 'canceled',
      attemptId: null,
      startedAt: null,
      attempts: row.attempts,
      output: null,
      error: null,
    })),
  );
  return {
    canceled: waiting.map((row) => row.id),
    sessions: new Set(rows.flatMap((row) => row.session_id ?? [])),
    more: rows.length === max,
  };
}

/** Every time is decided or none will be, and nothing of it is left to cancel. */
export async function backfillCancelsDone(tx: Tx, id: string): Promise<void> {
  await tx.query('update backfill set cancel_runs = 0 where id = $1', [id]);
}

/** A place in the ledgers of all backfills, in the order of their keys. */
export interface LedgerPlace {
  readonly backfillId: string;
  readonly fireAt: number;
}

/**
 * Forgets rows of backfills that ended longer ago than `keepMs`: times that were left out, and those whose run is kept no more, nor any
 * that retried it. The others are asked when a later backfill wants only what is missing. Looks at most at `max` rows after the place, and
 * answers where to go on: null when that was the last.
 */
export async function backfillFiresForget(
  tx: Tx,
  keepMs: number,
  { after, max }: { after: LedgerPlace | null; max: number },
): Promise<{ forgotten: number; next: LedgerPlace | null }> {
  const rows = await tx.query<{ backfill_id: string; fire_at: number; over: number }>(
    `select f.backfill_id, f.fire_at,
       case when b.live = 0 and b.finished_at < now_ms() - $1 and (f.run_id is null or not
         (exists (select 1 from run r where r.id = f.run_id) or exists (select 1 from run_archive a where a.id = f.run_id)
          or exists (select 1 from run_archive a where a.retry_of = f.run_id))) then 1 else 0 end as over
     from backfill_fire f join backfill b on b.id = f.backfill_id
     where f.backfill_id > $2 or (f.backfill_id = $2 and f.fire_at > $3) order by f.backfill_id, f.fire_at limit $4`,
    [keepMs, after?.backfillId ?? firstId, after?.fireAt ?? -1, max],
  );
  const over = rows.filter((row) => row.over === 1);
  if (over.length > 0)
    await tx.query(
      `delete from backfill_fire where exists (select 1 from ${tx.dialect.rows('$1', 'x', { backfill_id: 'uuid', fire_at: 'bigint' })}
         where x.backfill_id = backfill_fire.backfill_id and x.fire_at = backfill_fire.fire_at)`,
      [JSON.stringify(over.map(({ backfill_id, fire_at }) => ({ backfill_id, fire_at })))],
    );
  const last = rows.length < max ? undefined : rows.at(-1);
  return {
    forgotten: over.length,
    next: last === undefined ? null : { backfillId: last.backfill_id, fireAt: last.fire_at },
  };
}

const firstId = '00000000-0000-0000-0000-000000000000';
