// What operators want of masters, and what masters say of it. An order to a master travels as its row; a signal only hastens it.

import { serverLimits } from '../core/limits.ts';
import type { MasterState, Peer } from '../core/spread.ts';
import type { Tx } from '../ports/database.ts';

export interface MasterOrders {
  readonly wanted: MasterState;
  readonly reason: string | null;
  readonly stepDown: boolean;
}

/** Another master as it can be told from one that has died: a row that is renewed belongs to a process that lives. */
export interface PeerSign extends Peer {
  readonly startedAt: number;
  readonly renewedAt: number;
}

interface PeerRow extends PeerSign {
  wanted_reason: string | null;
  step_down: number;
}

/** The orders of this master (null before it is in the table), and the others that are alive. */
export async function mastersLook(
  tx: Tx,
  id: string,
): Promise<{ own: (MasterOrders & { startedAt: number }) | null; others: PeerSign[] }> {
  const rows = await tx.query<PeerRow>(
    `select id, address, wanted, sessions, wanted_reason, step_down, started_at as "startedAt",
       renewed_at as "renewedAt" from master where id = $1 or expires_at > now_ms()
     order by id limit $2`,
    [id, serverLimits.mastersListed],
  );
  const own = rows.find((row) => row.id === id);
  return {
    own:
      own === undefined
        ? null
        : {
            wanted: own.wanted,
            reason: own.wanted_reason,
            stepDown: own.step_down === 1,
            startedAt: own.startedAt,
          },
    others: rows.filter((row) => row.id !== id).map(({ wanted_reason: _, step_down: __, ...peer }) => peer),
  };
}

/** Answers with nothing to say when the row is not there yet. */
export async function masterSays(tx: Tx, id: string, said: { sessions: number; drained: boolean }): Promise<void> {
  await tx.query('update master set sessions = $2, drained = $3 where id = $1', [
    id,
    said.sessions,
    said.drained ? 1 : 0,
  ]);
}

export type OrderAnswer = { kind: 'done' } | { kind: 'unknown' } | { kind: 'last' };

/** Locks all masters that are alive, so that of two orders at once one sees the other: one master always goes on working. */
export async function masterWant(
  tx: Tx,
  id: string,
  order: { wanted: MasterState; reason: string | null; by: string },
): Promise<OrderAnswer> {
  const rows = await tx.query<{ id: string; wanted: MasterState }>(
    `select id, wanted from master where expires_at > now_ms() order by id${tx.dialect.forUpdate}`,
  );
  if (!rows.some((row) => row.id === id)) return { kind: 'unknown' };
  if (order.wanted !== 'active' && !rows.some((row) => row.id !== id && row.wanted === 'active'))
    return { kind: 'last' };
  await tx.query('update master set wanted = $2, wanted_reason = $3, wanted_by = $4, drained = 0 where id = $1', [
    id,
    order.wanted,
    order.reason,
    order.by,
  ]);
  return { kind: 'done' };
}

/** Asks the leader to give the leadership up; its id, or null when nobody leads. `to` goes first. */
export async function leaderDismiss(tx: Tx, to: string | null): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `update master set step_down = 1, step_down_to = $1
     where id = (select master_id from leader_term where id = 1) and expires_at > now_ms() returning id`,
    [to],
  );
  return row?.id ?? null;
}

/** Takes the order to step down, once: whom to let go first. Undefined: there is none any more. */
export async function stepDownTake(tx: Tx, id: string): Promise<string | null | undefined> {
  const [row] = await tx.query<{ step_down_to: string | null }>(
    'update master set step_down = 0 where id = $1 and step_down = 1 returning step_down_to',
    [id],
  );
  return row === undefined ? undefined : row.step_down_to;
}

export async function masterAlive(tx: Tx, id: string): Promise<boolean> {
  return (await tx.query('select id from master where id = $1 and expires_at > now_ms()', [id])).length === 1;
}
