// What workers report of attempts: logs, starts, results. One transaction takes a batch of many workers.
//
// Fencing: a report counts only while its attempt is the run's current one and its session is not dead. Everything else is
// either a repetition of what was accepted before (acknowledged again) or stale (refused, the result kept as an orphan).

import { forgottenKind, type JobSpec, type LogMessage, type Result } from '@tidewheel/protocol';
import { become, decideLost, decideReport, withAttempt, type PastAttempt } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';
import type { DefinitionCache } from './definition-cache.ts';
import { runsFinish, runsRetry, type FinishedRun, type Freed, type RetriedRun } from './runs-finish.ts';
import { runsSucceed, type SessionResult } from './runs-succeed.ts';
import { nothingFreed } from './turns.ts';

/** Stores log chunks of current attempts. Repeated chunks change nothing; chunks of other attempts are refused in silence. */
export async function logsAppend(tx: Tx, logs: readonly LogMessage[]): Promise<void> {
  if (logs.length === 0) return;
  await tx.query(
    `insert into log_chunk (run_id, attempt_id, seq, attempt, at, stream, text)
     select x.run_id, x.attempt_id, x.seq, run.attempt, coalesce(run.started_at, run.claimed_at) + x.offset_ms, x.stream, x.text
     from ${tx.dialect.rows('$1', 'x', {
       run_id: 'uuid',
       attempt_id: 'uuid',
       seq: 'int',
       offset_ms: 'bigint',
       stream: 'text',
       text: 'text',
     })} join run on run.id = x.run_id and run.attempt_id = x.attempt_id
     where true on conflict (run_id, attempt_id, seq) do nothing`,
    [
      JSON.stringify(
        logs.map((log) => ({
          run_id: log.runId,
          attempt_id: log.attemptId,
          seq: log.seq,
          offset_ms: log.offsetMs,
          stream: log.stream,
          text: log.text,
        })),
      ),
    ],
  );
}

/** Notes that attempts have started, for runs that are long enough to be looked at. */
export async function runsStarted(
  tx: Tx,
  starts: readonly { runId: string; attemptId: string; agoMs: number }[],
): Promise<void> {
  if (starts.length === 0) return;
  await tx.query(
    `update run set started_at = now_ms() - x.ago
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', attempt_id: 'uuid', ago: 'bigint' })}
     where run.id = x.id and run.attempt_id = x.attempt_id and run.started_at is null`,
    [
      JSON.stringify(
        starts.map((start) => ({ id: start.runId, attempt_id: start.attemptId, ago: Math.round(start.agoMs) })),
      ),
    ],
  );
}

export type { SessionResult } from './runs-succeed.ts';

export interface ReportDeps {
  masterId: string;
  definitions: DefinitionCache;
  fraction: () => number;
}

export type Verdict = 'accepted' | 'duplicate' | 'stale';

export interface Reported {
  /** By attempt id. */
  verdicts: Map<string, Verdict>;
  finished: Pick<FinishedRun, 'id' | 'namespace' | 'state'>[];
  /** Lanes with runs that are ready again. */
  lanes: Set<string>;
  /** What the ends have made possible. */
  freed: Freed;
  /** Some run waits for its backoff. */
  delayed: boolean;
  namespaces: Set<string>;
}

interface CurrentRow {
  id: string;
  namespace: string;
  lane_id: string;
  job_version_id: string;
  attempt: number;
  attempt_id: string;
  session_id: string;
  claimed_at: number;
  started_at: number | null;
  cancel_requested_at: number | null;
  attempts: string;
  worker: string;
  now: number;
}

export async function resultsAccept(tx: Tx, deps: ReportDeps, results: readonly SessionResult[]): Promise<Reported> {
  const reported: Reported = {
    verdicts: new Map(),
    finished: [],
    lanes: new Set(),
    freed: nothingFreed(),
    delayed: false,
    namespaces: new Set(),
  };
  if (results.length === 0) return reported;
  const rest = await acceptUsual(tx, deps, results, reported);
  if (rest.length > 0) await acceptOthers(tx, deps, rest, reported);
  return reported;
}

/** Answers what is left to be looked at more closely. */
async function acceptUsual(
  tx: Tx,
  deps: ReportDeps,
  results: readonly SessionResult[],
  reported: Reported,
): Promise<readonly SessionResult[]> {
  const succeeded = results.filter((result) => result.outcome === 'succeeded');
  for (const run of await runsSucceed(tx, deps.masterId, succeeded, reported.freed)) {
    reported.verdicts.set(run.attemptId, 'accepted');
    reported.namespaces.add(run.namespace);
    reported.finished.push(run);
  }
  return results.filter((result) => !reported.verdicts.has(result.attemptId));
}

async function acceptOthers(
  tx: Tx,
  deps: ReportDeps,
  results: readonly SessionResult[],
  reported: Reported,
): Promise<void> {
  const current = await lockCurrent(tx, results);
  const versions = await deps.definitions.jobVersions(
    tx,
    [...current.values()].map((row) => row.job_version_id),
  );
  const finished: FinishedRun[] = [];
  const retried: RetriedRun[] = [];
  for (const result of results) {
    const row = current.get(result.attemptId);
    if (row === undefined || reported.verdicts.has(result.attemptId)) continue;
    reported.verdicts.set(result.attemptId, 'accepted');
    reported.namespaces.add(row.namespace);
    const spec = versions.get(row.job_version_id)?.spec;
    if (spec === undefined) throw new Error(`run ${row.id} has no job version`);
    const { next, attempts, startedAt } = decideRow(row, result, spec, deps.fraction());
    if (next.to === 'final') {
      finished.push({
        id: row.id,
        namespace: row.namespace,
        state: become('running', next.state),
        attemptId: row.attempt_id,
        startedAt,
        attempts,
        output: result.output,
        error: result.error === null ? null : JSON.stringify(result.error),
      });
    } else {
      become('running', next.delayMs > 0 ? 'scheduled' : 'ready');
      retried.push({ id: row.id, delayMs: next.delayMs, attempts, startTimeoutMs: spec.timeout.start ?? null });
      if (next.delayMs > 0) reported.delayed = true;
      else reported.lanes.add(row.lane_id);
    }
  }
  await runsFinish(tx, deps.masterId, finished, reported.freed);
  reported.finished.push(...finished);
  await runsRetry(tx, retried);
  await settleOthers(
    tx,
    results.filter((result) => !current.has(result.attemptId)),
    reported.verdicts,
  );
}

