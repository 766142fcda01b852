// What people have ordered of pools by hand. An order that has ended keeps its row, for those who wonder later.

import type { PoolOrder, PoolOrderKind, PoolOrderView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

interface OrderRow {
  id: string;
  pool_id: string;
  kind: PoolOrderKind;
  body: string;
  reason: string;
  from_at: number;
  until_at: number | null;
  created_by: string;
  created_at: number;
  ended_at: number | null;
  ended: PoolOrderView['ended'];
}

const columns = 'id, pool_id, kind, body, reason, from_at, until_at, created_by, created_at, ended_at, ended';

function viewOf(row: OrderRow): PoolOrderView {
  return {
    id: row.id,
    kind: row.kind,
    order: JSON.parse(row.body) as Record<string, unknown>,
    reason: row.reason,
    from: row.from_at,
    until: row.until_at,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    ended: row.ended,
  };
}

/** Newer orders of these kinds take the place of those before. */
const single: readonly PoolOrderKind[] = ['scale', 'freeze', 'rollout'];

export interface NewPoolOrder {
  readonly id: string;
  readonly poolId: string;
  readonly order: PoolOrder;
  readonly createdBy: string;
  readonly from: number;
  readonly until: number | null;
}

export async function poolOrderPut(tx: Tx, { id, poolId, order, createdBy, from, until }: NewPoolOrder): Promise<void> {
  if (single.includes(order.kind))
    await tx.query(
      `update pool_order set ended_at = now_ms(), ended = 'replaced' where pool_id = $1 and kind = $2 and ended_at is null`,
      [poolId, order.kind],
    );
  const { kind, reason, ...body } = order;
  await tx.query(
    `insert into pool_order (id, pool_id, kind, body, reason, from_at, until_at, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now_ms())`,
    [id, poolId, kind, JSON.stringify(body), reason, from, until, createdBy],
  );
}

/** False: it had ended, or is of another pool. */
export async function poolOrderEnd(tx: Tx, poolId: string, id: string, how: 'ended' | 'done'): Promise<boolean> {
  const rows = await tx.query(
    `update pool_order set ended_at = now_ms(), ended = $3 where id = $2 and pool_id = $1 and ended_at is null returning id`,
    [poolId, id, how],
  );
  return rows.length === 1;
}

/** Orders whose time is over have ended. */
export async function poolOrdersExpire(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update pool_order set ended_at = now_ms(), ended = 'expired' where ended_at is null and until_at <= now_ms()
       and id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
}

/** Those that hold or will, by pool. */
export async function poolOrdersOpen(tx: Tx, poolIds: readonly string[]): Promise<Map<string, PoolOrderView[]>> {
  if (poolIds.length === 0) return new Map();
  const rows = await tx.query<OrderRow>(
    `select ${columns
      .split(', ')
      .map((column) => `o.${column}`)
      .join(', ')} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     join pool_order o on o.pool_id = x.id and o.ended_at is null order by o.id`,
    [JSON.stringify(poolIds.map((id) => ({ id })))],
  );
  const byPool = Map.groupBy(rows, (row) => row.pool_id);
  return new Map([...byPool].map(([id, orders]) => [id, orders.map(viewOf)]));
}

/** All of a pool, newest first. */
export async function poolOrdersPage(
  tx: Tx,
  poolId: string,
  before: string | null,
  limit: number,
): Promise<Slice<PoolOrderView, string>> {
  const rows = await tx.query<OrderRow>(
    `select ${columns} from pool_order where pool_id = $1${before === null ? '' : ' and id < $3'} order by id desc limit $2`,
    [poolId, limit + 1, ...(before === null ? [] : [before])],
  );
  const { items, next } = cutPage(rows, limit, (row) => row.id);
  return { items: items.map(viewOf), next };
}
