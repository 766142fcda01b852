// Moves that time brings: delayed runs become ready, runs that waited too long fail, runs of dead sessions are given away.
// Any master does them, as often as it likes: rows that another one holds are skipped.

import type { RunError } from '@tidewheel/protocol';
import { become, decideLost, withAttempt, type PastAttempt } from '../core/run.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { DefinitionCache } from './definition-cache.ts';
import { locksOfDeadRelease } from './locks.ts';
import { runsFinish, runsRetry, type FinishedRun, type Freed, type RetriedRun } from './runs-finish.ts';
import { nothingFreed } from './turns.ts';
import { sessionsExpire } from './sessions.ts';

export interface SweepOutlook {
  /** When the next delayed run is due, the next start deadline passes, the next lease ends; null when there is none. */
  promoteAt: number | null;
  startDeadlineAt: number | null;
  leaseEndsAt: number | null;
  /** Runs of dead sessions wait to be given away. */
  stranded: boolean;
  /** Runs wait for others, or a fixed delay for its run: it may be somebody's turn. */
  turns: boolean;
  now: number;
}

/**
 * How far back a sweep looks for runs of dead sessions: longer than any claim statement may last. Looking back without end costs
 * more, and finds what died while no master swept at all.
 */
export const sweepBackMs = { usual: 60_000, endless: Number.MAX_SAFE_INTEGER } as const;