function decideRow(row: CurrentRow, result: Result, spec: JobSpec, fraction: number) {
  const past = JSON.parse(row.attempts) as PastAttempt[];
  const facts = { past, cancelRequested: row.cancel_requested_at !== null, spec };
  const next = isForgotten(result) ? decideLost(facts) : decideReport(facts, result.outcome, fraction);
  const ended = endedAttempt(row, result);
  return { next, attempts: JSON.stringify(withAttempt(past, ended)), startedAt: ended.startedAt };
}

function endedAttempt(row: CurrentRow, result: Result): PastAttempt {
  return {
    attempt: row.attempt,
    attemptId: row.attempt_id,
    sessionId: row.session_id,
    worker: row.worker,
    claimedAt: row.claimed_at,
    startedAt: row.started_at ?? Math.max(row.claimed_at, row.now - result.durationMs),
    endedAt: row.now,
    outcome: isForgotten(result) ? 'lost' : result.outcome,
    error: result.error,
    ...(result.usage === undefined ? {} : { usage: result.usage }),
  };
}

/** This store waits for an attempt whose result it has acknowledged, and then lost. */
function isForgotten({ outcome, error }: Result): boolean {
  return outcome === 'failed' && error?.kind === forgottenKind;
}

const resultColumns = { run_id: 'uuid', attempt_id: 'uuid', session_id: 'uuid' } as const;

/**
 * Locks the runs whose current attempt is among the results, in id order so that two batches never wait for each other. SQLite takes a cross
 * join in the order in which it stands.
 */
async function lockCurrent(tx: Tx, results: readonly SessionResult[]): Promise<Map<string, CurrentRow>> {
  const rows = await tx.query<CurrentRow>(
    `select r.*, s.worker, now_ms() as now from (
       select run.id, run.namespace, run.lane_id, run.job_version_id, run.attempt, run.attempt_id, run.session_id,
         run.claimed_at, run.started_at, run.cancel_requested_at, run.attempts
       from ${tx.dialect.rows('$1', 'x', resultColumns)} cross join run
       where run.id = x.run_id and run.attempt_id = x.attempt_id and ${tx.dialect.notByIndex('run.session_id')} = x.session_id
       order by run.id${tx.dialect.forUpdate}
     ) r join session s on s.id = r.session_id where s.state <> 'dead'`,
    [batchOf(results)],
  );
  return new Map(rows.map((row) => [row.attempt_id, row]));
}

function batchOf(results: readonly SessionResult[]): string {
  return JSON.stringify(
    results.map((result) => ({ run_id: result.runId, attempt_id: result.attemptId, session_id: result.sessionId })),
  );
}

/** Results that are not of a current attempt: told again after their acknowledgement was lost, or stale. */
async function settleOthers(tx: Tx, results: readonly SessionResult[], verdicts: Map<string, Verdict>): Promise<void> {
  if (results.length === 0) return;
  const known = await tx.query<{ attempt_id: string; attempts: string }>(
    // A subquery, so that each run is looked up by its id: joined, PostgreSQL may read the whole archive.
    `select x.attempt_id, coalesce(r.attempts, (select a.attempts from run_archive a where a.id = x.run_id), '[]') as attempts
     from ${tx.dialect.rows('$1', 'x', resultColumns)} left join run r on r.id = x.run_id`,
    [batchOf(results)],
  );
  const accepted = new Set<string>();
  for (const row of known) {
    const past = JSON.parse(row.attempts) as PastAttempt[];
    if (past.some((attempt) => attempt.attemptId === row.attempt_id && attempt.outcome !== 'lost'))
      accepted.add(row.attempt_id);
  }
  // The worker forgets what is acknowledged.
  if (accepted.size > 0 && tx.dialect.confirmation !== null) await tx.query(tx.dialect.confirmation);
  const stale = results.filter((result) => !accepted.has(result.attemptId));
  for (const result of results) verdicts.set(result.attemptId, accepted.has(result.attemptId) ? 'duplicate' : 'stale');
  await orphansKeep(tx, stale);
}

async function orphansKeep(tx: Tx, results: readonly SessionResult[]): Promise<void> {
  if (results.length === 0) return;
  await tx.query(
    `insert into orphan (attempt_id, run_id, session_id, outcome, output, error, received_at)
     select x.attempt_id, x.run_id, x.session_id, x.outcome, x.output, x.error, now_ms()
     from ${tx.dialect.rows('$1', 'x', {
       attempt_id: 'uuid',
       run_id: 'uuid',
       session_id: 'uuid',
       outcome: 'text',
       output: 'text',
       error: 'text',
     })} where true on conflict (attempt_id, run_id) do nothing`,
    [
      JSON.stringify(
        results.map((result) => ({
          attempt_id: result.attemptId,
          run_id: result.runId,
          session_id: result.sessionId,
          outcome: result.outcome,
          output: result.output,
          error: result.error === null ? null : JSON.stringify(result.error),
        })),
      ),
    ],
  );
}
