// What people and programs ask of one run: stop it, or do it again.

import { become } from '../core/run.ts';
import type { RunState } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { type Freed, runsFinish } from './runs-finish.ts';

export type CancelOutcome =
  | { kind: 'canceled'; freed: Freed }
  /** Running: the worker is told; the run ends when it reports, or when its session dies. */
  | { kind: 'requested'; sessionId: string; attemptId: string }
  | { kind: 'finished'; state: RunState }
  | { kind: 'unknown' };

interface CancelRow {
  id: string;
  state: 'blocked' | 'scheduled' | 'ready' | 'running';
  attempts: string;
  attempt_id: string | null;
  session_id: string | null;
}

/** The first request's reason stays. */
export async function runCancel(
  tx: Tx,
  masterId: string,
  namespace: string,
  runId: string,
  reason: string,
): Promise<CancelOutcome> {
  const rows = await tx.query<CancelRow>(
    `select id, state, attempts, attempt_id, session_id from run where id = $1 and namespace = $2${tx.dialect.forUpdate}`,
    [runId, namespace],
  );
  const run = rows[0];
  if (run === undefined) {
    const archived = await tx.query<{ state: RunState }>(
      'select state from run_archive where id = $1 and namespace = $2',
      [runId, namespace],
    );
    return archived[0] === undefined ? { kind: 'unknown' } : { kind: 'finished', state: archived[0].state };
  }
  await tx.query(
    `update run set cancel_requested_at = coalesce(cancel_requested_at, now_ms()), cancel_reason = coalesce(cancel_reason, $2) where id = $1`,
    [runId, reason],
  );
  if (run.attempt_id !== null && run.session_id !== null) {
    return { kind: 'requested', sessionId: run.session_id, attemptId: run.attempt_id };
  }
  const state = become(run.state, 'canceled');
  const freed = await runsFinish(tx, masterId, [
    {
      id: run.id,
      namespace,
      state,
      attemptId: null,
      startedAt: null,
      attempts: run.attempts,
      output: null,
      error: null,
    },
  ]);
  return { kind: 'canceled', freed };
}

/** `graceMs`: how long the attempt may take, where that is not what its job says. */
export interface CancelOrder {
  sessionId: string;
  attemptId: string;
  reason: string;
  graceMs: number | null;
}

/** Attempts of these sessions for which a cancel was asked: what a gateway delivers, again and again until the attempt ends. */
export async function cancelsOf(tx: Tx, sessionIds: readonly string[]): Promise<CancelOrder[]> {
  const rows = await tx.query<{
    session_id: string;
    attempt_id: string;
    cancel_reason: string | null;
    grace: number | null;
  }>(
    `select run.session_id, run.attempt_id, run.cancel_reason, run.cancel_grace_ms as grace
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run on run.session_id = x.id
     where run.cancel_requested_at is not null`,
    [JSON.stringify(sessionIds.map((id) => ({ id })))],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    attemptId: row.attempt_id,
    reason: row.cancel_reason ?? '',
    graceMs: row.grace,
  }));
}

/** What a repeated run takes over from the first. */
export interface RunOrigin {
  namespace: string;
  jobId: string;
  state: RunState;
  payload: string | null;
  scheduleId: string | null;
}

export async function runOrigin(tx: Tx, namespace: string, runId: string): Promise<RunOrigin | null> {
  const rows = await tx.query<{
    namespace: string;
    job_id: string;
    state: RunState;
    payload: string | null;
    schedule_id: string | null;
  }>('select namespace, job_id, state, payload, schedule_id from any_run where id = $1 and namespace = $2', [
    runId,
    namespace,
  ]);
  const row = rows[0];
  if (row === undefined) return null;
  return {
    namespace: row.namespace,
    jobId: row.job_id,
    state: row.state,
    payload: row.payload,
    scheduleId: row.schedule_id,
  };
}
