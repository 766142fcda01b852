// Carries out what an operator chose after a restore, in bounded portions. Nominal times that passed are set aside to be decided by the
// choice, so that each gets its ledger row; runs that nobody can vouch for end as lost.

import { become } from '../core/run.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { type DueRow, dueOf, firesDecide, scheduleColumns } from './fires.ts';
import type { FireDeps } from './fire-writes.ts';
import type { ChosenGap, OpenGap } from './restore-gap.ts';
import { type FinishedRun, type Freed, runsFinish } from './runs-finish.ts';

/** Sets aside what is due of some schedules. Answers how many; fewer than `fireSchedules`: these were the last. */
export async function gapSetAside(tx: Tx, deps: FireDeps, { gap }: ChosenGap): Promise<number> {
  // Times that were set aside before the backup have passed in the gap, too.
  await tx.query('update catch_up set choice = $1 where choice is null', [gap]);
  const rows = await tx.query<DueRow>(
    `select ${scheduleColumns} from schedule where state = 'enabled' and next_fire_at <= now_ms()
     order by next_fire_at limit $1${tx.dialect.forUpdate}`,
    [serverLimits.fireSchedules],
  );
  await firesDecide(tx, deps, await dueOf(tx, deps, rows), gap);
  // The last time of a schedule is in the newest of its ranges, if several were set aside.
  if (gap === 'last')
    await tx.query(
      `update catch_up set choice = 'skip' where choice = 'last' and exists
         (select 1 from catch_up c where c.schedule_id = catch_up.schedule_id and c.through_at > catch_up.through_at and c.choice = 'last')`,
    );
  return rows.length;
}

interface WaitingRow {
  id: string;
  namespace: string;
  job_version_id: string;
  state: 'blocked' | 'scheduled' | 'ready' | 'running';
  attempts: string;
}

export interface GapLosses {
  readonly lost: number;
  readonly freed: Freed;
  /** Where the next portion begins; null: this was the last. */
  readonly after: string | null;
}

/**
 * Ends runs that were to begin before the restore and may have: all of them, or those that may run once at most. What was running belongs
 * to dead sessions, and has been given away by the rescue.
 */
export async function gapLose(
  tx: Tx,
  deps: FireDeps,
  { restoredAt }: OpenGap,
  { unfinished, reason }: ChosenGap,
  after: string | null,
): Promise<GapLosses> {
  const rows = await tx.query<WaitingRow>(
    `select id, namespace, job_version_id, state, attempts from run
     where id > coalesce(cast($1 as uuid), '00000000-0000-0000-0000-000000000000') and created_at <= $2 and due_at <= $2
       and state <> 'running' order by id limit $3${tx.dialect.forUpdate}`,
    [after, restoredAt, serverLimits.promoteRuns],
  );
  const versions = await deps.definitions.jobVersions(
    tx,
    rows.map((row) => row.job_version_id),
  );
  const lost = rows.filter(
    (row) => unfinished === 'lost' || versions.get(row.job_version_id)?.spec.delivery === 'at-most-once',
  );
  const finished = lost.map(
    (row): FinishedRun => ({
      id: row.id,
      namespace: row.namespace,
      state: become(row.state, 'lost'),
      attemptId: null,
      startedAt: null,
      attempts: row.attempts,
      output: null,
      error: JSON.stringify({
        kind: 'restore-gap',
        message: `it may have run before the store was restored: ${reason}`,
      }),
    }),
  );
  const freed = await runsFinish(tx, deps.masterId, finished);
  return {
    lost: lost.length,
    freed,
    after: rows.length < serverLimits.promoteRuns ? null : (rows.at(-1)?.id ?? null),
  };
}
