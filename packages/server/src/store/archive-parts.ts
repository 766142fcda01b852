// The partitions of the archive and of the logs on PostgreSQL (core/archive-days.ts has the picture). What takes a lock that everybody
// waits behind waits for it itself no longer than `quickLockMs`, and does nothing under it whose time grows with the rows.
//
// Detaching without a lock (`concurrently`) is not possible beside a default partition, which there must be: a run whose id lies in no
// partition would otherwise not be able to finish.

import { type ArchivePart, type Compaction, generationOf, partName } from '../core/archive-days.ts';
import type { Tx } from '../ports/database.ts';
import { firstIdAt } from './audit.ts';

/** The tables that have partitions, and the column that tells the time. */
export const partitioned = { run_archive: 'id', log_chunk: 'run_id' } as const;
export type Partitioned = keyof typeof partitioned;

/** Others wait behind us for no longer than this and the few milliseconds of the change itself. */
const quickLockMs = 30;
export const quickly = `set local lock_timeout = ${quickLockMs}`;

/** As the tables before them have it (migration 9): frozen and visible to index-only scans while still in memory. */
const storage = `with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_freeze_min_age = 0)`;

const oldOf = (table: Partitioned): string => `${table}_old`;
const boundOf = (table: Partitioned): string => `${table}_old_bound`;

export async function partsOf(tx: Tx, table: Partitioned): Promise<ArchivePart[]> {
  const rows = await tx.query<{ name: string; bound: string; rows: number }>(
    `select c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bound, greatest(c.reltuples, 0)::float8 as rows
     from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1) order by 1`,
    [table],
  );
  return rows.map(({ name, bound, rows: count }) => {
    const [, from = '', to = ''] = /FROM \((.*)\) TO \((.*)\)/.exec(bound) ?? [];
    const isRest = bound === 'DEFAULT';
    return { name, from: timeOf(from), to: timeOf(to), isRest, rows: count, generation: generationOf(name) };
  });
}

/** `'01935b5c-…'` → its time; MINVALUE → null. */
function timeOf(bound: string): number | null {
  const [, high, low] = /^'([0-9a-f]{8})-([0-9a-f]{4})-/.exec(bound) ?? [];
  return high === undefined || low === undefined ? null : Number.parseInt(high + low, 16);
}

/** Makes the partition of a day; false when runs of that day lie in the rest already, which then keeps them. */
export async function dayMake(tx: Tx, table: Partitioned, from: number, to: number, rest: string): Promise<boolean> {
  const [low, high] = [firstIdAt(from), firstIdAt(to)];
  const key = partitioned[table];
  await tx.query(quickly);
  const [early] = await tx.query(`select 1 as one from ${rest} where ${key} >= $1 and ${key} < $2 limit 1`, [
    low,
    high,
  ]);
  if (early !== undefined) return false;
  const name = partName(table, from, 0);
  await tx.query(`create table ${name} (like ${table} including all) ${storage}`);
  await tx.query(`alter table ${table} attach partition ${name} for values from ('${low}') to ('${high}')`);
  return true;
}

/** How far the first cut has come: a table of any size becomes the partition of all that is before a time. */
export interface Cut {
  /** Rows, counted up to a bound. */
  rows: number;
  newestAt: number | null;
  /** The bound that is being proven, and whether it has been. */
  bound: { at: number; proven: boolean } | null;
}

export async function cutRead(tx: Tx, table: Partitioned, countMost: number): Promise<Cut> {
  const [old, key] = [oldOf(table), partitioned[table]];
  const [counted] = await tx.query<{ rows: number }>(
    `select count(*) as rows from (select 1 from ${old} limit ${countMost}) x`,
  );
  const [newest] = await tx.query<{ id: string }>(`select ${key} as id from ${old} order by ${key} desc limit 1`);
  const [check] = await tx.query<{ proven: number; definition: string }>(
    `select convalidated as proven, pg_get_constraintdef(oid) as definition from pg_constraint
     where conrelid = to_regclass($1) and conname = $2`,
    [old, boundOf(table)],
  );
  const at = timeOf(/('[0-9a-f-]+')/.exec(check?.definition ?? '')?.[1] ?? '');
  return {
    rows: counted?.rows ?? 0,
    newestAt: newest === undefined ? null : timeOf(`'${newest.id}'`),
    bound: check === undefined || at === null ? null : { at, proven: check.proven === 1 },
  };
}

