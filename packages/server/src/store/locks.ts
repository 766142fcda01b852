// Locks of users. All conditions are in the statements that write, by the store's clock; tokens of one name only grow, also
// over release, expiry and the forgetting of old rows. A lock that is bound to a worker's session is free from the moment the
// session is dead, whichever transaction ended it.
//
// Order of locks: session, then lock_floor, then lock. A new name takes a share of the floor, so that it cannot begin below the
// token of a row of the same name that is being forgotten meanwhile.

import type { LockOrder, LockTaken, LockView } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Database, Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

const isLive = "s.state <> 'dead' and s.expires_at > now_ms()";
/** A renewal more than a life ahead was written before the store's clock stepped back: such a lock is over too. */
const isFree = `(lock.hold is null or lock.renewed_at + lock.ttl_ms <= now_ms() or lock.renewed_at > now_ms() + lock.ttl_ms
  or (lock.session_id is not null and not exists (select 1 from session s where s.id = lock.session_id and ${isLive})))`;

interface LockRow {
  name: string;
  token: number;
  is_free: number;
  owner: string | null;
  label: string | null;
  session_id: string | null;
  ttl_ms: number;
  acquired_at: number;
  renewed_at: number;
}
const columns = `lock.name, lock.token, case when ${isFree} then 1 else 0 end as is_free, lock.owner, lock.label, lock.session_id,
  lock.ttl_ms, lock.acquired_at, lock.renewed_at`;

export interface LockClaim extends Omit<LockOrder, 'wait'> {
  namespace: string;
  name: string;
  owner: string;
}

export type LockAnswer =
  | { kind: 'acquired'; lock: LockView }
  /** `lock` is null when its row has gone meanwhile: ask again. */
  | { kind: 'held'; lock: LockView | null; remainingMs: number }
  | { kind: 'attempt-over' }
  | { kind: 'too-many' };

/** The same hold again, while it is in force, keeps its token and begins its life anew: an unknown outcome is read back by asking again. */
export function lockAcquire(db: Database, claim: LockClaim): Promise<LockAnswer> {
  return db.transaction(async (tx): Promise<LockAnswer> => {
    const sessionId = claim.attempt === undefined ? null : await sessionOf(tx, claim.namespace, claim.attempt);
    if (claim.attempt !== undefined && sessionId === null) return { kind: 'attempt-over' };
    const taken = (await takeOver(tx, claim, sessionId)) ?? (await make(tx, claim, sessionId));
    if (taken !== null) return { kind: 'acquired', lock: viewOf(taken) };
    const [row] = await tx.query<LockRow & { remaining: number }>(
      `select ${columns}, lock.renewed_at + lock.ttl_ms - now_ms() as remaining from lock where namespace = $1 and name = $2`,
      [claim.namespace, claim.name],
    );
    if (row !== undefined) return { kind: 'held', lock: viewOf(row), remainingMs: row.remaining };
    return (await isFull(tx, claim.namespace)) ? { kind: 'too-many' } : { kind: 'held', lock: null, remainingMs: 0 };
  });
}

async function sessionOf(tx: Tx, namespace: string, attempt: { runId: string; attemptId: string }) {
  const [row] = await tx.query<{ id: string }>(
    `select s.id from run r join session s on s.id = r.session_id
     where r.id = $1 and r.attempt_id = $2 and r.namespace = $3 and ${isLive}`,
    [attempt.runId, attempt.attemptId, namespace],
  );
  return row?.id ?? null;
}

async function takeOver(tx: Tx, claim: LockClaim, sessionId: string | null): Promise<LockRow | null> {
  const { namespace, name, hold, owner, label, ttl } = claim;
  const [row] = await tx.query<LockRow>(
    `update lock set hold = $3, owner = $4, label = $5, session_id = $6, ttl_ms = $7, renewed_at = now_ms(),
       token = case when ${isFree} then token + 1 else token end,
       acquired_at = case when ${isFree} then now_ms() else acquired_at end
     where namespace = $1 and name = $2 and ((hold = $3 and owner = $4) or ${isFree})
     returning ${columns}`,
    [namespace, name, hold, owner, label ?? null, sessionId, ttl],
  );
  return row ?? null;
}

async function make(tx: Tx, claim: LockClaim, sessionId: string | null): Promise<LockRow | null> {
  const { namespace, name, hold, owner, label, ttl } = claim;
  const known = await tx.query('select 1 as one from lock where namespace = $1 and name = $2', [namespace, name]);
  if (known.length > 0 || (await isFull(tx, namespace))) return null;
  // By itself, so that the floor is read after waiting for whoever lifts it.
  const [floor] = await tx.query<{ token: number }>(`select token from lock_floor where id = 1${tx.dialect.forShare}`);
  if (floor === undefined) throw new Error('the table lock_floor has lost its row');
  const [row] = await tx.query<LockRow>(
    `insert into lock (namespace, name, token, hold, owner, label, session_id, ttl_ms, acquired_at, renewed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now_ms(), now_ms()) on conflict (namespace, name) do nothing returning ${columns}`,
    [namespace, name, floor.token + 1, hold, owner, label ?? null, sessionId, ttl],
  );
  return row ?? null;
}

async function isFull(tx: Tx, namespace: string): Promise<boolean> {
  const [row] = await tx.query<{ n: number }>(
    'select count(*) as n from (select 1 from lock where namespace = $1 limit $2) as x',
    [namespace, serverLimits.locksPerNamespace],
  );
  return (row?.n ?? 0) >= serverLimits.locksPerNamespace;
}

