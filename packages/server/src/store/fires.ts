// The fire transaction: lock due schedules, decide purely, write ledger rows and runs, move the cursor. All or nothing.
//
// The schedule's row lock is what makes each nominal time decided once: whoever holds it sees the newest cursor.
// What the decision depends on besides the row (unfinished runs, the job) is read after the lock was taken, because a
// statement's snapshot may be older than the lock it waits for.

import type { GapChoice } from '@tidewheel/protocol';
import { decideFires, type FireDecisions } from '../core/fire.ts';
import { invariant } from '../core/invariant.ts';
import { jitterOf } from '../core/jitter.ts';
import { serverLimits } from '../core/limits.ts';
import { nothingUnfinished } from '../core/overlap.ts';
import type { Tx } from '../ports/database.ts';
import type { JobVersion, ScheduleVersionRow } from './definition-cache.ts';
import { type FireDeps, type FiresDecided, FireWrites, type LockedSchedule, nothingDecided } from './fire-writes.ts';
import { noOpenGap } from './restore-gap.ts';
import { type ScheduleRuns, unfinishedRuns } from './turns.ts';

export type { FireDeps, FiresDecided } from './fire-writes.ts';

/** A locked schedule that is due. */
export interface DueSchedule extends LockedSchedule {
  cursor: number;
  nextFireAt: number;
}

export interface DueRow extends ScheduleVersionRow {
  job_id: string;
  cursor: number;
  next_fire_at: number;
}

export const scheduleColumns = 'id, namespace, job_id, version, spec, cursor, next_fire_at, anchor_at, calendars';

/** What is overdue by more gives way to what is due now. */
const overdueMs = 60_000;

/** Locks due schedules that no other master is working on: those of the last minute, then others, oldest first. */
export async function firesLockDue(tx: Tx, deps: FireDeps): Promise<DueSchedule[]> {
  const lock = (which: string, limit: number): Promise<DueRow[]> =>
    tx.query<DueRow>(
      `select ${scheduleColumns} from schedule where state = 'enabled' and ${which}
         and ${noOpenGap}
       order by next_fire_at limit $1${tx.dialect.skipLocked}`,
      [limit],
    );
  const rows = await lock(
    `next_fire_at <= now_ms() and next_fire_at > now_ms() - ${overdueMs}`,
    serverLimits.fireSchedules,
  );
  const room = serverLimits.fireSchedules - rows.length;
  if (room > 0) {
    // Time goes on between the two statements: what was due a minute ago by the first may be overdue by the second, and is one schedule.
    const held = new Set(rows.map((row) => row.id));
    const overdue = await lock(`next_fire_at <= now_ms() - ${overdueMs}`, room);
    rows.push(...overdue.filter((row) => !held.has(row.id)));
  }
  return dueOf(tx, deps, rows);
}

/** Rows that are locked, with their specs compiled. */
export async function dueOf(tx: Tx, deps: FireDeps, rows: readonly DueRow[]): Promise<DueSchedule[]> {
  return (await deps.definitions.compiled(tx, rows)).map(({ row, compiled }) => ({
    id: row.id,
    namespace: row.namespace,
    jobId: row.job_id,
    cursor: row.cursor,
    nextFireAt: row.next_fire_at,
    compiled,
  }));
}

interface CursorRow {
  id: string;
  cursor: number;
  next_fire_at: number | null;
  state: 'enabled' | 'finished';
}

/** A range of missed times, as it is set aside. */
interface AsideRow {
  schedule_id: string;
  after_at: number;
  through_at: number;
  next_at: number;
  noticed_at: number;
  choice: GapChoice | null;
}

/**
 * Decides and writes what is due of locked schedules. A ledger row that exists already breaks the transaction: alarm, never ignore.
 * `choice`: all of it is set aside, to be decided by that.
 */
export async function firesDecide(
  tx: Tx,
  deps: FireDeps,
  due: readonly DueSchedule[],
  choice: GapChoice | null = null,
): Promise<FiresDecided> {
  if (due.length === 0) return nothingDecided();
  const facts = await factsOf(tx, deps, due);
  const writes = new FireWrites(deps);
  const cursors: CursorRow[] = [];
  const asides: AsideRow[] = [];
  for (const schedule of due) {
    if (writes.size >= serverLimits.firesPerTransaction) {
      writes.decided.more = true;
      break;
    }
    const decision = decideOne(schedule, facts, writes, choice !== null);
    const { cursor, nextFireAt, aside, finished } = decision;
    cursors.push({ id: schedule.id, cursor, next_fire_at: nextFireAt, state: finished ? 'finished' : 'enabled' });
    const { id: schedule_id } = schedule;
    if (aside !== null) {
      const { after: after_at, through: through_at, next: next_at } = aside;
      asides.push({ schedule_id, after_at, through_at, next_at, noticed_at: facts.now, choice });
    }
    writes.decided.more ||= nextFireAt !== null && nextFireAt <= facts.now;
    writes.decided.namespaces.add(schedule.namespace);
  }
  writes.decided.aside = asides.length > 0;
  await writes.write(tx);
  await writeAsides(tx, asides);
  await moveCursors(tx, cursors);
  return writes.decided;
}

