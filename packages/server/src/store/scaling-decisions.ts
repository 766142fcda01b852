// Decisions of pools that changed something, each with its inputs. The newest of each pool are kept.

import type { ScalingDecisionRow } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { cutPage, type Slice } from './page.ts';

export interface NewDecision {
  readonly poolId: string;
  readonly decision: ScalingDecisionRow;
}

export async function decisionsAppend(
  tx: Tx,
  identity: Pick<Identity, 'next'>,
  decisions: readonly NewDecision[],
): Promise<void> {
  if (decisions.length === 0) return;
  const columns = { id: 'uuid', pool_id: 'uuid', at: 'bigint', decision: 'text' } as const;
  const rows = decisions.map(({ poolId, decision }) => ({
    id: identity.next(),
    pool_id: poolId,
    at: decision.at,
    decision: JSON.stringify(decision),
  }));
  await tx.query(
    `insert into scaling_decision (id, pool_id, at, decision)
     select x.id, x.pool_id, x.at, x.decision from ${tx.dialect.rows('$1', 'x', columns)}`,
    [JSON.stringify(rows)],
  );
  await tx.query(
    `delete from scaling_decision where id in (
       select d.id from ${tx.dialect.rows('$1', 'x', { pool_id: 'uuid' })} join scaling_decision d on d.pool_id = x.pool_id
       and d.id <= (select e.id from scaling_decision e where e.pool_id = x.pool_id order by e.id desc limit 1
         offset ${serverLimits.scalingDecisionsKept}))`,
    [JSON.stringify(rows.map(({ pool_id }) => ({ pool_id })))],
  );
}

/** Newest first; `before`: only those with smaller ids. */
export async function decisionsPage(
  tx: Tx,
  poolId: string,
  before: string | null,
  limit: number,
): Promise<Slice<ScalingDecisionRow, string>> {
  const rows = await tx.query<{ id: string; decision: string }>(
    `select id, decision from scaling_decision where pool_id = $1${before === null ? '' : ' and id < $3'}
     order by id desc limit $2`,
    [poolId, limit + 1, ...(before === null ? [] : [before])],
  );
  const { items, next } = cutPage(rows, limit, (row) => row.id);
  return { items: items.map((row) => JSON.parse(row.decision) as ScalingDecisionRow), next };
}
