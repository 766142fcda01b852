// The fire ledger of one schedule as people read it: each nominal time with what became of its run.

import type { FireView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

interface FireRow {
  fire_at: number;
  outcome: FireView['outcome'];
  reason: string | null;
  run_id: string | null;
  decided_at: number;
  run_state: string | null;
  due_at: number | null;
  started_at: number | null;
}

/** Of a run, wherever it is: two probes of primary keys. */
function ofRun(expression: string): string {
  const from = (table: string) => `(select ${expression} from ${table} r where r.id = f.run_id)`;
  return `coalesce(${from('run')}, ${from('run_archive')})`;
}

/** A run that was tried again has its first start among its past attempts. */
function firstStart(tx: Tx): string {
  const past =
    tx.dialect.engine === 'sqlite'
      ? `r.attempts ->> '$[0].startedAt'`
      : `(r.attempts::jsonb -> 0 ->> 'startedAt')::bigint`;
  return ofRun(`coalesce(${past}, r.started_at)`);
}

/** The ledger, newest first; only fires before `before`. */
export async function firesPage(
  tx: Tx,
  scheduleId: string,
  before: number | null,
  limit: number,
): Promise<Slice<FireView, number>> {
  const rows = await tx.query<FireRow>(
    `select f.*, ${ofRun('r.state')} as run_state, ${ofRun('r.due_at')} as due_at, ${firstStart(tx)} as started_at
     from (
       select fire_at, outcome, reason, run_id, decided_at from fire
       where schedule_id = $1 ${before === null ? '' : 'and fire_at < $3'} order by fire_at desc limit $2
     ) f order by f.fire_at desc`,
    [scheduleId, limit + 1, ...(before === null ? [] : [before])],
  );
  const { items, next } = cutPage(rows, limit, (row) => row.fire_at);
  return { items: items.map(viewOf), next };
}

function viewOf(row: FireRow): FireView {
  const { fire_at: fireAt, outcome, reason, run_id: runId, decided_at: decidedAt } = row;
  return {
    fireAt,
    outcome,
    reason,
    runId,
    decidedAt,
    runState: row.run_state,
    dueAt: row.due_at,
    startedAt: row.started_at,
  };
}
