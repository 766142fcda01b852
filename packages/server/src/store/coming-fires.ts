// What the calendar of coming fires reads: enabled schedules page by page, what their jobs usually take, and the slots there are.

import type { Tx } from '../ports/database.ts';
import type { ScheduleTimes } from '../core/schedule-times.ts';
import { DefinitionCache, type ScheduleVersionRow } from './definition-cache.ts';

export interface EnabledSchedule {
  id: string;
  name: string;
  jobId: string;
  job: string;
  times: ScheduleTimes;
  cursor: number;
}

const pageRows = 500;
/** Runs whose mean is what a job usually takes. */
const usualRuns = 20;

/** By id, after `after`; an empty page is the end. */
export async function enabledSchedulesPage(tx: Tx, namespace: string, after: string): Promise<EnabledSchedule[]> {
  const rows = await tx.query<ScheduleVersionRow & { name: string; job_id: string; job: string; cursor: number }>(
    `select s.id, s.namespace, s.version, s.name, s.job_id, j.name as job, s.spec, s.anchor_at, s.calendars, s.cursor
     from schedule s join job j on j.id = s.job_id
     where s.namespace = $1 and s.state = 'enabled' and s.id > $2 order by s.id limit $3`,
    [namespace, after, pageRows],
  );
  const compiled = await new DefinitionCache().compiled(tx, rows);
  return compiled.map(({ row: { id, name, job, job_id: jobId, cursor }, compiled: { times } }) => ({
    id,
    name,
    job,
    jobId,
    times,
    cursor,
  }));
}

/** Mean time from start to end of the newest successes of each job, in ms; jobs without one are missing. */
export async function usualDurations(tx: Tx, jobIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ id: string; ms: number | null }>(
    `select x.id, (select avg(l.finished_at - l.started_at) from (
       select a.finished_at, a.started_at from run_archive a where a.job_id = x.id and a.state = 'succeeded' and a.started_at is not null
       order by a.id desc limit ${usualRuns}) l) as ms
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}`,
    [JSON.stringify(jobIds.map((id) => ({ id })))],
  );
  return new Map(rows.flatMap((row) => (row.ms === null ? [] : [[row.id, Number(row.ms)]])));
}

export async function liveSlots(tx: Tx, namespace: string): Promise<number> {
  const [row] = await tx.query<{ slots: number | null }>(
    `select sum(slots) as slots from session where state = 'live' and namespace = $1`,
    [namespace],
  );
  return Number(row?.slots ?? 0);
}
