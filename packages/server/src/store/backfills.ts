// Backfills: rows, their ledger, and what is read of both. The ledger's primary key makes each nominal time of a backfill one run, or
// left out; whoever adds to it holds the lock of the backfill's row.
//
//   running ──► done        every time decided and every run ended
//      └──────► canceled    makes nothing more; counts, and on request cancels, what is unfinished
//
// A row is live as long as there is something left to do about it. Runs know nothing of all this: their ends are looked up.

import type { BackfillState, BackfillView, ScheduleDefinition } from '@tidewheel/protocol';
import { canonicalJson } from '../core/canonical-json.ts';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

export interface NewBackfill {
  id: string;
  namespace: string;
  scheduleId: string;
  jobId: string;
  spec: ScheduleDefinition;
  anchorAt: number;
  /** As the schedule is bound to them. */
  calendars: string;
  from: number;
  to: number;
  newestFirst: boolean;
  missingOnly: boolean;
  active: number;
  rate: number | null;
  payload: string | null;
  reason: string;
  total: number;
  actor: string;
}

export async function backfillInsert(tx: Tx, one: NewBackfill): Promise<void> {
  await tx.query(
    `insert into backfill (id, namespace, schedule_id, job_id, state, spec, anchor_at, calendars, from_at, to_at, newest_first,
       missing_only, active, rate, payload, reason, total, next_run_at, created_by, created_at)
     values ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now_ms(), $17, now_ms())`,
    [
      one.id,
      one.namespace,
      one.scheduleId,
      one.jobId,
      canonicalJson(one.spec),
      one.anchorAt,
      one.calendars,
      one.from,
      one.to,
      one.newestFirst ? 1 : 0,
      one.missingOnly ? 1 : 0,
      one.active,
      one.rate,
      one.payload,
      one.reason,
      one.total,
      one.actor,
    ],
  );
}

/** Backfills of a namespace that are live. */
export async function backfillsLive(tx: Tx, namespace: string): Promise<number> {
  const [row] = await tx.query<{ live: number }>(
    'select count(*) as live from backfill where live = 1 and namespace = $1',
    [namespace],
  );
  return row?.live ?? 0;
}

const isOpen = 'f.run_id is not null and f.ended_as is null';
const openOf = (backfill: string) => `from backfill_fire f where f.backfill_id = ${backfill} and ${isOpen}`;

export interface BackfillOutlook {
  id: string;
  namespace: string;
  /** Something can be done for it now. */
  due: boolean;
  /** Milliseconds until the rate allows a further run; null when it does not depend on that. */
  waitMs: number | null;
}

/** A cheap look at the live ones, oldest first. */
export async function backfillsOutlook(tx: Tx, limit: number): Promise<BackfillOutlook[]> {
  const rows = await tx.query<{
    id: string;
    namespace: string;
    state: BackfillState;
    active: number;
    exhausted: number;
    cancel_runs: number;
    next_run_at: number;
    open: number;
    ended: number;
    now: number;
  }>(
    `select b.id, b.namespace, b.state, b.active, b.exhausted, b.cancel_runs, b.next_run_at, now_ms() as now,
       (select count(*) ${openOf('b.id')}) as open,
       (select count(*) ${openOf('b.id')} and not exists (select 1 from run r where r.id = f.run_id)) as ended
     from backfill b where b.live = 1 order by b.id limit $1`,
    [limit],
  );
  return rows.map((row) => {
    const room = row.state === 'running' && row.exhausted === 0 && row.open - row.ended < row.active;
    const over = row.open === 0 && (row.state === 'canceled' || row.exhausted === 1);
    const waitMs = room ? Math.max(0, row.next_run_at - row.now) : null;
    const due = row.ended > 0 || over || waitMs === 0 || row.cancel_runs === 1;
    return { id: row.id, namespace: row.namespace, due, waitMs };
  });
}

/** A locked backfill. */
export interface HeldBackfill {
  id: string;
  namespace: string;
  scheduleId: string;
  jobId: string;
  state: BackfillState;
  spec: string;
  anchorAt: number;
  calendars: string;
  from: number;
  to: number;
  newestFirst: boolean;
  missingOnly: boolean;
  active: number;
  rate: number | null;
  payload: string | null;
  position: number | null;
  exhausted: boolean;
  nextRunAt: number;
  cancelRuns: boolean;
  cancelReason: string;
  /** Runs that were unfinished when they were last counted. */
  open: number;
  now: number;
}

