// The name of the cell: made once by whoever comes first, never changed, the same after a restore. By it a worker that was left
// over from another cluster is told apart.

import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';

export async function clusterId(tx: Tx, identity: Pick<Identity, 'next'>): Promise<string> {
  const read = () => tx.query<{ value: string }>(`select value from meta where key = 'cluster_id'`);
  let [row] = await read();
  if (row !== undefined) return row.value;
  await tx.query(`insert into meta (key, value) values ('cluster_id', $1) on conflict (key) do nothing`, [
    identity.next(),
  ]);
  [row] = await read();
  if (row === undefined) throw new Error('the table meta has lost its cluster_id');
  return row.value;
}
