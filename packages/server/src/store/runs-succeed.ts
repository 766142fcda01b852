// The usual end of a run: its first attempt has succeeded. Nothing has to be decided, so nothing has to be read first: what fences a report
// is the condition of the statement that moves the run. Everything else goes the long way (runs-report.ts).
//
// Measured with 500 results a statement, PostgreSQL: 13.8 µs a run there and 23 in all; by locking, inserting and deleting 17.6 and 36.

import type { Result } from '@tidewheel/protocol';
import { become } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';
import { type Freed, runsEnded } from './runs-finish.ts';

/** A result with the session that brought it. */
export type SessionResult = Result & { sessionId: string };

interface SucceededRow {
  id: string;
  attempt_id: string;
  namespace: string;
  schedule_id: string | null;
}

export interface SucceededRun {
  id: string;
  namespace: string;
  attemptId: string;
  state: 'succeeded';
}

/** Those of the results that are of a current first attempt of a session that is not dead; their runs are in the archive. */
export async function runsSucceed(
  tx: Tx,
  masterId: string,
  results: readonly SessionResult[],
  freed: Freed,
): Promise<SucceededRun[]> {
  if (results.length === 0) return [];
  const batch = [...new Map(results.map((result) => [result.attemptId, batchRow(result)])).values()]
    // In one order everywhere, so that two batches with the same runs do not wait for each other.
    .toSorted((a, b) => (a.run_id < b.run_id ? -1 : 1));
  const rows = await (tx.dialect.engine === 'postgres' ? moveAtOnce : moveInTwo)(tx, batch);
  const state = become('running', 'succeeded');
  const runs = rows.map((row) => ({ id: row.id, namespace: row.namespace, attemptId: row.attempt_id, state }));
  if (runs.length > 0) await runsEnded(tx, masterId, { runs, gone: rows }, freed);
  return runs;
}

const batchColumns = {
  run_id: 'uuid',
  attempt_id: 'uuid',
  session_id: 'uuid',
  duration: 'bigint',
  output: 'text',
  usage: 'text',
} as const;

function batchRow({ runId, attemptId, sessionId, durationMs, output, usage }: SessionResult) {
  return {
    run_id: runId,
    attempt_id: attemptId,
    session_id: sessionId,
    duration: durationMs,
    output: output ?? undefined,
    usage: usage === undefined ? undefined : JSON.stringify(usage),
  };
}

type Batch = readonly ReturnType<typeof batchRow>[];

const archived = `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
    schedule_id, fire_at, previous_fire_at, next_fire_at, retry_of, payload, attempt, attempt_id, started_at, finished_at,
    cancel_requested_at, cancel_reason, attempts, output)
  select id, namespace, job_id, job_version_id, lane_id, 'succeeded', priority, due_at, created_at, trigger_kind,
    schedule_id, fire_at, previous_fire_at, next_fire_at, retry_of, payload, attempt, attempt_id, began, now,
    cancel_requested_at, cancel_reason,`;

const isFirst = (session: 'run.session_id' | '+run.session_id'): string =>
  `run.id = x.run_id and run.attempt_id = x.attempt_id and ${session} = x.session_id and run.attempts = '[]'`;

/** A list of one `PastAttempt`, as core writes it. */
const firstAttempt = (quoted: 'to_json' | 'json_quote'): string =>
  `concat('[{"attempt":', attempt, ',"attemptId":"', attempt_id, '","sessionId":"', session_id, '","worker":', ${quoted}(worker),
  ',"claimedAt":', claimed_at, ',"startedAt":', began, ',"endedAt":', now, ',"outcome":"succeeded","error":null', ',"usage":' || usage, '}]')`;

/** Sessions are looked up: joined they may all be read, those that died yesterday, too. The clock is read once, not for each run. */
function moveAtOnce(tx: Tx, batch: Batch): Promise<SucceededRow[]> {
  return tx.query<SucceededRow>(
    `with live as materialized (
       select id, worker from session where id = any($2::uuid[]) and state <> 'dead'
     ), gone as (
       delete from run using ${tx.dialect.rows('$1', 'x', batchColumns)} join live s on s.id = x.session_id
       where ${isFirst('run.session_id')}
       returning run.*, s.worker, x.output, x.usage, (select now_ms()) as now,
         coalesce(run.started_at, greatest(run.claimed_at, (select now_ms()) - x.duration)) as began
     ), kept as (
       ${archived} ${firstAttempt('to_json')}, output from gone
     )
     select id, attempt_id, namespace, schedule_id from gone`,
    [JSON.stringify(batch), `{${[...new Set(batch.map((result) => result.session_id))].join(',')}}`],
  );
}

/**
 * A statement of SQLite changes one table. Its cross joins are taken in the order in which they stand, and a plus keeps an index from being used:
 * in a file that was analyzed while nothing ran, each run would be looked for among all of its session, 157 µs a run.
 */
async function moveInTwo(tx: Tx, batch: Batch): Promise<SucceededRow[]> {
  const rows = await tx.query<SucceededRow>(
    `with clock as materialized (select now_ms() as now)
     ${archived} ${firstAttempt('json_quote')}, output from (
       select run.*, s.worker, x.output, x.usage, clock.now,
         coalesce(run.started_at, max(run.claimed_at, clock.now - x.duration)) as began
       from clock cross join ${tx.dialect.rows('$1', 'x', batchColumns)} cross join run cross join session s
       where ${isFirst('+run.session_id')} and s.id = x.session_id and s.state <> 'dead'
     ) where true
     returning id, attempt_id, namespace, schedule_id`,
    [JSON.stringify(batch)],
  );
  const gone = JSON.stringify(rows.map(({ id }) => ({ id })));
  await tx.query(`delete from run where id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`, [
    gone,
  ]);
  return rows;
}
