// One-time sign-in links, and the console sessions that they are exchanged for. Only hashes are stored.

import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { Grant } from './tokens.ts';

export const signInLinkMs = 15 * 60_000;
export const consoleSessionMs = 12 * 3_600_000;

/** The code stands in the fragment, which browsers never send: it reaches the server only by the exchange. */
export async function signInLinkCreate(
  tx: Tx,
  identity: Pick<Identity, 'secret' | 'hash'>,
  grant: Grant,
): Promise<{ path: string; expiresAt: number }> {
  const code = identity.secret();
  await forgetExpired(tx);
  const expiresAt = await insert(tx, identity.hash(code), 'link', grant, signInLinkMs);
  return { path: `/sign-in#${code}`, expiresAt };
}

/**
 * Uses up a link and starts a session. Null when the code is unknown, used or expired. Run it in a transaction:
 * of two exchanges of one code only one finds the row to delete.
 */
export async function signInExchange(
  tx: Tx,
  identity: Pick<Identity, 'secret' | 'hash'>,
  code: string,
): Promise<{ secret: string; grant: Grant; expiresAt: number } | null> {
  const rows = await tx.query<Grant & { good: number }>(
    `delete from sign_in where hash = $1 and kind = 'link'
     returning name, role, namespace, case when expires_at > now_ms() then 1 else 0 end as good`,
    [identity.hash(code)],
  );
  const [link] = rows;
  if (link === undefined || link.good === 0) return null;
  const secret = identity.secret();
  const grant = { name: link.name, role: link.role, namespace: link.namespace };
  return { secret, grant, expiresAt: await insert(tx, identity.hash(secret), 'session', grant, consoleSessionMs) };
}

export async function consoleSessionByHash(tx: Tx, hash: string): Promise<Grant | null> {
  const rows = await tx.query<Grant>(
    `select name, role, namespace from sign_in where hash = $1 and kind = 'session' and expires_at > now_ms()`,
    [hash],
  );
  return rows[0] ?? null;
}

export async function consoleSessionEnd(tx: Tx, hash: string): Promise<void> {
  await tx.query(`delete from sign_in where hash = $1 and kind = 'session'`, [hash]);
}

async function insert(tx: Tx, hash: string, kind: 'link' | 'session', grant: Grant, lifeMs: number): Promise<number> {
  const rows = await tx.query<{ expires_at: number }>(
    `insert into sign_in (hash, kind, name, role, namespace, created_at, expires_at)
     values ($1, $2, $3, $4, $5, now_ms(), now_ms() + $6) returning expires_at`,
    [hash, kind, grant.name, grant.role, grant.namespace, lifeMs],
  );
  return rows[0]?.expires_at ?? 0;
}

/** Links are made rarely and by people, so what has expired is swept here. */
async function forgetExpired(tx: Tx): Promise<void> {
  await tx.query(
    'delete from sign_in where hash in (select hash from sign_in where expires_at <= now_ms() limit 1000)',
  );
}
