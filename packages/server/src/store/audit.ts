// What an audit of the fire ledger reads, in pages of bounded size.

import type { FireOutcome, ScheduleDefinition } from '@tidewheel/protocol';
import type { AuditVersion, LedgerFire } from '../core/audit.ts';
import type { DelayedFire } from '../core/delayed-audit.ts';
import { serverLimits } from '../core/limits.ts';
import type { Param, Tx } from '../ports/database.ts';
import type { CalendarCache } from './calendar-cache.ts';

export interface AuditedSchedule {
  id: string;
  namespace: string;
  jobId: string;
  name: string;
  job: string;
  /** Times up to here are decided; later ones are not expected in the ledger yet, nor are those after the first that was set aside. */
  cursor: number;
}

/**
 * When the run of a fire f ended, or when it was skipped: from the archive, or kept on the ledger since the run was removed. A subquery, so
 * that each run is looked up by its id: joined, PostgreSQL may read the whole archive for a page of the ledger.
 */
export const fireEnd = `case when f.run_id is null then f.decided_at
  else coalesce(f.ended_at, (select a.finished_at from run_archive a where a.id = f.run_id)) end`;

/** Fires before this may have been removed. */
export async function ledgerFrom(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ at: number }>('select ledger_from as at from retention_state where id = 1');
  return row?.at ?? 0;
}

/** Up to where times are decided: a fragment of SQL on `schedule s`. */
export const auditedUpTo = 'coalesce((select min(c.after_at) from catch_up c where c.schedule_id = s.id), s.cursor)';

/** Schedules that existed at some time in [from, to], those deleted since included, by job. */
export async function auditSchedules(
  tx: Tx,
  asked: { namespace: string; from: number; to: number; schedule: string | null },
): Promise<AuditedSchedule[]> {
  const params: Param[] = [asked.namespace, asked.from, asked.to, serverLimits.auditSchedules + 1];
  const named = asked.schedule === null ? '' : ` and s.name = $${params.push(asked.schedule)}`;
  const rows = await tx.query<{ id: string; job_id: string; name: string; job: string; cursor: number }>(
    `select s.id, s.job_id, s.name, j.name as job, ${auditedUpTo} as cursor from schedule s join job j on j.id = s.job_id
     where s.namespace = $1 and s.created_at <= $3 and (s.state <> 'deleted' or s.cursor >= $2)${named}
     order by s.job_id, s.name, s.id limit $4`,
    params,
  );
  return rows.map((row) => ({
    id: row.id,
    namespace: asked.namespace,
    jobId: row.job_id,
    name: row.name,
    job: row.job,
    cursor: row.cursor,
  }));
}

export interface VersionRow {
  namespace: string;
  version: number;
  spec: string;
  state: string;
  anchor_at: number;
  calendars: string;
  valid_from: number;
}

export function versionOf(row: VersionRow, calendars: AuditVersion['calendars']): AuditVersion & { version: number } {
  return {
    version: row.version,
    spec: JSON.parse(row.spec) as ScheduleDefinition,
    enabled: row.state === 'enabled',
    anchorAt: row.anchor_at,
    calendars,
    validFrom: row.valid_from,
  };
}

/** Versions in order, beginning with the one in force at `from`, after version number `after`. */
export async function auditVersions(
  tx: Tx,
  calendars: CalendarCache,
  { id, namespace }: Pick<AuditedSchedule, 'id' | 'namespace'>,
  from: number,
  after: number,
): Promise<(AuditVersion & { version: number })[]> {
  const rows = await tx.query<VersionRow>(
    `select $5 as namespace, version, spec, state, anchor_at, calendars, valid_from from schedule_version
     where schedule_id = $1 and version > $2 and version >= coalesce(
       (select max(version) from schedule_version where schedule_id = $1 and valid_from < $3), 0)
     order by version limit $4`,
    [id, after, from, serverLimits.auditVersions, namespace],
  );
  const calendarsOf = await calendars.bound(tx, rows);
  return rows.map((row) => versionOf(row, calendarsOf(row)));
}

/** Rows in (after, through], oldest first. */
export async function auditLedger(
  tx: Tx,
  scheduleId: string,
  after: number,
  through: number,
  limit: number,
): Promise<LedgerFire[]> {
  const rows = await tx.query<{ fire_at: number; outcome: FireOutcome; reason: string | null; decided_at: number }>(
    `select fire_at, outcome, reason, decided_at from fire
     where schedule_id = $1 and fire_at > $2 and fire_at <= $3 order by fire_at limit $4`,
    [scheduleId, after, through, limit],
  );
  return rows.map((row) => ({
    fireAt: row.fire_at,
    outcome: row.outcome,
    reason: row.reason,
    decidedAt: row.decided_at,
  }));
}

