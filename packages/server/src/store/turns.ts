// Whose turn it is among the runs of one schedule: runs that wait for earlier ones, and schedules whose next time waits for a run.
//
//   fire ──► blocked ──(no run of the schedule is ready, due later or running any more)──► ready, the oldest first
//   end of the run of a fixed delay ──► the schedule's next time is the end + delay
//
// Both happen in the transaction that ends the earlier run. Two that end at the same time may each take the other for unfinished,
// so a slow sweep looks for what was left: a run that is gone never blocks for longer.
//
// Order of locks: schedule, then its runs that do not wait (by id), then those that wait. Whoever decides a fire under a rule that
// waits for runs holds these, so they cannot end unseen between its look and its commit.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { delayedFire, isDelay } from '../core/fixed-delay.ts';
import { serverLimits } from '../core/limits.ts';
import { replacesPrevious, type Unfinished } from '../core/overlap.ts';
import type { Tx } from '../ports/database.ts';
import { fireEnd } from './audit.ts';

export interface UnfinishedRun {
  id: string;
  namespace: string;
  state: 'ready' | 'scheduled' | 'running';
  attempts: string;
}

/** The unfinished runs of one schedule, locked; those that wait only where the rule is to replace them. */
export interface UnfinishedRuns {
  active: UnfinishedRun[];
  blocked: Omit<UnfinishedRun, 'state'>[];
}

export interface ScheduleRuns {
  count: Unfinished;
  /** Only under rules that wait for runs. */
  runs: UnfinishedRuns | null;
}

/** Backfills run beside their schedule. */
const counts = `r.trigger_kind <> 'backfill'`;

/** Unfinished runs of locked schedules, by schedule id. Those under the rule `allow` are left out. */
export async function unfinishedRuns(
  tx: Tx,
  schedules: readonly { id: string; overlap: ScheduleDefinition['overlap'] }[],
): Promise<Map<string, ScheduleRuns>> {
  const found = new Map<string, ScheduleRuns>();
  const skipping = schedules.filter(({ overlap }) => overlap === 'skip');
  if (skipping.length > 0) {
    const rows = await tx.query<{ id: string; runs: number }>(
      `select x.id, count(*) as runs from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
       join run r on r.schedule_id = x.id and ${counts} group by x.id`,
      [idsOf(skipping.map(({ id }) => id))],
    );
    for (const { id, runs } of rows) found.set(id, { count: { running: 0, pending: runs, blocked: 0 }, runs: null });
  }
  const waiting = schedules.filter(({ overlap }) => overlap !== 'skip' && overlap !== 'allow');
  if (waiting.length === 0) return found;
  const ids = waiting.map(({ id }) => id);
  const held = await holdActive(tx, ids);
  const replacing = waiting.filter(({ id, overlap }) => replacesPrevious(overlap) && held.get(id)?.blocked !== 0);
  const giving = Map.groupBy(
    await lockBlocked(
      tx,
      replacing.map(({ id }) => id),
    ),
    (run) => run.scheduleId,
  );
  for (const [id, { active, blocked, missed }] of held) {
    const running = active.filter((run) => run.state === 'running').length;
    found.set(id, {
      count: { running: running + missed, pending: active.length - running, blocked },
      runs: { active, blocked: giving.get(id) ?? [] },
    });
  }
  return found;
}

type OfSchedule<R> = R & { scheduleId: string };
const runsOf = (tx: Tx): string =>
  `select r.id, r.namespace, r.state, r.attempts, r.schedule_id as "scheduleId"
   from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run r on r.schedule_id = x.id and ${counts}`;

function lockActive(tx: Tx, scheduleIds: readonly string[]): Promise<OfSchedule<UnfinishedRun>[]> {
  return tx.query(`${runsOf(tx)} where r.state <> 'blocked' order by r.id${tx.dialect.forUpdate}`, [
    idsOf(scheduleIds),
  ]);
}

interface Counts {
  id: string;
  active: number;
  blocked: number;
}

function countUnfinished(tx: Tx, scheduleIds: readonly string[]): Promise<Counts[]> {
  const isBlocked = `case when r.state = 'blocked' then 1 else 0 end`;
  return tx.query(
    `select x.id, sum(1 - ${isBlocked}) as active, sum(${isBlocked}) as blocked
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join run r on r.schedule_id = x.id and ${counts} group by x.id`,
    [idsOf(scheduleIds)],
  );
}