interface HeldRow {
  id: string;
  namespace: string;
  schedule_id: string;
  job_id: string;
  state: BackfillState;
  spec: string;
  anchor_at: number;
  calendars: string;
  from_at: number;
  to_at: number;
  newest_first: number;
  missing_only: number;
  active: number;
  rate: number | null;
  payload: string | null;
  position: number | null;
  exhausted: number;
  next_run_at: number;
  cancel_runs: number;
  cancel_reason: string | null;
}

const heldColumns = `id, namespace, schedule_id, job_id, state, spec, anchor_at, calendars, from_at, to_at, newest_first, missing_only,
  active, rate, payload, position, exhausted, next_run_at, cancel_runs, cancel_reason`;

/** Locks a live backfill and counts which of its runs have ended, at most `max`; null when another master has it, or nothing is left. */
export async function backfillHold(tx: Tx, id: string, max: number): Promise<HeldBackfill | null> {
  const [row] = await tx.query<HeldRow>(
    `select ${heldColumns} from backfill where id = $1 and live = 1${tx.dialect.skipLocked}`,
    [id],
  );
  if (row === undefined) return null;
  await countEnded(tx, id, max);
  // After the lock: what the statement that waits for a lock reads may be older than the lock.
  const [seen] = await tx.query<{ open: number; now: number }>(
    `select (select count(*) ${openOf('$1')}) as open, now_ms() as now`,
    [id],
  );
  return {
    id: row.id,
    namespace: row.namespace,
    scheduleId: row.schedule_id,
    jobId: row.job_id,
    state: row.state,
    spec: row.spec,
    anchorAt: row.anchor_at,
    calendars: row.calendars,
    from: row.from_at,
    to: row.to_at,
    newestFirst: row.newest_first === 1,
    missingOnly: row.missing_only === 1,
    active: row.active,
    rate: row.rate,
    payload: row.payload,
    position: row.position,
    exhausted: row.exhausted === 1,
    nextRunAt: row.next_run_at,
    cancelRuns: row.cancel_runs === 1,
    cancelReason: row.cancel_reason ?? '',
    open: seen?.open ?? 0,
    now: seen?.now ?? 0,
  };
}

/** A subquery, so that each run is looked up by its id: joined, PostgreSQL may read the whole archive. */
const archivedState = '(select a.state from run_archive a where a.id = f.run_id)';

/** A run is in exactly one of both tables at any time, so what is in the archive has ended. */
async function countEnded(tx: Tx, id: string, max: number): Promise<void> {
  const ended = await tx.query<{ fire_at: number; state: string }>(
    `select x.fire_at, x.state from (
       select f.fire_at, ${archivedState} as state from backfill_fire f where f.backfill_id = $1 and ${isOpen}
     ) x where x.state is not null order by x.fire_at limit $2`,
    [id, max],
  );
  if (ended.length === 0) return;
  await tx.query(
    `update backfill_fire set ended_as = x.state from ${tx.dialect.rows('$1', 'x', { fire_at: 'bigint', state: 'text' })}
     where backfill_fire.backfill_id = $2 and backfill_fire.fire_at = x.fire_at`,
    [JSON.stringify(ended), id],
  );
  const succeeded = ended.filter((row) => row.state === 'succeeded').length;
  await tx.query('update backfill set succeeded = succeeded + $2, unsuccessful = unsuccessful + $3 where id = $1', [
    id,
    succeeded,
    ended.length - succeeded,
  ]);
}

/** What one step of a backfill decides. */
export interface BackfillStep {
  position: number | null;
  exhausted: boolean;
  decided: number;
  leftOut: number;
  nextRunAt: number;
  state: BackfillState;
  live: boolean;
}

/** Only for a backfill that is held in this transaction. */
export async function backfillAdvance(tx: Tx, id: string, step: BackfillStep): Promise<void> {
  await tx.query(
    `update backfill set position = $2, exhausted = $3, decided = decided + $4, left_out = left_out + $5, next_run_at = $6,
       state = $7, live = $8,
       finished_at = coalesce(finished_at, case when $7 <> 'running' then now_ms() end)
     where id = $1`,
    [
      id,
      step.position,
      step.exhausted ? 1 : 0,
      step.decided,
      step.leftOut,
      step.nextRunAt,
      step.state,
      step.live ? 1 : 0,
    ],
  );
}

