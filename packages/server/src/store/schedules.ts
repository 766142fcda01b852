// Schedules as definitions: who is there, and how a change of one is written.
//
// The rule of every change of a schedule's spec or state, which makes the fire ledger checkable (see core/audit.ts):
//   1. lock its row; 2. decide what is due under the old spec, in this transaction; 3. cursor and `valid_from` = the store's now.
// So each nominal time belongs to exactly one version: those in (valid_from, valid_from of the next] while it is enabled.

import { Refusal, type ScheduleDefinition } from '@tidewheel/protocol';
import { canonicalJson } from '../core/canonical-json.ts';
import type { ScheduleState, StoredSchedule } from '../core/definition-plan.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { dependsOn } from './calendars.ts';
import { catchUpSettle } from './catch-up.ts';
import { dueOf, type DueRow, firesDecide, type FireDeps, type FiresDecided } from './fires.ts';
import { gapIsOpen } from './restore-gap.ts';
import { turnsOpen } from './turns.ts';

interface StoredRow {
  id: string;
  job_id: string;
  name: string;
  version: number;
  spec: string;
  state: ScheduleState;
  anchor_at: number;
  calendars: string;
}

const storedOf = (row: StoredRow): StoredSchedule => ({
  id: row.id,
  jobId: row.job_id,
  name: row.name,
  version: row.version,
  spec: JSON.parse(row.spec) as ScheduleDefinition,
  state: row.state,
  anchorAt: row.anchor_at,
  calendars: row.calendars,
});

const storedColumns = 's.id, s.job_id, s.name, s.version, s.spec, s.state, s.anchor_at, s.calendars';

export async function schedulesOfJobs(tx: Tx, jobIds: readonly string[]): Promise<StoredSchedule[]> {
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
     join schedule s on s.job_id = x.id where s.state <> 'deleted' order by s.name`,
    [JSON.stringify(jobIds.map((id) => ({ id })))],
  );
  return rows.map(storedOf);
}

export async function scheduleNamed(tx: Tx, namespace: string, name: string): Promise<StoredSchedule | null> {
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from schedule s where s.namespace = $1 and s.name = $2 and s.state <> 'deleted'`,
    [namespace, name],
  );
  return rows[0] === undefined ? null : storedOf(rows[0]);
}