interface Held {
  active: UnfinishedRun[];
  blocked: number;
  /** Runs that began while others were looked at, and are not locked. */
  missed: number;
}

/**
 * Locks all runs that do not wait. While the lock of one was waited for, its end may have given another one its turn, which that
 * statement does not see: so they are counted afterwards, and locked again a few times. Runs that end faster than that are taken for
 * running: a new one waits, and should the end of all of them not see it, the sweep will.
 */
async function holdActive(tx: Tx, scheduleIds: readonly string[]): Promise<Map<string, Held>> {
  const found = new Map<string, Held>();
  let open = scheduleIds;
  for (let round = 0; round < serverLimits.turnLooks && open.length > 0; round += 1) {
    const locked = Map.groupBy(await lockActive(tx, open), (run) => run.scheduleId);
    const counted = new Map((await countUnfinished(tx, open)).map((row) => [row.id, row]));
    for (const id of open) {
      const active = locked.get(id) ?? [];
      const { active: seen = 0, blocked = 0 } = counted.get(id) ?? {};
      found.set(id, { active, blocked, missed: seen - active.length });
    }
    open = open.filter((id) => found.get(id)?.missed !== 0);
  }
  return found;
}

async function lockBlocked(
  tx: Tx,
  scheduleIds: readonly string[],
): Promise<OfSchedule<Omit<UnfinishedRun, 'state'>>[]> {
  if (scheduleIds.length === 0) return [];
  return tx.query(`${runsOf(tx)} where r.state = 'blocked' order by r.id${tx.dialect.forUpdate}`, [idsOf(scheduleIds)]);
}

/** What the end of runs has brought about, to be announced after the commit. */
export interface Freed {
  /** Lanes with runs that have become ready. */
  lanes: Set<string>;
  /** Some run has become one that is due later. */
  scheduled: boolean;
  /** Some schedule has got its next time. */
  schedules: boolean;
}

export const nothingFreed = (): Freed => ({ lanes: new Set(), scheduled: false, schedules: false });

/** Lets the oldest waiting run of each of these schedules begin, where nothing is before it any more. */
export async function turnsGive(tx: Tx, scheduleIds: readonly string[], freed: Freed): Promise<void> {
  if (scheduleIds.length === 0) return;
  const first = `select b.id from run b where b.schedule_id = x.id and b.state = 'blocked' order by b.fire_at, b.id limit 1`;
  const rows = await tx.query<{ lane_id: string; state: string }>(
    `update run set ${itsTurn} where state = 'blocked' and id in (
       select (${first}) from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
       where not exists (select 1 from run r where r.schedule_id = x.id and r.state <> 'blocked' and ${counts})
     ) returning lane_id, state`,
    [idsOf(scheduleIds)],
  );
  for (const row of rows) {
    if (row.state === 'ready') freed.lanes.add(row.lane_id);
    else freed.scheduled = true;
  }
}

/** A run whose turn has come is due now, unless it was put off; its start deadline counts from then. */
const itsTurn = `state = case when due_at > now_ms() then 'scheduled' else 'ready' end,
  start_deadline = case when due_at > now_ms() then start_deadline else start_deadline - due_at + now_ms() end,
  due_at = case when due_at > now_ms() then due_at else now_ms() end`;

/** Schedules that now allow their runs to overlap: nothing of theirs waits any more. */
export async function turnsOpen(tx: Tx, scheduleIds: readonly string[]): Promise<void> {
  if (scheduleIds.length === 0) return;
  await tx.query(
    `update run set ${itsTurn} where state = 'blocked'
       and schedule_id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`,
    [idsOf(scheduleIds)],
  );
}

/** What a schedule of fixed delay counts from. */
export interface DelayFacts {
  /** Its run goes on, so there is no next time. */
  unfinished: boolean;
  /** When the newest of its runs ended, or the newest time was skipped. */
  from: number | null;
}

/** Of the newest times of schedule s: when their runs ended, or when they were skipped. */
const countedFrom = `(select max(${fireEnd})
  from (select g.run_id, g.decided_at, g.ended_at from fire g where g.schedule_id = s.id
    order by g.fire_at desc limit ${serverLimits.delayFires}) f)`;
