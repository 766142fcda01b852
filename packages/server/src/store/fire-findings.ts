// What the standing audit found and nobody has acknowledged, and nothing has cured: one row a schedule. A row that was acknowledged stays
// for a while, so that what it covers is not found again.

import type { FireFinding } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';

type Samples = FireFinding['samples'];

/** What the audit knows of a schedule from earlier looks. */
export interface KnownFinding {
  scheduleId: string;
  acknowledged: boolean;
  fromAt: number;
  throughAt: number;
  /** Missing, doubled, unexpected, and the samples: as long as they stay the same, nothing new is told. */
  told: string;
}

export interface NewFinding {
  scheduleId: string;
  namespace: string;
  missing: number;
  doubled: number;
  unexpected: number;
  samples: Samples;
  fromAt: number;
  throughAt: number;
}

export function toldOf(finding: Pick<NewFinding, 'missing' | 'doubled' | 'unexpected' | 'samples'>): string {
  return JSON.stringify([finding.missing, finding.doubled, finding.unexpected, finding.samples]);
}

interface Row {
  schedule_id: string;
  missing: number;
  doubled: number;
  unexpected: number;
  samples: string;
  from_at: number;
  through_at: number;
  acknowledged_at: number | null;
}

export async function findingsKnown(tx: Tx): Promise<Map<string, KnownFinding>> {
  const rows = await tx.query<Row>(
    `select schedule_id, missing, doubled, unexpected, samples, from_at, through_at, acknowledged_at
     from fire_finding order by schedule_id limit $1`,
    [serverLimits.findingsKept],
  );
  return new Map(
    rows.map((row) => [
      row.schedule_id,
      {
        scheduleId: row.schedule_id,
        acknowledged: row.acknowledged_at !== null,
        fromAt: row.from_at,
        throughAt: row.through_at,
        told: toldOf({ ...row, samples: JSON.parse(row.samples) as Samples }),
      },
    ]),
  );
}

/** Raises it, anew where it was acknowledged before. */
export async function findingPut(tx: Tx, finding: NewFinding): Promise<void> {
  const { scheduleId, namespace, missing, doubled, unexpected, samples, fromAt, throughAt } = finding;
  await tx.query(
    `insert into fire_finding (schedule_id, namespace, missing, doubled, unexpected, samples, from_at, through_at, found_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now_ms())
     on conflict (schedule_id) do update set missing = excluded.missing, doubled = excluded.doubled, unexpected = excluded.unexpected,
       samples = excluded.samples, from_at = excluded.from_at, through_at = excluded.through_at,
       found_at = case when fire_finding.acknowledged_at is null then fire_finding.found_at else excluded.found_at end,
       acknowledged_at = null, acknowledged_by = null, acknowledged_reason = null`,
    [scheduleId, namespace, missing, doubled, unexpected, JSON.stringify(samples), fromAt, throughAt],
  );
}

/** False: it was acknowledged meanwhile, or is gone. */
export async function findingCured(tx: Tx, scheduleId: string): Promise<boolean> {
  const rows = await tx.query(
    'delete from fire_finding where schedule_id = $1 and acknowledged_at is null returning schedule_id',
    [scheduleId],
  );
  return rows.length === 1;
}

/** Acknowledged ones whose fires no audit looks at any more. */
export async function findingsForget(tx: Tx, before: number): Promise<void> {
  await tx.query('delete from fire_finding where acknowledged_at is not null and through_at < $1', [before]);
}

/** Those that nobody has acknowledged, the oldest first. */
export async function findingsOpen(tx: Tx, namespace: string, limit: number): Promise<FireFinding[]> {
  const rows = await tx.query<Row & { schedule: string; job: string; found_at: number }>(
    `select f.schedule_id, f.missing, f.doubled, f.unexpected, f.samples, f.from_at, f.through_at, f.acknowledged_at, f.found_at,
       s.name as schedule, j.name as job
     from fire_finding f join schedule s on s.id = f.schedule_id join job j on j.id = s.job_id
     where f.namespace = $1 and f.acknowledged_at is null order by f.found_at, s.name limit $2`,
    [namespace, limit],
  );
  return rows.map((row) => ({
    schedule: row.schedule,
    job: row.job,
    missing: row.missing,
    doubled: row.doubled,
    unexpected: row.unexpected,
    samples: JSON.parse(row.samples) as Samples,
    foundAt: row.found_at,
  }));
}

/** Over all namespaces. */
export async function findingsCount(tx: Tx): Promise<{ schedules: number; fires: number }> {
  const [row] = await tx.query<{ schedules: number; fires: number }>(
    `select count(*) as schedules, coalesce(sum(missing + doubled + unexpected), 0) as fires
     from fire_finding where acknowledged_at is null`,
  );
  return { schedules: row?.schedules ?? 0, fires: Number(row?.fires ?? 0) };
}

/** Of one schedule, or of all of the namespace. Answers the names. */
export async function findingsAcknowledge(
  tx: Tx,
  asked: { namespace: string; schedule: string | null; by: string; reason: string },
): Promise<string[]> {
  const { namespace, schedule, by, reason } = asked;
  const rows = await tx.query<{ schedule_id: string }>(
    `update fire_finding set acknowledged_at = now_ms(), acknowledged_by = $2, acknowledged_reason = $3
     where namespace = $1 and acknowledged_at is null
       and ($4 = '' or schedule_id in (select id from schedule where namespace = $1 and name = $4)) returning schedule_id`,
    [namespace, by, reason, schedule ?? ''],
  );
  const named = await tx.query<{ name: string }>(
    `select s.name from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join schedule s on s.id = x.id order by s.name`,
    [JSON.stringify(rows.map((row) => ({ id: row.schedule_id })))],
  );
  return named.map(({ name }) => name);
}