/** No further runs; answers false when it had ended before. */
export async function backfillCancel(tx: Tx, id: string, runs: boolean, reason: string): Promise<boolean> {
  const canceled = await tx.query(
    `update backfill set state = 'canceled', cancel_runs = $2, cancel_reason = $3, finished_at = now_ms()
     where id = $1 and state = 'running' returning id`,
    [id, runs ? 1 : 0, reason],
  );
  if (canceled.length > 0) return true;
  // Asked again, now with the runs.
  if (runs)
    await tx.query(`update backfill set cancel_runs = 1 where id = $1 and state = 'canceled' and live = 1`, [id]);
  return false;
}

interface ViewRow {
  id: string;
  namespace: string;
  schedule: string;
  job: string;
  state: BackfillState;
  from_at: number;
  to_at: number;
  active: number;
  rate: number | null;
  newest_first: number;
  missing_only: number;
  reason: string;
  created_by: string;
  created_at: number;
  finished_at: number | null;
  total: number;
  decided: number;
  left_out: number;
  succeeded: number;
  unsuccessful: number;
  just_succeeded: number;
  just_ended: number;
}

/** Runs that have ended since they were last counted are looked up. */
const viewSelect = `select b.id, b.namespace, s.name as schedule, j.name as job, b.state, b.from_at, b.to_at, b.active, b.rate,
    b.newest_first, b.missing_only, b.reason, b.created_by, b.created_at, b.finished_at, b.total, b.decided, b.left_out,
    b.succeeded, b.unsuccessful,
    case when b.live = 0 then 0 else (select count(*) from backfill_fire f
      where f.backfill_id = b.id and ${isOpen} and ${archivedState} is not null) end as just_ended,
    case when b.live = 0 then 0 else (select count(*) from backfill_fire f
      where f.backfill_id = b.id and ${isOpen} and ${archivedState} = 'succeeded') end as just_succeeded
  from backfill b join schedule s on s.id = b.schedule_id join job j on j.id = b.job_id where b.namespace = $1`;

export interface BackfillsAsked {
  namespace: string;
  /** Only of schedules that have, or had, this name. */
  schedule?: string | undefined;
  state?: BackfillState | undefined;
  /** The last id of the page before. */
  after: string | null;
  limit: number;
}

/** Newest first. */
export async function backfillsPage(tx: Tx, asked: BackfillsAsked): Promise<Slice<BackfillView, string>> {
  const params: (string | number)[] = [asked.namespace, asked.limit + 1];
  let where = '';
  if (asked.after !== null) where += ` and b.id < $${params.push(asked.after)}`;
  if (asked.schedule !== undefined) where += ` and s.name = $${params.push(asked.schedule)}`;
  if (asked.state !== undefined) where += ` and b.state = $${params.push(asked.state)}`;
  const rows = await tx.query<ViewRow>(`${viewSelect}${where} order by b.id desc limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.id);
  return { items: items.map(viewOf), next };
}

export async function backfillView(tx: Tx, namespace: string, id: string): Promise<BackfillView | null> {
  const [row] = await tx.query<ViewRow>(`${viewSelect} and b.id = $2`, [namespace, id]);
  return row === undefined ? null : viewOf(row);
}

function viewOf(row: ViewRow): BackfillView {
  const succeeded = row.succeeded + row.just_succeeded;
  const unsuccessful = row.unsuccessful + row.just_ended - row.just_succeeded;
  return {
    id: row.id,
    namespace: row.namespace,
    schedule: row.schedule,
    job: row.job,
    state: row.state,
    from: row.from_at,
    to: row.to_at,
    active: row.active,
    rate: row.rate,
    order: row.newest_first === 1 ? 'newest' : 'oldest',
    missingOnly: row.missing_only === 1,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    total: row.total,
    decided: row.decided,
    leftOut: row.left_out,
    unfinished: row.decided - row.left_out - succeeded - unsuccessful,
    succeeded,
    unsuccessful,
  };
}
