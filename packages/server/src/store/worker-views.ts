// What people read of workers: those connected, those draining, and those that went in the last minutes.

import { probeHandler, type Labels, type SessionState, type WorkerStats, type WorkerView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';

interface WorkerRow {
  id: string;
  worker: string;
  state: SessionState;
  host: string;
  pid: number;
  version: string;
  slots: number;
  running: number;
  queues: string;
  handlers: string;
  labels: string;
  master: string | null;
  stats: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

/** How long a worker that went stays in the list. */
const goneShownMs = 10 * 60_000;

/** By worker name, then session; `after` is the last of the page before. */
export async function workersPage(
  tx: Tx,
  namespace: string,
  after: { worker: string; sessionId: string } | null,
  limit: number,
): Promise<Slice<WorkerView, { worker: string; sessionId: string }>> {
  const params = [namespace, limit + 1, goneShownMs, ...(after === null ? [] : [after.worker, after.sessionId])];
  const rows = await tx.query<WorkerRow>(
    `select s.id, s.worker, s.state, s.host, s.pid, s.version, s.slots, s.queues, s.handlers, s.labels, s.stats,
       s.created_at, s.last_seen_at, s.expires_at, m.address as master,
       (select count(*) from run r where r.session_id = s.id) as running
     from session s left join master m on m.id = s.master_id
     where s.namespace = $1 and (s.state <> 'dead' or s.ended_at > now_ms() - $3)
       ${after === null ? '' : 'and (s.worker, s.id) > ($4, $5)'}
     order by s.worker, s.id limit $2`,
    params,
  );
  const { items, next } = cutPage(rows, limit, (row) => ({ worker: row.worker, sessionId: row.id }));
  return { items: items.map(viewOf), next };
}

function viewOf(row: WorkerRow): WorkerView {
  return {
    sessionId: row.id,
    worker: row.worker,
    state: row.state,
    host: row.host,
    pid: row.pid,
    version: row.version,
    slots: row.slots,
    running: row.running,
    queues: JSON.parse(row.queues) as string[],
    handlers: (JSON.parse(row.handlers) as string[]).filter((handler) => handler !== probeHandler),
    labels: JSON.parse(row.labels) as Labels,
    master: row.master,
    stats: JSON.parse(row.stats) as WorkerStats,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  };
}

/** State of one session, null when the namespace has none of that id. */
export async function workerState(tx: Tx, namespace: string, sessionId: string): Promise<SessionState | null> {
  const [row] = await tx.query<{ state: SessionState }>('select state from session where id = $1 and namespace = $2', [
    sessionId,
    namespace,
  ]);
  return row?.state ?? null;
}
