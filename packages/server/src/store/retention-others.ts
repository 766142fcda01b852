// Removes what else grows: fires, audit events, counts, late results, backfills. Each function removes a bounded number of rows along an
// index and answers how far it came. Callers hold the retention row.

import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { firstIdAt } from './audit.ts';

export interface Removed {
  rows: number;
  /** Where the next step goes on; null when this is done. */
  next: string | null;
}

const most = serverLimits.retentionRows;
const heldWhole = `select h.namespace from hold h where h.job_id is null and h.run_id is null`;

/** Whether any schedule is older than that time: none has fires from before it was made. Where none is, looking through all of them is spared. */
export async function firesMayPrecede(tx: Tx, time: number): Promise<boolean> {
  return (await tx.query('select 1 from schedule where created_at < $1 limit 1', [time])).length > 0;
}

/**
 * Fires before a time that is written down first, because audits must not look for what may be gone. The newest fires of every schedule
 * stay, however old: a fixed delay counts from them, and people see when a schedule fired last.
 */
export async function firesRemove(tx: Tx, before: number, afterSchedule: string): Promise<Removed> {
  await tx.query('update retention_state set ledger_from = $1 where id = 1 and ledger_from < $1', [before]);
  const [edge] = await tx.query<{ id: string }>('select id from schedule where id > $1 order by id limit 1 offset $2', [
    afterSchedule,
    serverLimits.retentionSchedules - 1,
  ]);
  const upTo = edge === undefined ? '' : ' and s.id <= $4';
  const gone = await tx.query(
    `delete from fire where (schedule_id, fire_at) in (
       select f.schedule_id, f.fire_at from (
         select s.id, (select g.fire_at from fire g where g.schedule_id = s.id order by g.fire_at desc limit 1
           offset ${serverLimits.delayFires - 1}) as newest
         from schedule s where s.id > $1${upTo} and s.namespace not in (${heldWhole})
           and s.job_id not in (select h.job_id from hold h where h.job_id is not null)
       ) x join fire f on f.schedule_id = x.id and f.fire_at < $2 and f.fire_at < x.newest limit $3
     ) returning fire_at`,
    [afterSchedule, before, most, ...(edge === undefined ? [] : [edge.id])],
  );
  // The same schedules again: there are more.
  if (gone.length === most) return { rows: gone.length, next: afterSchedule };
  return { rows: gone.length, next: edge?.id ?? null };
}

/** By id, which begins with the time. */
export async function eventsRemove(tx: Tx, before: number, after: string): Promise<Removed> {
  const end = firstIdAt(before);
  const [edge] = await tx.query<{ id: string }>(
    'select id from event where id > $1 and id < $2 order by id limit 1 offset $3',
    [after, end, most - 1],
  );
  const gone = await tx.query(
    `delete from event where id > $1 and ${edge === undefined ? 'id < $2' : 'id <= $2'} and namespace not in (${heldWhole}) returning id`,
    [after, edge?.id ?? end],
  );
  return { rows: gone.length, next: edge?.id ?? null };
}

export async function countsRemove(tx: Tx, before: number): Promise<Removed> {
  const gone = await tx.query(
    `delete from run_stat where (namespace, minute, state, master_id) in (
       select s.namespace, s.minute, s.state, s.master_id from namespace n
       join run_stat s on s.namespace = n.name and s.minute < $1 limit $2) returning minute`,
    [before, most],
  );
  await tx.query('delete from store_size where at < $1', [before]);
  return again(gone.length);
}

/** There are few: only what was lost can come late. No index serves this, so all of them are looked at. */
export async function orphansRemove(tx: Tx, before: number): Promise<Removed> {
  const gone = await tx.query(
    `delete from orphan where (attempt_id, run_id) in (
       select o.attempt_id, o.run_id from orphan o where o.received_at < $1
         and o.run_id not in (select h.run_id from hold h where h.run_id is not null) limit $2) returning run_id`,
    [before, most],
  );
  return again(gone.length);
}

/** With their ledgers, once all their runs are counted. */
export async function backfillsRemove(tx: Tx, before: number): Promise<Removed> {
  const old = `select b.id from backfill b where b.live = 0 and b.finished_at < $1 and b.namespace not in (${heldWhole})
    and b.job_id not in (select h.job_id from hold h where h.job_id is not null)`;
  const gone = await tx.query(
    `delete from backfill_fire where (backfill_id, fire_at) in (
       select f.backfill_id, f.fire_at from backfill_fire f where f.backfill_id in (${old}) limit $2) returning fire_at`,
    [before, most],
  );
  if (gone.length === most) return again(gone.length);
  await tx.query(`delete from backfill where id in (${old})`, [before]);
  return again(gone.length);
}

function again(rows: number): Removed {
  return { rows, next: rows === most ? '' : null };
}
