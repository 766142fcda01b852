// Schedules and their ledger as people read them.

import type { FireOutcome, FireView, ScheduleDefinition, ScheduleView } from '@tidewheel/protocol';
import { compileTimes, previewFires } from '../core/schedule-times.ts';
import type { Param, Tx } from '../ports/database.ts';
import { nameHolds } from './job-views.ts';
import { cutPage, type Slice } from './page.ts';

interface ScheduleViewRow {
  id: string;
  namespace: string;
  name: string;
  job: string;
  version: number;
  spec: string;
  state: ScheduleView['state'];
  cursor: number;
  next_fire_at: number | null;
  anchor_at: number;
  paused_reason: string | null;
  paused_by: string | null;
  created_at: number;
  updated_at: number;
  last_fire_at: number | null;
}

const select = `select s.id, s.namespace, s.name, j.name as job, s.version, s.spec, s.state, s.cursor, s.next_fire_at, s.anchor_at,
    s.paused_reason, s.paused_by, s.created_at, s.updated_at,
    (select max(f.fire_at) from fire f where f.schedule_id = s.id) as last_fire_at
  from schedule s join job j on j.id = s.job_id where s.state <> 'deleted' and s.namespace = $1`;

export async function scheduleView(tx: Tx, namespace: string, name: string): Promise<ScheduleView | null> {
  const row = await rowNamed(tx, namespace, name);
  return row === null ? null : ((await viewsOf(tx, [row]))[0] ?? null);
}

export interface SchedulesAsked {
  namespace: string;
  job?: string | undefined;
  state?: ScheduleView['state'] | undefined;
  /** Part of the name, in any case. */
  search?: string | undefined;
  /** Only names that sort after this one. */
  after: string | null;
  limit: number;
}

/** By name. */
export async function schedulesPage(tx: Tx, asked: SchedulesAsked): Promise<Slice<ScheduleView, string>> {
  const params: Param[] = [asked.namespace, asked.limit + 1];
  const conditions: string[] = [];
  if (asked.after !== null) conditions.push(`s.name > $${params.push(asked.after)}`);
  if (asked.job !== undefined) conditions.push(`j.name = $${params.push(asked.job)}`);
  if (asked.state !== undefined) conditions.push(`s.state = $${params.push(asked.state)}`);
  if (asked.search !== undefined) conditions.push(nameHolds(tx, 's.name', params.push(asked.search)));
  const where = conditions.map((condition) => ` and ${condition}`).join('');
  const rows = await tx.query<ScheduleViewRow>(`${select}${where} order by s.name limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: await viewsOf(tx, items), next };
}

/** Newest first; null when there is no such schedule. `before`: only nominal times before this. */
export async function firesPage(
  tx: Tx,
  namespace: string,
  name: string,
  before: number | null,
  limit: number,
): Promise<Slice<FireView, number> | null> {
  const row = await rowNamed(tx, namespace, name);
  if (row === null) return null;
  const rows = await tx.query<{
    fire_at: number;
    outcome: FireOutcome;
    reason: string | null;
    run_id: string | null;
    decided_at: number;
  }>(
    `select fire_at, outcome, reason, run_id, decided_at from fire
     where schedule_id = $1${before === null ? '' : ' and fire_at < $3'} order by fire_at desc limit $2`,
    [row.id, limit + 1, ...(before === null ? [] : [before])],
  );
  const { items, next } = cutPage(rows, limit, (fire) => fire.fire_at);
  return {
    items: items.map((fire) => ({
      fireAt: fire.fire_at,
      outcome: fire.outcome,
      reason: fire.reason,
      runId: fire.run_id,
      decidedAt: fire.decided_at,
    })),
    next,
  };
}

/** The next nominal times, none while it is not enabled; null when there is no such schedule. */
export async function firesUpcoming(tx: Tx, namespace: string, name: string, count: number): Promise<number[] | null> {
  const row = await rowNamed(tx, namespace, name);
  if (row === null) return null;
  if (row.state !== 'enabled') return [];
  return previewFires(compileTimes(JSON.parse(row.spec) as ScheduleDefinition, row.anchor_at), row.cursor, count);
}

async function rowNamed(tx: Tx, namespace: string, name: string): Promise<ScheduleViewRow | null> {
  return (await tx.query<ScheduleViewRow>(`${select} and s.name = $2`, [namespace, name]))[0] ?? null;
}

async function viewsOf(tx: Tx, rows: readonly ScheduleViewRow[]): Promise<ScheduleView[]> {
  const states = await lastRunStates(tx, rows);
  return rows.map((row) => ({
    id: row.id,
    namespace: row.namespace,
    name: row.name,
    job: row.job,
    version: row.version,
    definition: JSON.parse(row.spec) as Record<string, unknown>,
    state: row.state,
    pausedReason: row.paused_reason,
    pausedBy: row.paused_by,
    nextFireAt: row.next_fire_at,
    lastFireAt: row.last_fire_at,
    lastRunState: states.get(row.id) ?? null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
}

/** What became of the newest nominal time of each: the state of its run, or `skipped`. */
async function lastRunStates(tx: Tx, rows: readonly ScheduleViewRow[]): Promise<Map<string, string | null>> {
  const last = rows.flatMap((row) => (row.last_fire_at === null ? [] : [{ id: row.id, at: row.last_fire_at }]));
  if (last.length === 0) return new Map();
  const found = await tx.query<{ id: string; outcome: FireOutcome; state: string | null }>(
    `select x.id, f.outcome, coalesce(r.state, a.state) as state
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', at: 'bigint' })}
     join fire f on f.schedule_id = x.id and f.fire_at = x.at
     left join run r on r.id = f.run_id left join run_archive a on a.id = f.run_id`,
    [JSON.stringify(last)],
  );
  return new Map(found.map((row) => [row.id, row.outcome === 'skipped' ? 'skipped' : row.state]));
}
