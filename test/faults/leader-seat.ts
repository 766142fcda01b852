// Which master leads, by what the store has recorded: no master is asked.

import type { FaultyCluster, MasterSeat } from './faulty-cluster.ts';
import { until } from './processes.ts';
import type { Stage } from './scenario.ts';

export interface Leader {
  readonly term: number;
  readonly seat: MasterSeat;
}

/** Who leads now, by the store: its election is the newest, and not over. */
async function leaderOf(cluster: FaultyCluster): Promise<Leader | false> {
  const rows = await cluster.store.db
    .query<{ term: number; address: string }>(
      `select t.term, e.address from leader_term t join election e on e.term = t.term
       where t.master_id is not null and e.until_at is null`,
    )
    .catch(() => []);
  const [row] = rows;
  const seat = cluster.masters.find(({ address }) => address === row?.address);
  return row === undefined || seat === undefined ? false : { term: row.term, seat };
}

/** Waits for a leader of a later term. */
export function leaderAfter(stage: Stage, term: number): Promise<Leader> {
  return until(
    `a leader after term ${term}`,
    async () => {
      const leader = await leaderOf(stage.cluster);
      return leader !== false && leader.term > term && leader;
    },
    30_000,
    20,
  );
}
