// What a restored store does not know: all that happened between its backup and its end. Until somebody has chosen what becomes of that,
// nothing fires and nothing is dispatched; the condition stands in the statements that would do it.
//
// What the lost time had handed out must not count any more. Sessions are dead, so that results of their attempts are refused and kept;
// those that were made later are unknown and register anew. Tokens, which others may have seen grow further, jump ahead of all of them.

import type { GapChoice } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { eventsAppend, wholeCell } from './events.ts';
import { storeOutdate, storeStateSet } from './store-state.ts';

/** In the condition of every statement that fires or dispatches. */
export const noOpenGap = 'not exists (select 1 from restore_gap g where g.closed_at is null)';

/** More than can have been counted in any gap. The next round number, so that people see it. */
const tokenStep = 1_000_000_000;
const termStep = 1_000_000;

export interface RestoredFrom {
  readonly backupId: string;
  /** The newest moment of the backup. */
  readonly at: number;
  readonly choice: ChosenGap | null;
}

export interface ChosenGap {
  readonly gap: GapChoice;
  readonly unfinished: 'again' | 'lost';
  readonly by: string;
  readonly reason: string;
}

/** Makes the rows of a backup the beginning of a new life: the last thing that is done to them before any master may come. */
export async function gapOpen(tx: Tx, identity: Identity, from: RestoredFrom): Promise<void> {
  const { backupId, at, choice } = from;
  // One that was open in the backup is a part of this one.
  await tx.query('update restore_gap set closed_at = now_ms() where closed_at is null');
  const id = identity.next();
  await tx.query(
    `insert into restore_gap (id, backup_id, from_at, restored_at, choice) values ($1, $2, $3, now_ms(), $4)`,
    [id, backupId, at, choice === null ? null : JSON.stringify(choice)],
  );
  await tx.query(
    `insert into restore_report (gap_id, attempt_id, run_id, worker)
     select $1, r.attempt_id, r.id, coalesce(s.worker, '') from run r left join session s on s.id = r.session_id
     where r.session_id is not null`,
    [id],
  );
  await tx.query(
    `update session set state = 'dead', ended_at = now_ms(), expires_at = now_ms(), end_reason = 'restore' where state <> 'dead'`,
  );
  await tx.query('delete from master');
  const ahead = (column: string, step: number): string => `${column} = (${column} / ${step} + 1) * ${step}`;
  await tx.query(`update lease set holder = null, ${ahead('token', tokenStep)}`);
  await tx.query(
    `update lock set hold = null, owner = null, label = null, session_id = null, ${ahead('token', tokenStep)}`,
  );
  await tx.query(`update lock_floor set ${ahead('token', tokenStep)}`);
  await tx.query(`update leader_term set master_id = null, successor = null, ${ahead('term', termStep)}`);
  await tx.query(`update election set until_at = now_ms(), reason = 'restore' where until_at is null`);
  await tx.query(
    `update backup set state = 'failed', finished_at = now_ms(), error = 'the store was restored' where state in ('running', 'verifying')`,
  );
  await tx.query('update store_state set epoch = epoch + 1');
  await storeStateSet(tx, 'open', '');
  // An older binary would not know of the gap, and fire.
  await storeOutdate(tx);
  const detail = { backupId, at };
  await eventsAppend(tx, identity, [
    { namespace: wholeCell, actor: 'restore', action: 'store.restore', subject: backupId, detail },
  ]);
}

export interface OpenGap {
  id: string;
  backupId: string;
  from: number;
  restoredAt: number;
  now: number;
  choice: ChosenGap | null;
}

export async function gapRead(tx: Tx): Promise<OpenGap | null> {
  const [row] = await tx.query<Omit<OpenGap, 'choice'> & { choice: string | null }>(
    `select id, backup_id as "backupId", from_at as "from", restored_at as "restoredAt", now_ms() as now, choice
     from restore_gap where closed_at is null`,
  );
  if (row === undefined) return null;
  return { ...row, choice: row.choice === null ? null : (JSON.parse(row.choice) as ChosenGap) };
}

export async function gapIsOpen(tx: Tx): Promise<boolean> {
  const rows = await tx.query(`select 1 as one where not ${noOpenGap}`);
  return rows.length > 0;
}

/** Null when no gap is open or something was chosen already. */
export async function gapChoose(tx: Tx, choice: ChosenGap): Promise<OpenGap | null> {
  await tx.query('update restore_gap set choice = $1 where closed_at is null and choice is null', [
    JSON.stringify(choice),
  ]);
  const gap = await gapRead(tx);
  return gap?.choice?.by === choice.by && gap.choice.reason === choice.reason ? gap : null;
}

export async function gapClose(tx: Tx, id: string): Promise<void> {
  await tx.query('update restore_gap set closed_at = now_ms() where id = $1', [id]);
}

/** Attempts that a worker held when its session was no longer known or alive. */
export async function gapReport(tx: Tx, worker: string, attemptIds: readonly string[]): Promise<void> {
  if (attemptIds.length === 0) return;
  await tx.query(
    `insert into restore_report (gap_id, attempt_id, worker, seen_at)
     select g.id, x.attempt_id, $2, now_ms() from ${tx.dialect.rows('$1', 'x', { attempt_id: 'uuid' })}
       join restore_gap g on g.closed_at is null
     where true on conflict (gap_id, attempt_id) do update set seen_at = excluded.seen_at`,
    [JSON.stringify(attemptIds.map((attempt_id) => ({ attempt_id }))), worker],
  );
}
