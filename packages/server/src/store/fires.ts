// The fire transaction: lock due schedules, decide purely, write ledger rows and runs, move the cursor. All or nothing.
//
// The schedule's row lock is what makes each nominal time decided once: whoever holds it sees the newest cursor.
// What the decision depends on besides the row (unfinished runs, the job) is read after the lock was taken, because a
// statement's snapshot may be older than the lock it waits for.

import { decideFires } from '../core/fire.ts';
import { invariant } from '../core/invariant.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { CompiledSchedule, DefinitionCache, JobVersion, ScheduleVersionRow } from './definition-cache.ts';

export interface FireDeps {
  identity: Pick<Identity, 'ofFire'>;
  definitions: DefinitionCache;
}

/** A locked schedule that is due. */
export interface DueSchedule {
  id: string;
  namespace: string;
  jobId: string;
  cursor: number;
  nextFireAt: number;
  compiled: CompiledSchedule;
}

export interface FiredRun {
  id: string;
  laneId: string;
  namespace: string;
  fireAt: number;
}

export interface FiresDecided {
  runs: FiredRun[];
  skipped: number;
  /** Milliseconds from nominal time to decision, one per fired run. */
  delaysMs: number[];
  /** Some schedule still has undecided nominal times in the past. */
  more: boolean;
  namespaces: Set<string>;
}

export interface DueRow extends ScheduleVersionRow {
  job_id: string;
  cursor: number;
  next_fire_at: number;
}

const scheduleColumns = 'id, namespace, job_id, version, spec, cursor, next_fire_at, anchor_at, calendars';

/** Locks due schedules that no other master is working on, oldest first. */
export async function firesLockDue(tx: Tx, deps: FireDeps): Promise<DueSchedule[]> {
  const rows = await tx.query<DueRow>(
    `select ${scheduleColumns} from schedule where state = 'enabled' and next_fire_at <= now_ms()
     order by next_fire_at limit $1${tx.dialect.skipLocked}`,
    [serverLimits.fireSchedules],
  );
  return dueOf(tx, deps, rows);
}

/** Locks one schedule (waiting for whoever holds it); null when it is not enabled or nothing is due. */
export async function firesLockOne(tx: Tx, deps: FireDeps, scheduleId: string): Promise<DueSchedule | null> {
  const rows = await tx.query<DueRow>(
    `select ${scheduleColumns} from schedule where id = $1 and state = 'enabled' and next_fire_at <= now_ms()${tx.dialect.forUpdate}`,
    [scheduleId],
  );
  const [due] = await dueOf(tx, deps, rows);
  return due ?? null;
}

/** Rows that are locked, with their specs compiled. */
export async function dueOf(tx: Tx, deps: FireDeps, rows: readonly DueRow[]): Promise<DueSchedule[]> {
  return (await deps.definitions.compiled(tx, rows)).map(({ row, compiled }) => ({
    id: row.id,
    namespace: row.namespace,
    jobId: row.job_id,
    cursor: row.cursor,
    nextFireAt: row.next_fire_at,
    compiled,
  }));
}

interface LedgerRow {
  schedule_id: string;
  fire_at: number;
  outcome: 'fired' | 'skipped';
  reason: string | null;
  run_id: string | null;
}

interface NewRunRow {
  id: string;
  namespace: string;
  job_id: string;
  job_version_id: string;
  lane_id: string;
  priority: number;
  schedule_id: string;
  fire_at: number;
  payload: string | null;
  start_timeout: number | null;
}

interface Writes {
  ledger: LedgerRow[];
  runs: NewRunRow[];
  cursors: { id: string; cursor: number; next_fire_at: number | null }[];
}

/** Decides and writes what is due of locked schedules. A ledger row that exists already breaks the transaction: alarm, never ignore. */
export async function firesDecide(tx: Tx, deps: FireDeps, due: readonly DueSchedule[]): Promise<FiresDecided> {
  const decided: FiresDecided = { runs: [], skipped: 0, delaysMs: [], more: false, namespaces: new Set() };
  if (due.length === 0) return decided;
  const { jobs, now } = await jobsOf(tx, due);
  const versions = await deps.definitions.jobVersions(
    tx,
    [...jobs.values()].map((job) => job.versionId),
  );
  const unfinished = await unfinishedOf(tx, due);
  const writes: Writes = { ledger: [], runs: [], cursors: [] };
  for (const schedule of due) {
    if (writes.ledger.length >= serverLimits.firesPerTransaction) {
      decided.more = true;
      break;
    }
    const job = jobs.get(schedule.jobId);
    const version = job === undefined ? undefined : versions.get(job.versionId);
    if (job === undefined || version === undefined) throw new Error(`schedule ${schedule.id} has no job`);
    decideOne(
      schedule,
      { version, enabled: job.enabled, now, unfinished: unfinished.get(schedule.id) ?? 0 },
      deps,
      writes,
      decided,
    );
  }
  await write(tx, writes);
  return decided;
}

interface Situation {
  version: JobVersion;
  enabled: boolean;
  now: number;
  unfinished: number;
}