export async function schedulesById(tx: Tx, ids: readonly string[]): Promise<StoredSchedule[]> {
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join schedule s on s.id = x.id order by s.name`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
  return rows.map(storedOf);
}

/** Which of these names are taken, by which job. */
export async function scheduleNameHolders(
  tx: Tx,
  namespace: string,
  names: readonly string[],
): Promise<{ name: string; id: string; job: string }[]> {
  return tx.query<{ name: string; id: string; job: string }>(
    `select s.name, s.id, j.name as job from ${tx.dialect.rows('$2', 'x', { name: 'text' })}
     join schedule s on s.namespace = $1 and s.name = x.name and s.state <> 'deleted' join job j on j.id = s.job_id`,
    [namespace, JSON.stringify(names.map((name) => ({ name })))],
  );
}

/** A schedule that depends on a calendar, with the kind of its job. */
export interface DependentSchedule extends StoredSchedule {
  kind: string;
}

/** At most `limit` schedules that depend on one of these calendars, at whatever depth, by id. */
export async function schedulesDependingOn(
  tx: Tx,
  namespace: string,
  calendars: readonly string[],
  limit: number,
): Promise<DependentSchedule[]> {
  const rows = await tx.query<StoredRow & { kind: string }>(
    `select ${storedColumns}, v.kind from schedule s join job j on j.id = s.job_id join job_version v on v.id = j.version_id
     where s.namespace = $1 and s.calendars <> '{}' and s.state <> 'deleted' and ${dependsOn(tx, 's', '$2')}
     order by s.id limit $3`,
    [namespace, JSON.stringify(calendars.map((name) => ({ name }))), limit],
  );
  return rows.map((row) => ({ ...storedOf(row), kind: row.kind }));
}

/** A schedule that is locked and has nothing left to decide up to `now`. */
export interface SettledSchedule {
  id: string;
  version: number;
  state: ScheduleState;
  cursor: number;
  pausedReason: string | null;
  pausedBy: string | null;
  /** The store's clock when nothing was due. A change is valid from here, or from the cursor if that is later. */
  now: number;
}

interface LockedRow extends StoredRow {
  namespace: string;
  cursor: number;
  next_fire_at: number | null;
  paused_reason: string | null;
  paused_by: string | null;
  now: number;
}

/** Steps 1 and 2 of the rule, for any number of schedules. What is fired on the way is for the caller to announce after the commit. */
export async function schedulesSettle(
  tx: Tx,
  deps: FireDeps,
  ids: readonly string[],
): Promise<{ settled: Map<string, SettledSchedule>; decided: FiresDecided[] }> {
  const decided: FiresDecided[] = [];
  const settled = new Map<string, SettledSchedule>();
  if (ids.length === 0) return { settled, decided };
  // What is due would have to be decided, which waits for the operator.
  if (await gapIsOpen(tx)) throw new Refusal('RESTORE_GAP', 'schedules cannot be changed before');
  const set = JSON.stringify(ids.map((id) => ({ id })));
  const among = `id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`;
  await tx.query(`select id from schedule where ${among} order by id${tx.dialect.forUpdate}`, [set]);
  for (let round = 0; round < serverLimits.settleRounds; round += 1) {
    // Due or not is told by the same reading of the clock that becomes `valid_from`, so no time can fall between the two.
    const rows = await tx.query<LockedRow>(
      `select ${storedColumns}, s.namespace, s.cursor, s.next_fire_at, s.paused_reason, s.paused_by, now_ms() as now from schedule s where ${among} order by id`,
      [set],
    );
    const due = rows.filter(isDue);
    const caughtUp = due.length > 0 ? null : await catchUpSettle(tx, deps, ids);
    if (caughtUp !== null) decided.push(caughtUp);
    else if (due.length === 0) {
      for (const row of rows) settled.set(row.id, { ...row, pausedReason: row.paused_reason, pausedBy: row.paused_by });
      return { settled, decided };
    }
    if (due.length > 0) decided.push(await firesDecide(tx, deps, await dueOf(tx, deps, due)));
  }
  throw new Refusal('UNAVAILABLE', 'a schedule to be changed is still catching up on fires that it missed', {
    retryAfterSeconds: 2,
  });
}

function isDue(row: LockedRow): row is LockedRow & DueRow {
  return row.state === 'enabled' && row.next_fire_at !== null && row.next_fire_at <= row.now;
}

/** Step 3: a schedule as it is from now on. */
export interface ScheduleWrite {
  id: string;
  jobId: string;
  name: string;
  version: number;
  spec: ScheduleDefinition;
  state: ScheduleState | 'deleted';
  /** Also `valid_from` of this version. */
  cursor: number;
  nextFireAt: number | null;
  anchorAt: number;
  /** The versions of calendars that it is bound to, as JSON. */
  calendars: string;
  pausedReason: string | null;
  pausedBy: string | null;
}

const writeColumns = {
  id: 'uuid',
  job_id: 'uuid',
  name: 'text',
  version: 'int',
  spec: 'text',
  state: 'text',
  cursor: 'bigint',
  next_fire_at: 'bigint',
  anchor_at: 'bigint',
  calendars: 'text',
  paused_reason: 'text',
  paused_by: 'text',
} as const;

const writeRow = (write: ScheduleWrite) => ({
  id: write.id,
  job_id: write.jobId,
  name: write.name,
  version: write.version,
  spec: canonicalJson(write.spec),
  state: write.state,
  cursor: write.cursor,
  next_fire_at: write.nextFireAt,
  anchor_at: write.anchorAt,
  calendars: write.calendars,
  paused_reason: write.pausedReason,
  paused_by: write.pausedBy,
});

/** Of schedules that begin with this transaction: created at the time from which their times count. */
export async function schedulesInsert(
  tx: Tx,
  namespace: string,
  actor: string,
  writes: readonly ScheduleWrite[],
): Promise<void> {
  if (writes.length === 0) return;
  const rows = JSON.stringify(writes.map(writeRow));
  await tx.query(
    `insert into schedule (id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, calendars, paused_reason,
       paused_by, created_at, updated_at)
     select x.id, $2, x.job_id, x.name, x.version, x.spec, x.state, x.cursor, x.next_fire_at, x.anchor_at, x.calendars, x.paused_reason,
       x.paused_by, x.cursor, x.cursor from ${tx.dialect.rows('$1', 'x', writeColumns)}`,
    [rows, namespace],
  );
  await versionsInsert(tx, actor, rows);
}

/** Only for schedules that were settled in this transaction. */
export async function schedulesUpdate(tx: Tx, actor: string, writes: readonly ScheduleWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const rows = JSON.stringify(writes.map(writeRow));
  await tx.query(
    `update schedule set version = x.version, spec = x.spec, state = x.state, cursor = x.cursor, next_fire_at = x.next_fire_at,
       anchor_at = x.anchor_at, calendars = x.calendars, paused_reason = x.paused_reason, paused_by = x.paused_by, updated_at = now_ms()
     from ${tx.dialect.rows('$1', 'x', writeColumns)} where schedule.id = x.id`,
    [rows],
  );
  await turnsOpen(
    tx,
    writes.filter(({ spec }) => spec.overlap === 'allow').map(({ id }) => id),
  );
  await versionsInsert(tx, actor, rows);
}

async function versionsInsert(tx: Tx, actor: string, rows: string): Promise<void> {
  await tx.query(
    `insert into schedule_version (schedule_id, version, spec, state, anchor_at, calendars, valid_from, changed_by)
     select x.id, x.version, x.spec, x.state, x.anchor_at, x.calendars, x.cursor, $2 from ${tx.dialect.rows('$1', 'x', writeColumns)}`,
    [rows, actor],
  );
}
