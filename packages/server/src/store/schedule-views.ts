// What people read of schedules: pages by name with the last fire and its run, one schedule, and pages of its ledger.

import { Refusal, type ScheduleDefinition, type ScheduleView, type Words } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { ScheduleTimes } from '../core/schedule-times.ts';
import { describeTimes } from '../core/times/words.ts';
import type { Tx } from '../ports/database.ts';
import type { DefinitionCache, ScheduleVersionRow } from './definition-cache.ts';
import { containsText } from './job-views.ts';
import { cutPage, type Slice } from './page.ts';

interface ScheduleRow {
  id: string;
  namespace: string;
  name: string;
  job: string;
  version: number;
  spec: string;
  state: ScheduleView['state'];
  paused_reason: string | null;
  paused_by: string | null;
  next_fire_at: number | null;
  last_fire_at: number | null;
  last_run_state: string | null;
  created_at: number;
  updated_at: number;
}

/**
 * The inner select finds the page, the outer one looks up the last fire of each of its rows: two probes of primary keys a row.
 * Schedules that skip without end are looked at for a bounded number of ledger rows.
 */
function scheduleSelect(where: string, order: string): string {
  return `select p.*, f.fire_at as last_fire_at,
      coalesce((select r.state from run r where r.id = f.run_id), (select a.state from run_archive a where a.id = f.run_id)) as last_run_state
    from (
      select s.id, s.namespace, s.name, j.name as job, s.version, s.spec, s.state, s.paused_reason, s.paused_by, s.next_fire_at,
        s.created_at, s.updated_at,
        (select l.fire_at from (
          select fire_at, outcome from fire where schedule_id = s.id order by fire_at desc limit ${serverLimits.lastFireRows}
        ) l where l.outcome = 'fired' order by l.fire_at desc limit 1) as fired_at
      from schedule s join job j on j.id = s.job_id
      where s.namespace = $1 and s.state <> 'deleted'${where} ${order}
    ) p left join fire f on f.schedule_id = p.id and f.fire_at = p.fired_at
    order by p.name`;
}

export interface SchedulesAsked {
  namespace: string;
  job?: string | undefined;
  state?: ScheduleView['state'] | undefined;
  /** Part of the name, in any case. */
  contains?: string | undefined;
  /** The last name of the page before. */
  after: string | null;
  limit: number;
}

/** By name. */
export async function schedulesPage(tx: Tx, asked: SchedulesAsked): Promise<Slice<ScheduleView, string>> {
  const params: (string | number)[] = [asked.namespace, asked.limit + 1];
  let where = '';
  if (asked.after !== null) where += ` and s.name > $${params.push(asked.after)}`;
  if (asked.job !== undefined) where += ` and j.name = $${params.push(asked.job)}`;
  if (asked.state !== undefined) where += ` and s.state = $${params.push(asked.state)}`;
  if (asked.contains !== undefined)
    where += ` and ${containsText(tx, 's.name')}$${params.push(asked.contains.toLowerCase())}) > 0`;
  const rows = await tx.query<ScheduleRow>(scheduleSelect(where, 'order by s.name limit $2'), params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: items.map(viewOf), next };
}

export async function scheduleView(tx: Tx, namespace: string, name: string): Promise<ScheduleView | null> {
  const [row] = await tx.query<ScheduleRow>(scheduleSelect(' and s.name = $2', ''), [namespace, name]);
  return row === undefined ? null : viewOf(row);
}

function viewOf(row: ScheduleRow): ScheduleView {
  const definition = JSON.parse(row.spec) as ScheduleDefinition;
  const words = wordsOf(definition);
  return {
    id: row.id,
    namespace: row.namespace,
    name: row.name,
    job: row.job,
    version: row.version,
    definition: { ...definition },
    ...(words === null ? {} : { words }),
    state: row.state,
    pausedReason: row.paused_reason,
    pausedBy: row.paused_by,
    nextFireAt: row.next_fire_at,
    lastFireAt: row.last_fire_at,
    lastRunState: row.last_run_state,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Null of an expression that an earlier version took and this one does not: a list with it must still be read. */
function wordsOf(definition: ScheduleDefinition): Words | null {
  try {
    return describeTimes(definition);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What computing fires takes. */
export interface ScheduleClockwork {
  id: string;
  jobId: string;
  definition: ScheduleDefinition;
  times: ScheduleTimes;
  anchorAt: number;
  /** The versions of calendars that it is bound to, as JSON. */
  calendars: string;
  version: number;
  nextFireAt: number | null;
}

export async function scheduleClockwork(
  tx: Tx,
  definitions: DefinitionCache,
  namespace: string,
  name: string,
): Promise<ScheduleClockwork | null> {
  const rows = await tx.query<ScheduleVersionRow & { job_id: string; next_fire_at: number | null }>(
    `select id, namespace, job_id, version, spec, anchor_at, calendars, next_fire_at from schedule
     where namespace = $1 and name = $2 and state <> 'deleted'`,
    [namespace, name],
  );
  const [found] = await definitions.compiled(tx, rows);
  if (found === undefined) return null;
  const { row, compiled } = found;
  return {
    id: row.id,
    jobId: row.job_id,
    definition: compiled.definition,
    times: compiled.times,
    anchorAt: row.anchor_at,
    calendars: row.calendars,
    version: row.version,
    nextFireAt: row.next_fire_at,
  };
}
