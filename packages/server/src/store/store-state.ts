// Whether a store may be worked on. A store that is being filled holds half of everything; one that was moved would live a second life
// beside the one that it was moved to. Masters ask before they begin and with every renewal, and stop when the answer changes.

import { Refusal } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';

export type StoreStateName = 'open' | 'filling' | 'moving' | 'moved';

export interface StoreState {
  state: StoreStateName;
  detail: string;
  /** Grows with every restore. */
  epoch: number;
}

export async function storeState(tx: Tx): Promise<StoreState> {
  const [row] = await tx.query<StoreState>('select state, detail, epoch from store_state where id = 1');
  if (row === undefined) throw new Error('the table store_state has lost its row');
  return row;
}

export async function storeStateSet(tx: Tx, state: StoreStateName, detail: string): Promise<void> {
  await tx.query('update store_state set state = $1, detail = $2 where id = 1', [state, detail]);
  if (state !== 'open') await storeOutdate(tx);
}

/** From here on only binaries may work on the store that know all of its migrations: others would not ask for its state. */
export async function storeOutdate(tx: Tx): Promise<void> {
  await tx.query(
    'update schema_migration set usable_from = version where version = (select max(version) from schema_migration)',
  );
}

export function storeClosed({ state, detail }: Pick<StoreState, 'state' | 'detail'>): Refusal | null {
  const words = { filling: 'is being filled', moving: 'is being moved', moved: 'was moved' };
  return state === 'open' ? null : new Refusal('STORE_CLOSED', `the store ${words[state]}: ${detail}`);
}
