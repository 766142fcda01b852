// What the standing audit reads before it audits: which schedules may have something to audit, many of them in one statement.

import type { AuditVersion } from '../core/audit.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { type AuditedSchedule, auditedUpTo, firstIdAt, versionOf, type VersionRow } from './audit.ts';
import type { CalendarCache } from './calendar-cache.ts';

/** Where a walk over all schedules has come to. */
export interface WatchPlace {
  jobId: string;
  id: string;
}

export const watchStart: WatchPlace = {
  jobId: '00000000-0000-0000-0000-000000000000',
  id: '00000000-0000-0000-0000-000000000000',
};

/**
 * The next schedules of a walk by job, of all namespaces: those that decided something in [from, to], were changed, should have
 * fired, have runs or findings. For all others one statement says that there is nothing to audit; so it is with
 * new ones that were not due yet, of which a hundred thousand may be declared in an hour.
 */
export async function watchedSchedules(
  tx: Tx,
  after: WatchPlace,
  from: number,
  to: number,
): Promise<AuditedSchedule[]> {
  const rows = await tx.query<{
    id: string;
    namespace: string;
    job_id: string;
    name: string;
    job: string;
    cursor: number;
  }>(
    `select s.id, s.namespace, s.job_id, s.name, j.name as job, ${auditedUpTo} as cursor
     from schedule s join job j on j.id = s.job_id
     where (s.job_id > $1 or s.job_id = $1 and s.id > $2) and s.created_at <= $4
       and ((s.cursor >= $3 or s.updated_at >= $3) and not (s.version = 1 and s.cursor = s.created_at and s.next_fire_at > $4)
         or s.next_fire_at <= $4 or s.state = 'enabled' and s.next_fire_at is null
         or s.id in (select r.schedule_id from run r where r.schedule_id is not null)
         or s.id in (select f.schedule_id from fire_finding f))
     order by s.job_id, s.id limit $5`,
    [after.jobId, after.id, from, to, serverLimits.watchedSchedules],
  );
  return rows.map(({ job_id: jobId, ...row }) => ({ ...row, jobId }));
}

/** What is cheap to know of a schedule in [from, to]. */
export interface WatchSigns {
  /** In order; null: there are too many to tell at once. */
  versions: AuditVersion[] | null;
  /** It has ledger rows, or runs, its own or of others of its job. */
  hasRecord: boolean;
}

export async function watchSigns(
  tx: Tx,
  calendars: CalendarCache,
  schedules: readonly AuditedSchedule[],
  from: number,
): Promise<Map<string, WatchSigns>> {
  const ids = JSON.stringify(schedules.map(({ id }) => ({ id })));
  const of = (alias: string) => tx.dialect.rows('$1', alias, { id: 'uuid' });
  const records = await tx.query<{ id: string; has: number }>(
    `select s.id, case when exists (select 1 from fire f where f.schedule_id = s.id and f.fire_at >= $2)
         or exists (select 1 from run r where r.schedule_id = s.id)
         or exists (select 1 from run_archive r where r.job_id = s.job_id and r.id >= $3 and r.fire_at is not null)
       then 1 else 0 end as has
     from ${of('x')} join schedule s on s.id = x.id`,
    [ids, from, firstIdAt(from)],
  );
  const rows = await tx.query<VersionRow & { schedule_id: string }>(
    `select v.schedule_id, s.namespace, v.version, v.spec, v.state, v.anchor_at, v.calendars, v.valid_from
     from ${of('x')} join schedule s on s.id = x.id join schedule_version v on v.schedule_id = x.id
     where v.version >= coalesce((select max(w.version) from schedule_version w where w.schedule_id = x.id and w.valid_from < $2), 0)
     order by v.schedule_id, v.version limit $3`,
    [ids, from, serverLimits.watchedVersions],
  );
  const calendarsOf = await calendars.bound(tx, rows);
  const isWhole = rows.length < serverLimits.watchedVersions;
  const versions = Map.groupBy(rows, (row) => row.schedule_id);
  return new Map(
    records.map(({ id, has }) => [
      id,
      {
        versions: isWhole ? (versions.get(id) ?? []).map((row) => versionOf(row, calendarsOf(row))) : null,
        hasRecord: has === 1,
      },
    ]),
  );
}