/** What time will bring next: one cheap statement before any sweep. */
export async function sweepOutlook(tx: Tx, backMs: number = sweepBackMs.usual): Promise<SweepOutlook> {
  const rows = await tx.query<{
    promote_at: number | null;
    deadline: number | null;
    expires_at: number | null;
    stranded: string | null;
    turns: number;
    now: number;
  }>(
    `select (select min(due_at) from run where state = 'scheduled') as promote_at,
       (select min(start_deadline) from run where state = 'ready' and start_deadline is not null) as deadline,
       (select min(expires_at) from session where state <> 'dead') as expires_at,
       (select r.id from session s join run r on r.session_id = s.id
        where s.state = 'dead' and s.ended_at > now_ms() - $1 limit 1) as stranded,
       case when exists (select 1 from run where state = 'blocked')
         or exists (select 1 from schedule where state = 'enabled' and next_fire_at is null) then 1 else 0 end as turns,
       now_ms() as now`,
    [backMs],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a select without from gives one row');
  return {
    promoteAt: row.promote_at,
    startDeadlineAt: row.deadline,
    leaseEndsAt: row.expires_at,
    stranded: row.stranded !== null,
    turns: row.turns === 1,
    now: row.now,
  };
}

export interface MovedRun {
  id: string;
  laneId: string;
  namespace: string;
}

/** Delayed and backed-off runs whose time has come. */
export async function runsPromote(tx: Tx): Promise<MovedRun[]> {
  const rows = await tx.query<{ id: string; lane_id: string; namespace: string }>(
    `update run set state = 'ready' where id in
       (select id from run where state = 'scheduled' and due_at <= now_ms() order by due_at limit $1${tx.dialect.skipLocked})
     returning id, lane_id, namespace`,
    [serverLimits.promoteRuns],
  );
  return rows.map((row) => ({ id: row.id, laneId: row.lane_id, namespace: row.namespace }));
}

/** Fails ready runs that nobody started in time. */
export async function runsExpireStart(tx: Tx, masterId: string): Promise<{ finished: FinishedRun[]; freed: Freed }> {
  const rows = await tx.query<{ id: string; namespace: string; attempts: string }>(
    `select id, namespace, attempts from run where state = 'ready' and start_deadline is not null and start_deadline <= now_ms()
     order by start_deadline limit $1${tx.dialect.skipLocked}`,
    [serverLimits.promoteRuns],
  );
  const error = JSON.stringify({
    kind: 'start-timeout',
    message: 'no worker started the run within its start timeout',
  });
  const finished = rows.map((row) => ({
    id: row.id,
    namespace: row.namespace,
    state: become('ready', 'failed'),
    attemptId: null,
    startedAt: null,
    attempts: row.attempts,
    output: null,
    error,
  }));
  return { finished, freed: await runsFinish(tx, masterId, finished) };
}

export interface Rescued {
  sessions: { id: string; worker: string; namespace: string }[];
  finished: FinishedRun[];
  retried: MovedRun[];
  /** Locks that became free, as signals name them. */
  locks: string[];
  /** What the ends have made possible. */
  freed: Freed;
  more: boolean;
}

interface LostRow {
  id: string;
  namespace: string;
  lane_id: string;
  job_version_id: string;
  attempt: number;
  attempt_id: string;
  session_id: string;
  claimed_at: number;
  started_at: number | null;
  cancel_requested_at: number | null;
  attempts: string;
  worker: string;
  end_reason: string | null;
  end_detail: string | null;
  now: number;
}

/**
 * Marks expired sessions dead and gives their runs away, in one transaction. Also runs that a claim gave to a session in the
 * very moment it died are found here: dead sessions stay under watch for a while.
 */
export async function sessionsRescue(
  tx: Tx,
  deps: { masterId: string; definitions: DefinitionCache },
  backMs: number = sweepBackMs.usual,
): Promise<Rescued> {
  const sessions = await sessionsExpire(tx, serverLimits.rescueSessions);
  const rows = await tx.query<LostRow>(
    `select r.id, r.namespace, r.lane_id, r.job_version_id, r.attempt, r.attempt_id, r.session_id, r.claimed_at, r.started_at,
       r.cancel_requested_at, r.attempts, s.worker, s.end_reason, s.end_detail, now_ms() as now
     from session s join run r on r.session_id = s.id
     where s.state = 'dead' and s.ended_at > now_ms() - $2
     order by r.id limit $1${tx.dialect.forUpdate}`,
    [serverLimits.rescueRuns, backMs],
  );
  const versions = await deps.definitions.jobVersions(
    tx,
    rows.map((row) => row.job_version_id),
  );
  const locks = await locksOfDeadRelease(tx);
  const rescued: Rescued = {
    sessions,
    finished: [],
    retried: [],
    locks,
    freed: nothingFreed(),
    more: rows.length === serverLimits.rescueRuns,
  };
  const retries: RetriedRun[] = [];
  for (const row of rows) {
    const spec = versions.get(row.job_version_id)?.spec;
    if (spec === undefined) throw new Error(`run ${row.id} has no job version`);
    const past = JSON.parse(row.attempts) as PastAttempt[];
    const next = decideLost({ past, cancelRequested: row.cancel_requested_at !== null, spec });
    const lost = lostAttempt(row);
    const attempts = JSON.stringify(withAttempt(past, lost));
    if (next.to === 'final') {
      rescued.finished.push({
        id: row.id,
        namespace: row.namespace,
        state: become('running', next.state),
        attemptId: null,
        startedAt: row.started_at,
        attempts,
        output: null,
        error: JSON.stringify(lost.error),
      });
    } else {
      become('running', 'ready');
      retries.push({ id: row.id, delayMs: next.delayMs, attempts, startTimeoutMs: spec.timeout.start ?? null });
      rescued.retried.push({ id: row.id, laneId: row.lane_id, namespace: row.namespace });
    }
  }
  rescued.freed = await runsFinish(tx, deps.masterId, rescued.finished);
  await runsRetry(tx, retries);
  return rescued;
}

function lostAttempt(row: LostRow): PastAttempt {
  return {
    attempt: row.attempt,
    attemptId: row.attempt_id,
    sessionId: row.session_id,
    worker: row.worker,
    claimedAt: row.claimed_at,
    startedAt: row.started_at,
    endedAt: row.now,
    outcome: 'lost',
    error: lossOf(row),
  };
}

function lossOf({ worker, end_reason: reason, end_detail: detail }: LostRow): RunError {
  if (reason === null) return { kind: 'worker-lost', message: `the worker ${worker} was lost` };
  const message = `the worker ${worker} ${reason === 'hung' ? 'hung' : reason === 'silent' ? 'fell silent' : 'crashed'}`;
  return { kind: `worker-${reason}`, message, ...(detail === null ? {} : { stack: detail }) };
}