/** From now on nothing at or after `at` can be written: it must be far ahead, and the cut must follow. */
export async function cutBound(tx: Tx, table: Partitioned, at: number): Promise<void> {
  await tx.query(quickly);
  await tx.query(
    `alter table ${oldOf(table)} add constraint ${boundOf(table)} check (${partitioned[table]} < '${firstIdAt(at)}') not valid`,
  );
}

export async function cutUnbind(tx: Tx, table: Partitioned): Promise<void> {
  await tx.query(quickly);
  await tx.query(`alter table ${oldOf(table)} drop constraint if exists ${boundOf(table)}`);
}

/** Reads the whole table, beside everybody else. */
export async function cutProve(tx: Tx, table: Partitioned): Promise<void> {
  await tx.query(`alter table ${oldOf(table)} validate constraint ${boundOf(table)}`);
}

/** Reads the whole table under the lock, unless a bound is proven. */
export async function cutMake(tx: Tx, table: Partitioned, at: number): Promise<void> {
  const old = oldOf(table);
  await tx.query(quickly);
  await tx.query(`alter table ${table} detach partition ${old}`);
  await tx.query(`alter table ${table} attach partition ${old} for values from (minvalue) to ('${firstIdAt(at)}')`);
  await tx.query(`create table ${table}_rest (like ${table} including all) ${storage}`);
  await tx.query(`alter table ${table} attach partition ${table}_rest default`);
  await tx.query(`alter table ${old} drop constraint if exists ${boundOf(table)}`);
}

/** More has to stay of a day than is copied at once. */
export class TooManyStay extends Error {
  constructor(part: string) {
    super(`too much has to stay of ${part}`);
    this.name = 'TooManyStay';
  }
}

export interface Compacted {
  removed: number;
  kept: number;
}

/**
 * Puts one partition with what has to stay in the place of one or two whole ones. `stays`: which rows r, with its joins.
 * Nobody may write to the sources meanwhile, who reads is not kept waiting. Only runs that finish so long after they were made can want to.
 * `confirm` is called before the change that others see; what comes before it can take a second.
 */
export async function partsCompact(
  tx: Tx,
  table: Partitioned,
  { sources, from, to, name }: Compaction,
  stays: { joins: string; where: string; most: number },
  confirm: () => Promise<void>,
): Promise<Compacted> {
  const [low, high] = [firstIdAt(from), firstIdAt(to)];
  const [key, names] = [partitioned[table], sources.map((source) => source.name)];
  await tx.query(quickly);
  await tx.query(`lock table ${names.join(', ')} in share row exclusive mode`);
  await tx.query(`create table ${name} (like ${table} including all) ${storage}`);
  let before = 0;
  for (const source of names) {
    const [counted] = await tx.query<{ rows: number }>(`select count(*) as rows from ${source}`);
    before += counted?.rows ?? 0;
    await tx.query(
      `insert into ${name} select r.* from ${source} r ${stays.joins} where ${stays.where} limit ${stays.most + 1}`,
    );
  }
  const [counted] = await tx.query<{ rows: number }>(`select count(*) as rows from ${name}`);
  const kept = counted?.rows ?? 0;
  if (kept > stays.most) throw new TooManyStay(names.join(' and '));
  if (kept > 0) {
    await tx.query(
      `alter table ${name} add constraint ${name}_bound check (${key} is not null and ${key} >= '${low}' and ${key} < '${high}')`,
    );
    await tx.query(`analyze ${name}`);
  }
  await confirm();
  await tx.query(quickly);
  await tx.query(`lock table only ${table} in access exclusive mode`);
  await tx.query(`drop table ${names.join(', ')}`);
  if (kept === 0) await tx.query(`drop table ${name}`);
  else {
    await tx.query(`alter table ${table} attach partition ${name} for values from ('${low}') to ('${high}')`);
    await tx.query(`alter table ${name} drop constraint ${name}_bound`);
  }
  return { removed: before - kept, kept };
}

/** Drops a partition in which nothing is left; false when something is. */
export async function partDropEmpty(tx: Tx, table: Partitioned, part: string): Promise<boolean> {
  if ((await tx.query(`select 1 as one from ${part} limit 1`)).length > 0) return false;
  await tx.query(quickly);
  await tx.query(`lock table ${part} in share row exclusive mode`);
  if ((await tx.query(`select 1 as one from ${part} limit 1`)).length > 0) return false;
  await tx.query(`lock table only ${table} in access exclusive mode`);
  await tx.query(`drop table ${part}`);
  return true;
}
