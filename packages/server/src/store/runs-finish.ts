// The two ways out of `running`, and the way out of every other unfinished state: a final row in the archive, or another try.
// Callers hold the runs' row locks and have asked core for the decision.

import type { FinalState } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { delaysBegin, type Freed, nothingFreed, turnsGive } from './turns.ts';

export type { Freed } from './turns.ts';

export interface FinishedRun {
  id: string;
  namespace: string;
  state: FinalState;
  /** The attempt whose outcome was accepted, null when the run ended without one. */
  attemptId: string | null;
  startedAt: number | null;
  /** JSON of all finished attempts. */
  attempts: string;
  output: string | null;
  /** JSON of a RunError. */
  error: string | null;
}

/** What a run takes along into the archive as it is. */
export const carried = [
  'id',
  'namespace',
  'job_id',
  'job_version_id',
  'lane_id',
  'priority',
  'due_at',
  'created_at',
  'trigger_kind',
  'schedule_id',
  'fire_at',
  'previous_fire_at',
  'next_fire_at',
  'retry_of',
  'payload',
  'attempt',
  'cancel_requested_at',
  'cancel_reason',
] as const;

/** Moves runs to the archive and counts them. What waited for them begins: the caller announces it after the commit. */
export async function runsFinish(
  tx: Tx,
  masterId: string,
  runs: readonly FinishedRun[],
  freed: Freed = nothingFreed(),
): Promise<Freed> {
  if (runs.length === 0) return freed;
  const batch = JSON.stringify(
    runs.map((run) => ({
      id: run.id,
      state: run.state,
      attempt_id: run.attemptId,
      started_at: run.startedAt,
      attempts: run.attempts,
      output: run.output,
      error: run.error,
    })),
  );
  await tx.query(
    `insert into run_archive (${carried.join(', ')}, state, attempt_id, started_at, finished_at, attempts, output, error)
     select ${carried.map((column) => `run.${column}`).join(', ')},
       x.state, x.attempt_id, x.started_at, (select now_ms()), x.attempts, x.output, x.error
     from ${tx.dialect.rows('$1', 'x', {
       id: 'uuid',
       state: 'text',
       attempt_id: 'uuid',
       started_at: 'bigint',
       attempts: 'text',
       output: 'text',
       error: 'text',
     })} join run on run.id = x.id`,
    [batch],
  );
  const gone = await runsDelete(tx, runs);
  await runsEnded(tx, masterId, { runs, gone }, freed);
  return freed;
}

/** Of runs that are in the archive; answers their schedules. */
export function runsDelete(tx: Tx, runs: readonly { id: string }[]): Promise<{ schedule_id: string | null }[]> {
  return tx.query<{ schedule_id: string | null }>(
    `delete from run where id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}) returning schedule_id`,
    [JSON.stringify(runs.map(({ id }) => ({ id })))],
  );
}

/** Counts runs that are in the archive now, and gives what waited for them its turn. */
export async function runsEnded(
  tx: Tx,
  masterId: string,
  ended: {
    runs: readonly Pick<FinishedRun, 'id' | 'namespace' | 'state'>[];
    gone: readonly { schedule_id: string | null }[];
  },
  freed: Freed,
): Promise<void> {
  await count(tx, masterId, ended.runs);
  const scheduleIds = new Set(ended.gone.flatMap((row) => row.schedule_id ?? []));
  if (scheduleIds.size === 0) return;
  // Asked when the runs are gone: a statement that waited for them would not see what was made to wait for them meanwhile.
  const waiting = await tx.query<{ id: string; blocks: number | null; delays: number | null }>(
    `select * from (
       select x.id, (select 1 from run b where b.schedule_id = x.id and b.state = 'blocked' limit 1) as blocks,
         (select 1 from schedule s where s.id = x.id and s.state = 'enabled' and s.next_fire_at is null) as delays
       from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     ) w where blocks is not null or delays is not null`,
    [JSON.stringify([...scheduleIds].map((id) => ({ id })))],
  );
  const idsOf = (which: 'blocks' | 'delays'): string[] => waiting.flatMap((row) => (row[which] === null ? [] : row.id));
  await turnsGive(tx, idsOf('blocks'), freed);
  const endedIds = ended.runs.map(({ id }) => id);
  await delaysBegin(tx, idsOf('delays'), endedIds, freed);
}

async function count(
  tx: Tx,
  masterId: string,
  runs: readonly Pick<FinishedRun, 'namespace' | 'state'>[],
): Promise<void> {
  const totals = new Map<string, { namespace: string; state: FinalState; runs: number }>();
  for (const run of runs) {
    const key = `${run.namespace}/${run.state}`;
    const total = totals.get(key) ?? { namespace: run.namespace, state: run.state, runs: 0 };
    total.runs += 1;
    totals.set(key, total);
  }
  await tx.query(
    `insert into run_stat (namespace, minute, state, master_id, runs)
     select x.namespace, now_ms() / 60000 * 60000, x.state, $2, x.runs
     from ${tx.dialect.rows('$1', 'x', { namespace: 'text', state: 'text', runs: 'int' })} where true
     on conflict (namespace, minute, state, master_id) do update set runs = run_stat.runs + excluded.runs`,
    [JSON.stringify([...totals.values()]), masterId],
  );
}

export interface RetriedRun {
  id: string;
  delayMs: number;
  attempts: string;
  startTimeoutMs: number | null;
}

/** Frees runs of their attempt: `ready` at once when there is no delay, else `scheduled`. */
export async function runsRetry(tx: Tx, runs: readonly RetriedRun[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `update run set state = case when x.delay > 0 then 'scheduled' else 'ready' end,
       due_at = case when x.delay > 0 then now_ms() + x.delay else run.due_at end,
       start_deadline = now_ms() + x.delay + x.start_timeout,
       attempt_id = null, session_id = null, claimed_at = null, started_at = null, attempts = x.attempts
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', delay: 'bigint', attempts: 'text', start_timeout: 'bigint' })}
     where run.id = x.id`,
    [
      JSON.stringify(
        runs.map((run) => ({
          id: run.id,
          delay: run.delayMs,
          attempts: run.attempts,
          start_timeout: run.startTimeoutMs,
        })),
      ),
    ],
  );
}