function decideOne(schedule: DueSchedule, at: Situation, deps: FireDeps, writes: Writes, decided: FiresDecided): void {
  const { definition, times } = schedule.compiled;
  const decision = decideFires({
    scheduleId: schedule.id,
    spec: definition,
    times,
    cursor: schedule.cursor,
    nextFireAt: schedule.nextFireAt,
    now: at.now,
    jobEnabled: at.enabled,
    unfinishedRuns: at.unfinished,
    maxFires: serverLimits.firesPerSchedule,
  });
  const spec = at.version.spec;
  const payload = definition.payload ?? spec.payload;
  for (const fire of decision.fires) {
    const fired = fire.outcome === 'fired';
    const runId = fired ? deps.identity.ofFire(schedule.id, fire.fireAt) : null;
    writes.ledger.push({
      schedule_id: schedule.id,
      fire_at: fire.fireAt,
      outcome: fire.outcome,
      reason: fire.reason,
      run_id: runId,
    });
    if (runId === null) {
      decided.skipped += 1;
      continue;
    }
    decided.delaysMs.push(at.now - fire.fireAt);
    decided.runs.push({ id: runId, laneId: at.version.laneId, namespace: schedule.namespace, fireAt: fire.fireAt });
    writes.runs.push({
      id: runId,
      namespace: schedule.namespace,
      job_id: schedule.jobId,
      job_version_id: at.version.id,
      lane_id: at.version.laneId,
      priority: spec.priority,
      schedule_id: schedule.id,
      fire_at: fire.fireAt,
      payload: payload === undefined ? null : JSON.stringify(payload),
      start_timeout: spec.timeout.start ?? null,
    });
  }
  decided.namespaces.add(schedule.namespace);
  decided.more ||= decision.nextFireAt !== null && decision.nextFireAt <= at.now;
  writes.cursors.push({ id: schedule.id, cursor: decision.cursor, next_fire_at: decision.nextFireAt });
}

async function jobsOf(tx: Tx, due: readonly DueSchedule[]) {
  const ids = [...new Set(due.map((schedule) => schedule.jobId))];
  const rows = await tx.query<{ id: string; enabled: number; version_id: string; now: number }>(
    `select j.id, j.enabled, j.version_id, now_ms() as now from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join job j on j.id = x.id`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
  const jobs = new Map(rows.map((row) => [row.id, { enabled: row.enabled === 1, versionId: row.version_id }]));
  return { jobs, now: Math.min(...rows.map((row) => row.now)) };
}

async function unfinishedOf(tx: Tx, due: readonly DueSchedule[]): Promise<Map<string, number>> {
  const ids = due
    .filter((schedule) => schedule.compiled.definition.overlap === 'skip')
    .map((schedule) => ({ id: schedule.id }));
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; runs: number }>(
    `select x.id, count(*) as runs from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run r on r.schedule_id = x.id group by x.id`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map((row) => [row.id, row.runs]));
}

async function write(tx: Tx, writes: Writes): Promise<void> {
  const { rows } = tx.dialect;
  if (writes.ledger.length > 0) {
    await tx.query(
      `insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at)
       select x.schedule_id, x.fire_at, x.outcome, x.reason, x.run_id, now_ms()
       from ${rows('$1', 'x', { schedule_id: 'uuid', fire_at: 'bigint', outcome: 'text', reason: 'text', run_id: 'uuid' })}`,
      [JSON.stringify(writes.ledger)],
    );
  }
  if (writes.runs.length > 0) {
    await tx.query(
      `insert into run (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
         schedule_id, fire_at, payload, start_deadline)
       select x.id, x.namespace, x.job_id, x.job_version_id, x.lane_id, 'ready', x.priority, x.fire_at, now_ms(), 'schedule',
         x.schedule_id, x.fire_at, x.payload, now_ms() + x.start_timeout
       from ${rows('$1', 'x', {
         id: 'uuid',
         namespace: 'text',
         job_id: 'uuid',
         job_version_id: 'uuid',
         lane_id: 'uuid',
         priority: 'int',
         schedule_id: 'uuid',
         fire_at: 'bigint',
         payload: 'text',
         start_timeout: 'bigint',
       })}`,
      [JSON.stringify(writes.runs)],
    );
  }
  const moved = await tx.query(
    `update schedule set cursor = x.cursor, next_fire_at = x.next_fire_at,
       state = case when x.next_fire_at is null then 'finished' else schedule.state end
     from ${rows('$1', 'x', { id: 'uuid', cursor: 'bigint', next_fire_at: 'bigint' })}
     where schedule.id = x.id and schedule.cursor <= x.cursor returning schedule.id`,
    [JSON.stringify(writes.cursors)],
  );
  invariant(moved.length === writes.cursors.length, 'a cursor would have gone back');
}

/** The nearest next fire of all enabled schedules and the store's clock, so that the caller can wait for it. */
export async function firesNext(tx: Tx): Promise<{ at: number | null; now: number }> {
  const rows = await tx.query<{ at: number | null; now: number }>(
    `select (select min(next_fire_at) from schedule where state = 'enabled') as at, now_ms() as now`,
  );
  return rows[0] ?? { at: null, now: 0 };
}
