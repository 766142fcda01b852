// What the leader counts for its pools: waiting and running work by lane, how long runs took lately, how fast they ended, and which fires and
// delayed runs are coming. Only namespaces that have pools are looked at, and every count has a bound.

import type { Labels } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { HeldRuns, WaitingLane } from '../core/pools/pool-facts.ts';
import type { ScheduleTimes } from '../core/schedule-times.ts';
import type { Tx } from '../ports/database.ts';
import { DefinitionCache, type ScheduleVersionRow } from './definition-cache.ts';

const ofPools = '(select p.namespace from pool p)';

/** All lanes that are not paused. What waits is counted up to `serverLimits.poolReadyCounted` in each, its age among the first. */
export async function lanesWaitingFor(tx: Tx): Promise<WaitingLane[]> {
  const rows = await tx.query<Omit<WaitingLane, 'selector'> & { selector: string }>(
    `select l.id as "laneId", l.namespace, l.queue, l.handler, l.selector,
       (select count(*) from (select 1 as one from run r where r.lane_id = l.id and r.state = 'ready' limit $1) c) as ready,
       (select min(o.due_at) from (select r.due_at from run r where r.lane_id = l.id and r.state = 'ready'
          order by r.priority desc, r.due_at, r.id limit 100) o) as "oldestDueAt"
     from lane l where l.paused = 0 and l.namespace in ${ofPools}`,
    [serverLimits.poolReadyCounted],
  );
  return rows.map((row) => ({ ...row, selector: JSON.parse(row.selector) as Labels }));
}

export async function runsHeld(tx: Tx): Promise<HeldRuns[]> {
  return tx.query<HeldRuns>(
    `select r.session_id as "sessionId", r.lane_id as "laneId", count(*) as runs, max(coalesce(r.started_at, r.claimed_at)) as "newestAt"
     from run r where r.session_id is not null and r.namespace in ${ofPools} group by r.session_id, r.lane_id`,
  );
}

/** Of the newest finished runs of a namespace, by lane. */
export interface FinishedLane {
  readonly laneId: string;
  readonly runs: number;
  /** Mean time from start to end; null when none of them had begun. */
  readonly runMs: number | null;
  /** Those that ended within the last minute. */
  readonly recent: number;
}

export interface FinishedLately {
  readonly lanes: readonly FinishedLane[];
  /** The time in which `recent` was counted: a minute, or as far back as the runs that were looked at go. */
  readonly windowMs: number;
}

const windowMs = 60_000;

/** The newest by their making: under a backlog those are not the last that ended, which is as good for a rate. */
export async function finishedLately(tx: Tx, namespace: string): Promise<FinishedLately> {
  const rows = await tx.query<FinishedLane & { seen: number; backTo: number }>(
    `with newest as (
       select a.lane_id, a.started_at, a.finished_at from run_archive a where a.namespace = $1 order by a.id desc limit $2
     ), bounds as (select count(*) as seen, min(finished_at) as back_to from newest)
     select n.lane_id as "laneId", count(*) as runs, avg(case when n.started_at is null then null else n.finished_at - n.started_at end) as "runMs",
       sum(case when n.finished_at > now_ms() - ${windowMs} then 1 else 0 end) as recent, max(b.seen) as seen, now_ms() - max(b.back_to) as "backTo"
     from newest n, bounds b group by n.lane_id`,
    [namespace, serverLimits.poolFinishedSeen],
  );
  const [first] = rows;
  const full = first !== undefined && Number(first.seen) >= serverLimits.poolFinishedSeen;
  return {
    lanes: rows.map(({ laneId, runs, runMs, recent }) => ({
      laneId,
      runs: Number(runs),
      runMs: runMs === null ? null : Math.max(1, Number(runMs)),
      recent: Number(recent),
    })),
    windowMs: full ? Math.min(windowMs, Math.max(1000, Number(first.backTo))) : windowMs,
  };
}

/** Runs that become ready by themselves before `until`: delayed ones and those that are tried again. */
export async function runsComing(tx: Tx, until: number): Promise<{ laneId: string; dueAt: number }[]> {
  return tx.query<{ laneId: string; dueAt: number }>(
    `select r.lane_id as "laneId", r.due_at as "dueAt" from run r
     where r.state = 'scheduled' and r.due_at <= $1 and r.namespace in ${ofPools} order by r.due_at limit $2`,
    [until, serverLimits.poolDelayedSeen],
  );
}

export interface ComingSchedulesRow {
  readonly id: string;
  readonly name: string;
  readonly job: string;
  readonly jobId: string;
  readonly laneId: string;
  readonly cursor: number;
  readonly times: ScheduleTimes;
}

const pageRows = 500;

/** Enabled schedules that fire before `until`, by id; an empty page is the end. */
export async function schedulesComing(tx: Tx, until: number, after: string): Promise<ComingSchedulesRow[]> {
  const rows = await tx.query<
    ScheduleVersionRow & { name: string; job: string; job_id: string; lane_id: string; cursor: number }
  >(
    `select s.id, s.namespace, s.version, s.name, s.job_id, j.name as job, v.lane_id, s.spec, s.anchor_at, s.calendars, s.cursor
     from schedule s join job j on j.id = s.job_id join job_version v on v.id = j.version_id
     where s.state = 'enabled' and s.next_fire_at < $1 and s.id > $2 and s.namespace in ${ofPools} order by s.id limit $3`,
    [until, after, pageRows],
  );
  const compiled = await new DefinitionCache().compiled(tx, rows);
  return compiled.map(({ row, compiled: { times } }) => ({
    id: row.id,
    name: row.name,
    job: row.job,
    jobId: row.job_id,
    laneId: row.lane_id,
    cursor: row.cursor,
    times,
  }));
}
