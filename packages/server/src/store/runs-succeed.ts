// The usual end of a run: its first attempt has succeeded. Nothing has to be decided, so nothing has to be read first: what fences a report
// is the condition of the statement that moves the run. Everything else goes the long way (runs-report.ts).
//
// Measured with 500 results a statement, PostgreSQL: 13.8 µs a run there and 23 in all; by locking, inserting and deleting 17.6 and 36.

import type { Result } from '@tidewheel/protocol';
import { become } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';
import { carried, type Freed, runsDelete, runsEnded } from './runs-finish.ts';

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

/** True of a row `x` of the batch and the run whose first attempt it ends. */
function isFirst({ dialect }: Tx): string {
  return `run.id = x.run_id and run.attempt_id = x.attempt_id and ${dialect.notByIndex('run.session_id')} = x.session_id and run.attempts = '[]'`;
}

/** Into the archive, from the rows of `from`: runs with `worker`, `began`, `now`, `output` and `usage`. `json` makes a text one of JSON. */
function archive(from: string, json: 'to_json' | 'json_quote'): string {
  const columns = carried.join(', ');
  return `insert into run_archive (${columns}, state, attempt_id, started_at, finished_at, attempts, output)
    select ${columns}, 'succeeded', attempt_id, began, now, ${firstAttempt(json)}, output from ${from}`;
}

/** A list of one `PastAttempt`, as core writes it. */
function firstAttempt(json: 'to_json' | 'json_quote'): string {
  return `concat('[{"attempt":', attempt, ',"attemptId":"', attempt_id, '","sessionId":"', session_id, '","worker":', ${json}(worker),
    ',"claimedAt":', claimed_at, ',"startedAt":', began, ',"endedAt":', now, ',"outcome":"succeeded","error":null', ',"usage":' || usage, '}]')`;
}

/** Sessions are looked up: joined they may all be read, those that died yesterday, too. The clock is read once, not for each run. */
function moveAtOnce(tx: Tx, batch: Batch): Promise<SucceededRow[]> {
  return tx.query<SucceededRow>(
    `with live as materialized (
       select id, worker from session where id = any($2::uuid[]) and state <> 'dead'
     ), gone as (
       delete from run using ${tx.dialect.rows('$1', 'x', batchColumns)} join live s on s.id = x.session_id
       where ${isFirst(tx)}
       returning run.*, s.worker, x.output, x.usage, (select now_ms()) as now,
         coalesce(run.started_at, greatest(run.claimed_at, (select now_ms()) - x.duration)) as began
     ), kept as (
       ${archive('gone', 'to_json')}
     )
     select id, attempt_id, namespace, schedule_id from gone`,
    [JSON.stringify(batch), `{${[...new Set(batch.map((result) => result.session_id))].join(',')}}`],
  );
}

/** A statement of SQLite changes one table. Its cross joins are taken in the order in which they stand. */
async function moveInTwo(tx: Tx, batch: Batch): Promise<SucceededRow[]> {
  const ended = `(
    select run.*, s.worker, x.output, x.usage, clock.now,
      coalesce(run.started_at, max(run.claimed_at, clock.now - x.duration)) as began
    from clock cross join ${tx.dialect.rows('$1', 'x', batchColumns)} cross join run cross join session s
    where ${isFirst(tx)} and s.id = x.session_id and s.state <> 'dead'
  ) where true`;
  const rows = await tx.query<SucceededRow>(
    `with clock as materialized (select now_ms() as now)
     ${archive(ended, 'json_quote')} returning id, attempt_id, namespace, schedule_id`,
    [JSON.stringify(batch)],
  );
  await runsDelete(tx, rows);
  return rows;
}
