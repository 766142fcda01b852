// Runs in the order in which they finished, for a person who watches one process. SQLite only: the archive is insert-only,
// so its rowid is that order (retention takes the oldest away), and a look costs what is new, not what is kept. A cluster has metrics and the console for this.

import { type FinalState, probeNamespace } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';

export interface FinishedRun {
  readonly position: number;
  readonly job: string;
  readonly state: FinalState;
  readonly attempt: number;
  readonly started_at: number | null;
  readonly finished_at: number;
  /** JSON text of a RunError, or null. */
  readonly error: string | null;
}

/** Where the feed ends now. */
export async function finishedPosition(tx: Tx): Promise<number> {
  const rows = await tx.query<{ position: number | null }>('select max(rowid) as position from run_archive');
  return rows[0]?.position ?? 0;
}

export interface FinishedRuns {
  /** Without the probes of the masters, which nobody asked for. */
  readonly runs: FinishedRun[];
  /** Where the next look begins. */
  readonly position: number;
  readonly more: boolean;
}

export async function finishedSince(tx: Tx, from: number, limit: number): Promise<FinishedRuns> {
  // Once retention has emptied the archive, SQLite counts from the beginning again.
  const position = (await finishedPosition(tx)) < from ? 0 : from;
  const rows = await tx.query<FinishedRun & { namespace: string }>(
    `select r.rowid as position, r.namespace, j.name as job, r.state, r.attempt, r.started_at, r.finished_at, r.error
     from run_archive r join job j on j.id = r.job_id where r.rowid > $1 order by r.rowid limit $2`,
    [position, limit],
  );
  return {
    runs: rows.filter(({ namespace }) => namespace !== probeNamespace),
    position: rows.at(-1)?.position ?? position,
    more: rows.length === limit,
  };
}
