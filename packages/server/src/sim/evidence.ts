// All that checkers may look at, gathered once when a simulation has ended: what the participants wrote down, the history of
// the store in commit order, and what the store says in the end.

import type { FireAuditRow } from '@tidewheel/protocol';
import { auditFires } from '../master/fire-audit.ts';
import type { Database } from '../ports/database.ts';
import type { GroundTruth } from './ground-truth.ts';
import { type HistoryRow, readHistory } from './history.ts';
import type { JobPlan } from './job-plans.ts';
import type { SimOptions } from './options.ts';
import type { Recovery } from './recovery-watch.ts';
import type { StoreClock } from './store-clock.ts';

export interface FinalRun {
  id: string;
  namespace: string;
  job: string;
  state: string;
  trigger: string;
  scheduleId: string | null;
  fireAt: number | null;
  retryOf: string | null;
  payload: string | null;
  attempt: number;
  attemptId: string | null;
  sessionId: string | null;
  dueAt: number;
  /** By the store's clock; null of a run that goes on. */
  finishedAt: number | null;
}

/** A finished run that retention removed, by the store's clock. */
export interface RemovedRun {
  id: string;
  finishedAt: number;
  removedAt: number;
}

export interface FinalFire {
  scheduleId: string;
  fireAt: number;
  outcome: 'fired' | 'skipped';
  reason: string | null;
  runId: string | null;
  decidedAt: number;
}

export interface LogChunk {
  runId: string;
  attemptId: string;
  seq: number;
  text: string;
}

/** What a worker may be given. */
export interface Entitlement {
  namespace: string;
  queues: readonly string[];
  handlers: readonly string[];
  labels: Readonly<Record<string, string>>;
}

export interface ScheduleVersion {
  scheduleId: string;
  version: number;
  state: string;
  anchorAt: number;
  validFrom: number;
}

export interface FinalBackfill {
  id: string;
  state: string;
  live: number;
  payload: string | null;
}

export interface BackfillFire {
  backfillId: string;
  fireAt: number;
  runId: string | null;
  endedAs: string | null;
}

export interface Evidence {
  options: SimOptions;
  /** What the store's clock showed when. */
  clock: StoreClock;
  truth: GroundTruth;
  /** The history that the store has in the end: what it lost on the way is apart. */
  history: readonly HistoryRow[];
  lost: readonly HistoryRow[];
  /** Those that retention removed included. */
  runs: readonly FinalRun[];
  removed: readonly RemovedRun[];
  fires: readonly FinalFire[];
  /** Name and namespace by id. */
  schedules: ReadonlyMap<string, { namespace: string; name: string }>;
  versions: readonly ScheduleVersion[];
  /** In order of attempt and number. */
  logs: readonly LogChunk[];
  jobs: readonly JobPlan[];
  /** By the name of the worker. */
  entitled: ReadonlyMap<string, Entitlement>;
  /** How the cluster came back after healing. */
  recovery: Recovery;
  sessions: ReadonlyMap<string, { worker: string; state: string }>;
  backfills: readonly FinalBackfill[];
  backfillFires: readonly BackfillFire[];
  /** What the audit of the ledger says in the end, of all namespaces. */
  audit: readonly (FireAuditRow & { namespace: string })[];
  /** When each worker was paused or hung, by name. */
  pauses: ReadonlyMap<string, readonly { from: number; to: number }[]>;
  /** True time when trouble ended and when the simulation did. */
  healedAt: number;
  endedAt: number;
}

/** Of all namespaces, from a day before the beginning on. */
async function auditsOf(db: Database, { namespaces, epochMs }: SimOptions): Promise<Evidence['audit']> {
  const audits: (FireAuditRow & { namespace: string })[] = [];
  for (const namespace of namespaces) {
    const { schedules: rows } = await auditFires(db, {
      namespace,
      from: epochMs - 86_400_000,
      graceMs: 0,
    });
    audits.push(...rows.map((row) => ({ ...row, namespace })));
  }
  return audits;
}

/** Of the store as it is in the end, and what it has lost on the way. */
async function historyOf(db: Database, { losses }: GroundTruth): Promise<Pick<Evidence, 'history' | 'lost'>> {
  const all = await readHistory(db);
  const isLost = ({ seq }: HistoryRow): boolean =>
    losses.some(({ keptSeq, lostSeq }) => seq > keptSeq && seq <= lostSeq);
  return { history: all.filter((row) => !isLost(row)), lost: all.filter(isLost) };
}

export async function gather(
  db: Database,
  rest: Omit<
    Evidence,
    | 'history'
    | 'lost'
    | 'runs'
    | 'removed'
    | 'fires'
    | 'schedules'
    | 'versions'
    | 'logs'
    | 'sessions'
    | 'backfills'
    | 'backfillFires'
    | 'audit'
  >,
): Promise<Evidence> {
  const schedules = await db.query<{ id: string; namespace: string; name: string }>(
    'select id, namespace, name from schedule',
  );
  const sessions = await db.query<{ id: string; worker: string; state: string }>(
    'select id, worker, state from session',
  );
  return {
    ...rest,
    audit: await auditsOf(db, rest.options),
    ...(await historyOf(db, rest.truth)),
    runs: await db.query<FinalRun>(
      `select r.id, r.namespace, j.name as "job", r.state, r.trigger_kind as "trigger", r.schedule_id as "scheduleId",
         r.fire_at as "fireAt", r.retry_of as "retryOf", r.payload, r.attempt, r.attempt_id as "attemptId",
         r.session_id as "sessionId", r.due_at as "dueAt",
         r.finished_at as "finishedAt"
       from (
         select id, namespace, job_id, state, trigger_kind, schedule_id, fire_at, retry_of, payload, attempt, attempt_id, session_id,
           due_at, finished_at from any_run
         union all
         select id, namespace, job_id, state, trigger_kind, schedule_id, fire_at, retry_of, payload, attempt, attempt_id, null,
           due_at, finished_at from sim_removed_run_archive
       ) r join job j on j.id = r.job_id order by r.id`,
    ),
    removed: await db.query<RemovedRun>(
      `select id, finished_at as "finishedAt", removed_at as "removedAt" from sim_removed_run_archive order by removed_at, id`,
    ),
    fires: await db.query<FinalFire>(
      `select schedule_id as "scheduleId", fire_at as "fireAt", outcome, reason, run_id as "runId", decided_at as "decidedAt"
       from fire order by schedule_id, fire_at`,
    ),
    schedules: new Map(schedules.map(({ id, namespace, name }) => [id, { namespace, name }])),
    versions: await db.query<ScheduleVersion>(
      `select schedule_id as "scheduleId", version, state, anchor_at as "anchorAt", valid_from as "validFrom"
       from schedule_version order by schedule_id, version`,
    ),
    logs: await db.query<LogChunk>(
      `select run_id as "runId", attempt_id as "attemptId", seq, text from (
         select run_id, attempt_id, seq, text from log_chunk
         union all select run_id, attempt_id, seq, text from sim_removed_log_chunk
       ) order by run_id, attempt_id, seq`,
    ),
    backfills: await db.query<FinalBackfill>('select id, state, live, payload from backfill order by id'),
    backfillFires: await db.query<BackfillFire>(
      `select backfill_id as "backfillId", fire_at as "fireAt", run_id as "runId", ended_as as "endedAs"
       from backfill_fire order by backfill_id, fire_at`,
    ),
    sessions: new Map(sessions.map(({ id, worker, state }) => [id, { worker, state }])),
  };
}