export interface LockHold {
  namespace: string;
  name: string;
  owner: string;
  hold: string;
}

/** Null: it is lost. What has run out is never renewed, even when nobody has taken it. */
export async function lockRenew(tx: Tx, { namespace, name, owner, hold }: LockHold, token: number) {
  const [row] = await tx.query<LockRow>(
    `update lock set renewed_at = now_ms()
     where namespace = $1 and name = $2 and hold = $3 and owner = $4 and token = $5 and not ${isFree} returning ${columns}`,
    [namespace, name, hold, owner, token],
  );
  return row === undefined ? null : viewOf(row);
}

const freed = 'hold = null, owner = null, label = null, session_id = null, renewed_at = now_ms()';

/** False when it was not held by this hold any more; nothing is changed then. */
export async function lockRelease(tx: Tx, { namespace, name, owner, hold }: LockHold): Promise<boolean> {
  const rows = await tx.query(
    `update lock set ${freed} where namespace = $1 and name = $2 and hold = $3 and owner = $4 returning token`,
    [namespace, name, hold, owner],
  );
  return rows.length === 1;
}

/** Takes the lock away from whoever has it; who that was, or null when it was free. */
export async function lockForce(
  tx: Tx,
  namespace: string,
  name: string,
  { by, reason }: Pick<LockTaken, 'by' | 'reason'>,
): Promise<LockView | null> {
  const [row] = await tx.query<LockRow>(
    `select ${columns} from lock where namespace = $1 and name = $2 and not ${isFree}${tx.dialect.forUpdate}`,
    [namespace, name],
  );
  if (row === undefined) return null;
  await tx.query(
    `update lock set ${freed}, taken_token = token, taken_by = $3, taken_reason = $4 where namespace = $1 and name = $2`,
    [namespace, name, by, reason],
  );
  return viewOf(row);
}

/** How the holder with this token lost the lock, if somebody took it away: for as long as the row is kept, or until it happens again. */
export async function lockTaken(tx: Tx, namespace: string, name: string, token: number): Promise<LockTaken | null> {
  const [row] = await tx.query<{ by: string; reason: string }>(
    `select taken_by as by, taken_reason as reason from lock where namespace = $1 and name = $2 and taken_token = $3`,
    [namespace, name, token],
  );
  return row === undefined ? null : { name, token, ...row };
}

/** Frees what is bound to workers that are lost; answers with it as signals name it. Others can take it before, but wait for no signal then. */
export async function locksOfDeadRelease(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ namespace: string; name: string }>(
    `update lock set ${freed} where session_id is not null
       and not exists (select 1 from session s where s.id = lock.session_id and ${isLive}) returning namespace, name`,
  );
  return rows.map((row) => lockKey(row.namespace, row.name));
}

/** As signals name a lock; neither part holds a space. */
export function lockKey(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

/** As signals name a lock that was taken away from the holder with this token. */
export function takenKey(namespace: string, name: string, token: number): string {
  return `${lockKey(namespace, name)} ${token}`;
}

/** Null when it is of another namespace. */
export function takenOf(key: string, namespace: string): { name: string; token: number } | null {
  const [of, name, token] = key.split(' ');
  return of === namespace && name !== undefined ? { name, token: Number(token) } : null;
}

export async function lockView(tx: Tx, namespace: string, name: string): Promise<LockView | null> {
  const [row] = await tx.query<LockRow>(`select ${columns} from lock where namespace = $1 and name = $2`, [
    namespace,
    name,
  ]);
  return row === undefined ? null : viewOf(row);
}

/** By name; those that are held, or also those that were held lately. */
export async function locksPage(
  tx: Tx,
  asked: { namespace: string; all: boolean; after: string | null; limit: number },
): Promise<Slice<LockView, string>> {
  const rows = await tx.query<LockRow>(
    `select ${columns} from lock where namespace = $1 and name > $2 ${asked.all ? '' : `and not ${isFree}`}
     order by name limit $3`,
    [asked.namespace, asked.after ?? '', asked.limit + 1],
  );
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: items.map(viewOf), next };
}

/** Forgets locks that have been free for longer than `keepMs`, at most `max` a call; their tokens stay in the floor. */
export async function locksForget(tx: Tx, keepMs: number, max: number): Promise<number> {
  await tx.query(`select token from lock_floor where id = 1${tx.dialect.forUpdate}`);
  const rows = await tx.query<{ token: number }>(
    `delete from lock where (namespace, name) in
       (select namespace, name from lock where renewed_at + ttl_ms < now_ms() - $1 and renewed_at < now_ms() - $1 and ${isFree}
        order by renewed_at limit $2${tx.dialect.skipLocked})
     returning token`,
    [keepMs, max],
  );
  if (rows.length > 0) {
    const highest = Math.max(...rows.map((row) => row.token));
    await tx.query('update lock_floor set token = $1 where id = 1 and token < $1', [highest]);
  }
  return rows.length;
}

function viewOf(row: LockRow): LockView {
  const held = row.is_free === 0;
  return {
    name: row.name,
    state: held ? 'held' : 'free',
    token: row.token,
    owner: held ? row.owner : null,
    label: held ? row.label : null,
    sessionId: held ? row.session_id : null,
    ttlMs: row.ttl_ms,
    acquiredAt: row.acquired_at,
    renewedAt: row.renewed_at,
    expiresAt: held ? row.renewed_at + row.ttl_ms : null,
  };
}