/** The same of a fixed delay, with the ends of the runs. */
export async function auditDelayedLedger(
  tx: Tx,
  scheduleId: string,
  after: number,
  through: number,
  limit: number,
): Promise<DelayedFire[]> {
  const rows = await tx.query<DelayedFire>(
    `select f.fire_at as "fireAt", f.outcome, f.reason, f.decided_at as "decidedAt",
       ${fireEnd} as "endedAt"
     from fire f
     where f.schedule_id = $1 and f.fire_at > $2 and f.fire_at <= $3 order by f.fire_at limit $4`,
    [scheduleId, after, through, limit],
  );
  return rows;
}

/** The newest times up to `at` of a fixed delay: what the next one counts from, newest first. */
export async function auditDelayedBefore(tx: Tx, scheduleId: string, at: number): Promise<DelayedFire[]> {
  return tx.query<DelayedFire>(
    `select f.fire_at as "fireAt", f.outcome, f.reason, f.decided_at as "decidedAt",
       ${fireEnd} as "endedAt"
     from fire f
     where f.schedule_id = $1 and f.fire_at <= $2 order by f.fire_at desc limit $3`,
    [scheduleId, at, serverLimits.delayFires],
  );
}

/** A run of a schedule that the ledger does not tell of: a second one of a fired time, or one of a time that was skipped or never decided. */
export interface StrayRun {
  scheduleId: string;
  fireAt: number;
  /** Whether the time was fired, by another run. */
  fired: boolean;
}

const strayColumns = `r.schedule_id as "scheduleId", r.fire_at as "fireAt", case when f.outcome = 'fired' then 1 else 0 end as fired`;
const ledgerOf = 'left join fire f on f.schedule_id = r.schedule_id and f.fire_at = r.fire_at';
/**
 * What the ledger tells of the time of a run: 2: this run, 1: another one, 0: it was skipped; null: nothing. A subquery, because PostgreSQL
 * joined each page of runs with the whole ledger: two million runs took 204 s, and 30 s like this.
 */
const itself = 2;
const toldBy = `(select case when f.run_id = r.id then ${itself} when f.outcome = 'fired' then 1 else 0 end
  from fire f where f.schedule_id = r.schedule_id and f.fire_at = r.fire_at)`;
/** Backfills have a ledger of their own. */
const isStray = `r.fire_at is not null and r.trigger_kind <> 'backfill' and (f.run_id is null or f.run_id <> r.id)`;

/**
 * Stray runs of a job among unfinished and finished ones. Run ids begin with the nominal time or with the time of making, which is
 * later, so only ids from `from` on are looked at, by the index on (job, id), a bounded number of rows a statement.
 */
export async function auditStrayRuns(
  tx: Tx,
  jobId: string,
  scheduleIds: readonly string[],
  from: number,
  breathe: () => Promise<void> | undefined,
): Promise<StrayRun[]> {
  const ids = JSON.stringify(scheduleIds.map((id) => ({ id })));
  const hot = await tx.query<Omit<StrayRun, 'fired'> & { fired: number }>(
    `select ${strayColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run r on r.schedule_id = x.id ${ledgerOf} where ${isStray}
     union all
     select ${strayColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run r on r.schedule_id = x.id ${ledgerOf}
     where r.fire_at is not null and (select a.id from run_archive a where a.id = r.id) is not null`,
    [ids],
  );
  const strays = [...hot];
  for (let low = firstIdAt(from); ; ) {
    const [edge] = await tx.query<{ id: string }>(
      'select id from run_archive where job_id = $1 and id >= $2 order by id limit 1 offset $3',
      [jobId, low, serverLimits.auditRuns],
    );
    strays.push(
      ...(await tx.query<Omit<StrayRun, 'fired'> & { fired: number }>(
        `select x."scheduleId", x."fireAt", coalesce(x.told, 0) as fired from (
           select r.schedule_id as "scheduleId", r.fire_at as "fireAt", ${toldBy} as told from run_archive r
           where r.job_id = $1 and r.id >= $2${edge === undefined ? '' : ' and r.id < $3'} and r.fire_at is not null and r.trigger_kind <> 'backfill'
         ) x where coalesce(x.told, 0) <> ${itself}`,
        [jobId, low, ...(edge === undefined ? [] : [edge.id])],
      )),
    );
    if (edge === undefined) break;
    low = edge.id;
    await breathe();
  }
  return strays.map((row) => ({ ...row, fired: row.fired === 1 }));
}

/** The least UUID whose first 48 bits are this time. */
export function firstIdAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
