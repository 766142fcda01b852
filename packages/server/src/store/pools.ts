// Pools: which are declared, and what the leader keeps with them. Changes of definitions stand in line behind the namespace's row, as those
// of jobs do; what the leader keeps is written by whoever leads, in transactions that its term fences.

import type { PoolDefinition, PoolStatus } from '@tidewheel/protocol';
import { canonicalJson } from '../core/canonical-json.ts';
import { serverLimits } from '../core/limits.ts';
import type { StoredPool } from '../core/pools/pool-plan.ts';
import type { ScalingMemory } from '../core/scaling/scaling-input.ts';
import type { Tx } from '../ports/database.ts';

interface PoolRow {
  id: string;
  name: string;
  version: number;
  source: string;
  definition: string;
}

/** All pools of a namespace: they are few. */
export async function poolsStored(tx: Tx, namespace: string): Promise<StoredPool[]> {
  const rows = await tx.query<PoolRow>(
    'select id, name, version, source, definition from pool where namespace = $1 order by name',
    [namespace],
  );
  return rows.map((row) => ({ ...row, definition: JSON.parse(row.definition) as PoolDefinition }));
}

export async function poolIdNamed(tx: Tx, namespace: string, name: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>('select id from pool where namespace = $1 and name = $2', [
    namespace,
    name,
  ]);
  return row?.id ?? null;
}

export interface PoolWrite {
  /** Of a new pool; that of one that is there stays. */
  id: string;
  definition: PoolDefinition;
  source: string;
}

/** Makes or changes pools. */
export async function poolsWrite(tx: Tx, namespace: string, writes: readonly PoolWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const columns = { id: 'uuid', name: 'text', source: 'text', definition: 'text' } as const;
  const rows = writes.map(({ id, definition, source }) => ({
    id,
    name: definition.name,
    source,
    definition: canonicalJson(definition),
  }));
  await tx.query(
    `insert into pool (id, namespace, name, version, source, definition, created_at, updated_at)
     select x.id, $2, x.name, 1, x.source, x.definition, now_ms(), now_ms() from ${tx.dialect.rows('$1', 'x', columns)} where true
     on conflict (namespace, name) do update set version = pool.version + 1, source = excluded.source,
       definition = excluded.definition, updated_at = excluded.updated_at`,
    [JSON.stringify(rows), namespace],
  );
}

/** With their orders and decisions. */
export async function poolsDelete(tx: Tx, namespace: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const gone = await tx.query<{ id: string }>(
    `delete from pool where namespace = $1 and name in (select x.name from ${tx.dialect.rows('$2', 'x', { name: 'text' })}) returning id`,
    [namespace, JSON.stringify(names.map((name) => ({ name })))],
  );
  const ids = JSON.stringify(gone);
  const named = `pool_id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`;
  await tx.query(`delete from pool_order where ${named}`, [ids]);
  await tx.query(`delete from scaling_decision where ${named}`, [ids]);
}

/** A pool as the leader works with it. */
export interface LedPool {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
  readonly definition: PoolDefinition;
  readonly memory: ScalingMemory | null;
  readonly status: PoolStatus | null;
  readonly startupMs: number | null;
}

interface LedRow {
  id: string;
  namespace: string;
  name: string;
  version: number;
  definition: string;
  memory: string | null;
  status: string | null;
  startup_ms: number | null;
}

/** Of all namespaces. */
export async function poolsAll(tx: Tx): Promise<LedPool[]> {
  const rows = await tx.query<LedRow>(
    `select id, namespace, name, version, definition, memory, status, startup_ms from pool
     order by namespace, name limit ${serverLimits.poolsLed}`,
  );
  return rows.map((row) => ({
    id: row.id,
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    definition: JSON.parse(row.definition) as PoolDefinition,
    memory: row.memory === null ? null : (JSON.parse(row.memory) as ScalingMemory),
    status: row.status === null ? null : (JSON.parse(row.status) as PoolStatus),
    startupMs: row.startup_ms,
  }));
}

export interface PoolKept {
  readonly id: string;
  readonly memory: ScalingMemory;
  readonly status: PoolStatus;
  readonly startupMs: number | null;
}

/** What the leader keeps. */
export async function poolsKeep(tx: Tx, kept: readonly PoolKept[]): Promise<void> {
  if (kept.length === 0) return;
  const columns = { id: 'uuid', memory: 'text', status: 'text', startup_ms: 'bigint' } as const;
  const rows = kept.map(({ id, memory, status, startupMs }) => ({
    id,
    memory: JSON.stringify(memory),
    status: JSON.stringify(status),
    startup_ms: startupMs === null ? null : Math.round(startupMs),
  }));
  await tx.query(
    `update pool set memory = x.memory, status = x.status, startup_ms = x.startup_ms
     from ${tx.dialect.rows('$1', 'x', columns)} where pool.id = x.id`,
    [JSON.stringify(rows)],
  );
}