function decideOne(schedule: DueSchedule, facts: FireFacts, writes: FireWrites, allAside: boolean): FireDecisions {
  const { definition, times } = schedule.compiled;
  const { misfire } = definition;
  const { version, enabled } = facts.jobOf(schedule);
  const unfinished = facts.unfinished.get(schedule.id);
  const decision = decideFires({
    spec: allAside ? { ...definition, misfire: { ...misfire, grace: -1 } } : definition,
    times,
    cursor: schedule.cursor,
    nextFireAt: schedule.nextFireAt,
    now: facts.now,
    jobEnabled: enabled,
    unfinished: unfinished?.count ?? nothingUnfinished,
    maxFires: serverLimits.firesPerSchedule,
  });
  for (const fire of decision.fires) {
    const dueAt = fire.fireAt + jitterOf(schedule.id, fire.fireAt, definition.jitter ?? 0);
    writes.add(schedule, { version, now: facts.now }, fire, dueAt);
  }
  if (decision.replaces && unfinished?.runs) {
    writes.replace(unfinished.runs, definition.overlap === 'kill-previous');
  }
  return decision;
}

export interface FireFacts {
  now: number;
  unfinished: ReadonlyMap<string, ScheduleRuns>;
  jobOf(schedule: LockedSchedule): { version: JobVersion; enabled: boolean };
}

/** What decisions depend on besides the schedules, read after these were locked. */
export async function factsOf(tx: Tx, deps: FireDeps, schedules: readonly LockedSchedule[]): Promise<FireFacts> {
  const ids = [...new Set(schedules.map((schedule) => schedule.jobId))];
  const rows = await tx.query<{ id: string; enabled: number; version_id: string; now: number }>(
    `select j.id, j.enabled, j.version_id, now_ms() as now from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join job j on j.id = x.id`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
  const jobs = new Map(rows.map((row) => [row.id, row]));
  const versions = await deps.definitions.jobVersions(
    tx,
    rows.map((row) => row.version_id),
  );
  return {
    now: Math.min(...rows.map((row) => row.now)),
    unfinished: await unfinishedRuns(
      tx,
      schedules.map(({ id, compiled }) => ({ id, overlap: compiled.definition.overlap })),
    ),
    jobOf: (schedule) => {
      const job = jobs.get(schedule.jobId);
      const version = job === undefined ? undefined : versions.get(job.version_id);
      if (job === undefined || version === undefined) throw new Error(`schedule ${schedule.id} has no job`);
      return { version, enabled: job.enabled === 1 };
    },
  };
}

async function writeAsides(tx: Tx, asides: readonly AsideRow[]): Promise<void> {
  if (asides.length === 0) return;
  const columns = {
    schedule_id: 'uuid',
    after_at: 'bigint',
    through_at: 'bigint',
    next_at: 'bigint',
    noticed_at: 'bigint',
    choice: 'text',
  } as const;
  await tx.query(
    `insert into catch_up (schedule_id, after_at, through_at, next_at, noticed_at, choice)
     select x.schedule_id, x.after_at, x.through_at, x.next_at, x.noticed_at, x.choice from ${tx.dialect.rows('$1', 'x', columns)}`,
    [JSON.stringify(asides)],
  );
}

async function moveCursors(tx: Tx, cursors: readonly CursorRow[]): Promise<void> {
  const moved = await tx.query(
    `update schedule set cursor = x.cursor, next_fire_at = x.next_fire_at, state = x.state
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', cursor: 'bigint', next_fire_at: 'bigint', state: 'text' })}
     where schedule.id = x.id and schedule.cursor <= x.cursor returning schedule.id`,
    [JSON.stringify(cursors)],
  );
  invariant(moved.length === cursors.length, 'a cursor would have gone back');
}

export interface FiresAhead {
  /** The nearest next fire of all enabled schedules. */
  at: number | null;
  /** Missed times wait to be decided. */
  behind: boolean;
  now: number;
}

/** What there is to wait for, and the store's clock. */
export async function firesNext(tx: Tx): Promise<FiresAhead> {
  const rows = await tx.query<{ at: number | null; behind: number | null; now: number }>(
    `select (select min(next_fire_at) from schedule where state = 'enabled' and ${noOpenGap}) as at,
       (select min(next_at) from catch_up where ${noOpenGap}) as behind, now_ms() as now`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a select without from gives one row');
  return { at: row.at, behind: row.behind !== null, now: row.now };
}
