// Lanes as masters keep them in memory.

import type { Lane } from '../core/placement.ts';
import type { Tx } from '../ports/database.ts';

interface LaneRow {
  id: string;
  namespace: string;
  queue: string;
  handler: string;
  selector: string;
  paused: number;
  weight: number;
}

export async function lanesAll(tx: Tx): Promise<Lane[]> {
  const rows = await tx.query<LaneRow>(
    `select l.id, l.namespace, l.queue, l.handler, l.selector, l.paused, coalesce(n.weight, 1) as weight
     from lane l left join namespace n on n.name = l.namespace`,
  );
  return rows.map((row) => ({
    id: row.id,
    namespace: row.namespace,
    queue: row.queue,
    handler: row.handler,
    selector: JSON.parse(row.selector) as Record<string, string>,
    paused: row.paused === 1,
    weight: row.weight,
  }));
}
