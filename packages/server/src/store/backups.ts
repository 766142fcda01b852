// Backups as the store knows them: what was begun, how far it came, whether it counts. What lies in the target is told by the target.

import type { BackupKind, BackupState, BackupView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

export interface NewBackup {
  readonly id: string;
  readonly kind: BackupKind;
  readonly target: string;
  readonly by: string;
}

/** Only for whoever holds the lease of the target: what is still said to run was left by somebody who has gone. */
export async function backupBegin(tx: Tx, { id, kind, target, by }: NewBackup): Promise<void> {
  await tx.query(
    `update backup set state = 'failed', finished_at = now_ms(), error = 'its master stopped'
     where target = $1 and state in ('running', 'verifying')`,
    [target],
  );
  await tx.query(
    `insert into backup (id, kind, state, target, started_at, created_by) values ($1, $2, 'running', $3, now_ms(), $4)`,
    [id, kind, target, by],
  );
}

export interface BackupNews {
  readonly state?: BackupState;
  readonly doneBytes?: number;
  readonly bytes?: number;
  readonly storedBytes?: number;
  /** JSON. */
  readonly position?: string;
  readonly verification?: string;
  readonly error?: string;
}

export async function backupNote(tx: Tx, id: string, news: BackupNews): Promise<void> {
  await tx.query(
    `update backup set state = coalesce($2, state), done_bytes = coalesce($3, done_bytes), bytes = coalesce($4, bytes),
       stored_bytes = coalesce($5, stored_bytes), position = coalesce($6, position), verification = coalesce($7, verification),
       error = coalesce($8, error),
       finished_at = case when cast($2 as text) in ('verified', 'failed') then now_ms() else finished_at end,
       verified_at = case when cast($2 as text) = 'verified' then now_ms() else verified_at end
     where id = $1`,
    [
      id,
      news.state ?? null,
      news.doneBytes ?? null,
      news.bytes ?? null,
      news.storedBytes ?? null,
      news.position ?? null,
      news.verification ?? null,
      news.error ?? null,
    ],
  );
}

export async function backupsPruned(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query(
    `update backup set state = 'pruned' where id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
}

const columns = `id, kind, state, target, started_at as "startedAt", finished_at as "finishedAt", verified_at as "verifiedAt", bytes,
  stored_bytes as "storedBytes", done_bytes as "doneBytes", position, error, created_by as "createdBy"`;

/** Newest first. */
export async function backupsPage(tx: Tx, before: number | null, limit: number): Promise<Slice<BackupView, number>> {
  const rows = await tx.query<Omit<BackupView, 'at'> & { position: string | null }>(
    `select ${columns} from backup where started_at < $1 order by started_at desc limit $2`,
    [before ?? Number.MAX_SAFE_INTEGER, limit + 1],
  );
  const views = rows.map(({ position, ...row }) => ({
    ...row,
    at: position === null ? null : (JSON.parse(position) as { at: number }).at,
  }));
  return cutPage(views, limit, ({ startedAt }) => startedAt);
}

/** Those of a target that are there, for the retention. */
export async function backupsThere(
  tx: Tx,
  target: string,
): Promise<{ id: string; startedAt: number; verified: boolean }[]> {
  const rows = await tx.query<{ id: string; startedAt: number; state: BackupState }>(
    `select id, started_at as "startedAt", state from backup where target = $1 and state <> 'pruned' order by started_at`,
    [target],
  );
  return rows.map(({ id, startedAt, state }) => ({ id, startedAt, verified: state === 'verified' }));
}

export interface BackupStanding {
  /** Since the newest verified one was begun, null when there is none. */
  ageMs: number | null;
  /** Since the newest of all was begun. */
  triedMs: number | null;
  /** Why the newest one failed. */
  failure: string | null;
}

export async function backupStanding(tx: Tx, target: string): Promise<BackupStanding> {
  const [row] = await tx.query<{ age: number | null; tried: number | null; failure: string | null }>(
    `select now_ms() - (select max(started_at) from backup where target = $1 and verified_at is not null and state <> 'failed') as age,
       now_ms() - (select max(started_at) from backup where target = $1) as tried,
       (select case when state = 'failed' then error end from backup where target = $1 order by started_at desc limit 1) as failure`,
    [target],
  );
  return { ageMs: row?.age ?? null, triedMs: row?.tried ?? null, failure: row?.failure ?? null };
}