const isUnfinished = `exists (select 1 from run r where r.schedule_id = s.id and r.trigger_kind = 'schedule')`;

interface DelayRow {
  id: string;
  spec: string;
  cursor: number;
  anchor_at: number;
  from_at: number | null;
  ended_at: number | null;
}

/** Of locked schedules, by id. */
export async function delayFacts(tx: Tx, scheduleIds: readonly string[]): Promise<Map<string, DelayFacts>> {
  if (scheduleIds.length === 0) return new Map();
  const rows = await tx.query<{ id: string; unfinished: number; from_at: number | null }>(
    `select s.id, case when ${isUnfinished} then 1 else 0 end as unfinished, ${countedFrom} as from_at
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join schedule s on s.id = x.id`,
    [idsOf(scheduleIds)],
  );
  return new Map(rows.map((row) => [row.id, { unfinished: row.unfinished === 1, from: row.from_at }]));
}

/**
 * Gives those of these schedules their next time that wait for no run any more. `endedIds`: runs that this transaction has ended; under
 * another rule one may have been unfinished through more times than are looked at.
 */
export async function delaysBegin(
  tx: Tx,
  scheduleIds: readonly string[],
  endedIds: readonly string[],
  freed: Freed,
): Promise<void> {
  if (scheduleIds.length === 0) return;
  await tx.query(
    `select s.id from schedule s where s.id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})
     order by s.id${tx.dialect.forUpdate}`,
    [idsOf(scheduleIds)],
  );
  // Read after the lock was taken.
  const rows = await tx.query<DelayRow>(
    `select s.id, s.spec, s.cursor, s.anchor_at, ${countedFrom} as from_at, ended.at as ended_at
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join schedule s on s.id = x.id
     left join (
       select a.schedule_id, max(a.finished_at) as at from ${tx.dialect.rows('$2', 'e', { id: 'uuid' })}
       join run_archive a on a.id = e.id and a.trigger_kind = 'schedule' group by a.schedule_id
     ) ended on ended.schedule_id = s.id
     where ${isWaiting} and not ${isUnfinished}`,
    [idsOf(scheduleIds), idsOf(endedIds)],
  );
  const placed = rows.map((row) => {
    const spec = JSON.parse(row.spec) as ScheduleDefinition;
    const from = Math.max(row.from_at ?? row.anchor_at, row.ended_at ?? 0);
    const next = isDelay(spec) ? delayedFire(spec, from, row.cursor) : null;
    return { id: row.id, next, state: next === null ? 'finished' : 'enabled' };
  });
  if (placed.length === 0) return;
  await tx.query(
    `update schedule set next_fire_at = x.next, state = x.state
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', next: 'bigint', state: 'text' })} where schedule.id = x.id`,
    [JSON.stringify(placed)],
  );
  freed.schedules = true;
}

const isWaiting = `s.state = 'enabled' and s.next_fire_at is null and not exists (select 1 from catch_up c where c.schedule_id = s.id)`;

/** Gives turns that nobody gave. Each schedule with waiting runs costs two steps in an index, whatever their number. */
export async function turnsHeal(tx: Tx): Promise<Freed> {
  const freed = nothingFreed();
  const blocked = await tx.query<{ id: string }>(
    `with recursive waiting (id) as (
       select (select schedule_id from run where state = 'blocked' order by schedule_id limit 1)
       union all
       select (select r.schedule_id from run r where r.state = 'blocked' and r.schedule_id > w.id order by r.schedule_id limit 1)
       from waiting w where w.id is not null
     )
     select w.id from waiting w where w.id is not null
       and not exists (select 1 from run r where r.schedule_id = w.id and r.state <> 'blocked' and ${counts}) limit $1`,
    [serverLimits.promoteRuns],
  );
  await turnsGive(
    tx,
    blocked.map(({ id }) => id),
    freed,
  );
  const delayed = await tx.query<{ id: string }>(
    `select s.id from schedule s where ${isWaiting} and not ${isUnfinished} order by s.id limit $1`,
    [serverLimits.promoteRuns],
  );
  await delaysBegin(
    tx,
    delayed.map(({ id }) => id),
    [],
    freed,
  );
  return freed;
}

function idsOf(ids: readonly string[]): string {
  return JSON.stringify(ids.map((id) => ({ id })));
}
