// Lease rows: mutual detection by the store's clock, for cells that have no other coordinator. One statement each, so that two
// candidates meet on the row's lock and one of them finds the lease taken. A token only grows; rows are never removed.

import type { Tx } from '../ports/database.ts';

/**
 * Free, or run out. A renewal that lies more than a lease ahead was written before the store's clock stepped back: such a lease
 * is over too, or nobody could lead until the clock has caught up.
 */
const isFree =
  '(lease.holder is null or lease.renewed_at + lease.ttl_ms <= now_ms() or lease.renewed_at > now_ms() + lease.ttl_ms)';

/** The new token, or null when another holder has it. */
export async function leaseAcquire(tx: Tx, name: string, holder: string, ttlMs: number): Promise<number | null> {
  const rows = await tx.query<{ token: number }>(
    `insert into lease (name, holder, token, ttl_ms, renewed_at) values ($1, $2, 1, $3, now_ms())
     on conflict (name) do update
       set holder = excluded.holder, token = lease.token + 1, ttl_ms = excluded.ttl_ms, renewed_at = now_ms()
       where lease.holder = excluded.holder or ${isFree}
     returning token`,
    [name, holder, ttlMs],
  );
  return rows[0]?.token ?? null;
}

export async function leaseRenew(tx: Tx, name: string, holder: string, token: number): Promise<boolean> {
  const rows = await tx.query(
    `update lease set renewed_at = now_ms() where name = $1 and holder = $2 and token = $3 and not ${isFree} returning token`,
    [name, holder, token],
  );
  return rows.length === 1;
}

export async function leaseRelease(tx: Tx, name: string, holder: string, token: number): Promise<boolean> {
  const rows = await tx.query(
    'update lease set holder = null where name = $1 and holder = $2 and token = $3 returning token',
    [name, holder, token],
  );
  return rows.length === 1;
}

export interface LeaseRow {
  holder: string;
  token: number;
  remainingMs: number;
}

export async function leaseHolder(tx: Tx, name: string): Promise<LeaseRow | null> {
  const [row] = await tx.query<LeaseRow>(
    `select holder, token, renewed_at + ttl_ms - now_ms() as "remainingMs" from lease where name = $1 and not ${isFree}`,
    [name],
  );
  return row ?? null;
}
