// Catching up: decides the times that were set aside because nobody could fire them, in pieces, oldest first over all schedules.
//
// One master does it at a time: whoever holds the row of the budget. Fires that are due never take that row, and their transactions
// come between the pieces. What is made up for is put on a timeline that all schedules share, so that an outage is not followed by
// a storm; a schedule with a rate of its own is put off further.

import type { GapChoice } from '@tidewheel/protocol';
import type { FireDecision, MissedDecisions } from '../core/fire.ts';
import { decideMissed } from '../core/fire.ts';
import { delayedFire, isDelay } from '../core/fixed-delay.ts';
import { serverLimits } from '../core/limits.ts';
import { nothingUnfinished } from '../core/overlap.ts';
import type { Tx } from '../ports/database.ts';
import type { ScheduleVersionRow } from './definition-cache.ts';
import { type FireDeps, type FiresDecided, FireWrites, type LockedSchedule } from './fire-writes.ts';
import { type FireFacts, factsOf } from './fires.ts';
import { noOpenGap } from './restore-gap.ts';

interface BehindRow extends ScheduleVersionRow {
  job_id: string;
  state: string;
  caught_up_to: number;
}

interface RangeRow {
  schedule_id: string;
  through_at: number;
  after_at: number;
  next_at: number;
  noticed_at: number;
  choice: GapChoice | null;
}

interface Behind extends LockedSchedule {
  state: string;
  caughtUpTo: number;
  range: RangeRow;
}

/** One piece. Null: another master is at it. */
export async function catchUpPiece(tx: Tx, deps: FireDeps): Promise<FiresDecided | null> {
  const [budget] = await tx.query<{ free_at_us: number }>(
    `select free_at_us from catch_up_budget where id = 1${tx.dialect.skipLocked}`,
  );
  if (budget === undefined) return null;
  const oldest = await tx.query<{ schedule_id: string; next_at: number }>(
    `select schedule_id, next_at from catch_up where ${noOpenGap} order by next_at, schedule_id limit $1`,
    [serverLimits.fireSchedules + 1],
  );
  // Nothing newer than what is left out, so that the order holds over all schedules.
  const until = oldest[serverLimits.fireSchedules]?.next_at ?? Number.MAX_SAFE_INTEGER;
  const ids = new Set(oldest.slice(0, serverLimits.fireSchedules).map((row) => row.schedule_id));
  const behind = await lockBehind(tx, deps, [...ids], tx.dialect.skipLocked);
  return decide(tx, deps, behind, { until, freeAtUs: budget.free_at_us });
}

/** All that was set aside of locked schedules, up to a bound; null when there was nothing. */
export async function catchUpSettle(
  tx: Tx,
  deps: FireDeps,
  scheduleIds: readonly string[],
): Promise<FiresDecided | null> {
  const behind = await lockBehind(tx, deps, scheduleIds, tx.dialect.forUpdate);
  if (behind.length === 0) return null;
  const [budget] = await tx.query<{ free_at_us: number }>(
    `select free_at_us from catch_up_budget where id = 1${tx.dialect.forUpdate}`,
  );
  return decide(tx, deps, behind, { until: Number.MAX_SAFE_INTEGER, freeAtUs: budget?.free_at_us ?? 0 });
}

/** Locks schedules and reads the oldest range of each. */
async function lockBehind(tx: Tx, deps: FireDeps, scheduleIds: readonly string[], lock: string): Promise<Behind[]> {
  if (scheduleIds.length === 0) return [];
  const among = `in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })})`;
  const rows = await tx.query<BehindRow>(
    `select id, namespace, job_id, version, spec, anchor_at, calendars, state, caught_up_to from schedule
     where id ${among} and exists (select 1 from catch_up c where c.schedule_id = schedule.id) order by id${lock}`,
    [JSON.stringify(scheduleIds.map((id) => ({ id })))],
  );
  // Read after the locks were taken: what another transaction has decided meanwhile is gone.
  const ranges = new Map<string, RangeRow>();
  const stored = await tx.query<RangeRow>(
    `select schedule_id, through_at, after_at, next_at, noticed_at, choice from catch_up where schedule_id ${among}
     order by schedule_id, through_at desc`,
    [JSON.stringify(rows.map(({ id }) => ({ id })))],
  );
  for (const range of stored) ranges.set(range.schedule_id, range);
  return (await deps.definitions.compiled(tx, rows)).flatMap(({ row, compiled }) => {
    const range = ranges.get(row.id);
    if (range === undefined) return [];
    const { id, namespace, job_id: jobId, state, caught_up_to: caughtUpTo } = row;
    return [{ id, namespace, jobId, state, caughtUpTo, compiled, range }];
  });
}

interface Piece {
  schedule: Behind;
  decisions: MissedDecisions;
}

async function decide(
  tx: Tx,
  deps: FireDeps,
  behind: readonly Behind[],
  bounds: { until: number; freeAtUs: number },
): Promise<FiresDecided> {
  const writes = new FireWrites(deps);
  if (behind.length === 0) return writes.decided;
  const facts = await factsOf(tx, deps, behind);
  const maxFires = Math.max(1, Math.floor(serverLimits.catchUpFires / behind.length));
  const pieces = behind.map((schedule): Piece => {
    const { definition, times } = schedule.compiled;
    const { after_at: after, through_at: through, next_at: next, noticed_at: noticedAt } = schedule.range;
    const decisions = decideMissed({
      spec: definition,
      times,
      range: { after, through, next },
      noticedAt,
      jobEnabled: facts.jobOf(schedule).enabled,
      unfinished: facts.unfinished.get(schedule.id)?.count ?? nothingUnfinished,
      maxFires,
      until: bounds.until,
      choice: schedule.range.choice,
    });
    return { schedule, decisions };
  });
  const caughtUpTo = await allot(tx, deps, pieces, facts, writes, bounds.freeAtUs);
  await writes.write(tx);
  await writeRanges(tx, pieces);
  await writeSchedules(tx, pieces, caughtUpTo, facts.now);
  writes.decided.more = true;
  return writes.decided;
}

const minuteMs = 60_000;

/** Gives each run its place on the timeline, in the order of nominal times. Answers how far each schedule has come on it. */
async function allot(
  tx: Tx,
  deps: FireDeps,
  pieces: readonly Piece[],
  facts: FireFacts,
  writes: FireWrites,
  freeAtUs: number,
): Promise<ReadonlyMap<string, number>> {
  const stepUs = Math.ceil(1_000_000 / deps.settings.catchUpPerSecond);
  const caughtUpTo = new Map(pieces.map(({ schedule }) => [schedule.id, schedule.caughtUpTo]));
  let freeUs = Math.max(freeAtUs, facts.now * 1000);
  const inOrder = pieces
    .flatMap(({ schedule, decisions }) => decisions.fires.map((fire): [Behind, FireDecision] => [schedule, fire]))
    .toSorted(([a, left], [b, right]) => left.fireAt - right.fireAt || (a.id < b.id ? -1 : 1));
  let made = 0;
  for (const [schedule, fire] of inOrder) {
    const { version } = facts.jobOf(schedule);
    let dueAt = fire.fireAt;
    if (fire.outcome === 'fired') {
      made += 1;
      dueAt = Math.ceil(freeUs / 1000);
      freeUs += stepUs;
      const { rate } = schedule.compiled.definition.misfire;
      const last = caughtUpTo.get(schedule.id) ?? 0;
      if (rate !== undefined) dueAt = Math.max(dueAt, last + Math.ceil(minuteMs / rate));
      caughtUpTo.set(schedule.id, Math.max(last, dueAt));
    }
    writes.add(schedule, { version, now: facts.now }, fire, dueAt);
  }
  if (made > 0) await tx.query('update catch_up_budget set free_at_us = $1 where id = 1', [freeUs]);
  return caughtUpTo;
}

async function writeRanges(tx: Tx, pieces: readonly Piece[]): Promise<void> {
  const key = { schedule_id: 'uuid', through_at: 'bigint' } as const;
  const rowOf = ({ schedule: { range }, decisions: { rest } }: Piece) => ({
    schedule_id: range.schedule_id,
    through_at: range.through_at,
    after_at: rest?.after ?? null,
    next_at: rest?.next ?? null,
  });
  const over = pieces.filter(({ decisions }) => decisions.rest === null).map(rowOf);
  const open = pieces.filter(({ decisions }) => decisions.rest !== null).map(rowOf);
  if (over.length > 0) {
    await tx.query(
      `delete from catch_up where (schedule_id, through_at) in
         (select x.schedule_id, x.through_at from ${tx.dialect.rows('$1', 'x', key)})`,
      [JSON.stringify(over)],
    );
  }
  if (open.length > 0) {
    await tx.query(
      `update catch_up set after_at = x.after_at, next_at = x.next_at
       from ${tx.dialect.rows('$1', 'x', { ...key, after_at: 'bigint', next_at: 'bigint' })}
       where catch_up.schedule_id = x.schedule_id and catch_up.through_at = x.through_at`,
      [JSON.stringify(open)],
    );
  }
}

/** How far schedules have come on the timeline; and the next time of a fixed delay, when its missed one was skipped. */
async function writeSchedules(
  tx: Tx,
  pieces: readonly Piece[],
  caughtUpTo: ReadonlyMap<string, number>,
  now: number,
): Promise<void> {
  const rows = pieces.flatMap(({ schedule, decisions }) => {
    const { definition } = schedule.compiled;
    const last = caughtUpTo.get(schedule.id) ?? 0;
    const [fire] = decisions.fires;
    const restarts = isDelay(definition) && schedule.state === 'enabled' && fire?.outcome === 'skipped';
    if (last === schedule.caughtUpTo && !restarts) return [];
    const next = restarts && isDelay(definition) ? delayedFire(definition, now, fire.fireAt) : null;
    const state = restarts && next === null ? 'finished' : null;
    return [{ id: schedule.id, caught_up_to: last, next_fire_at: next, state }];
  });
  if (rows.length === 0) return;
  await tx.query(
    `update schedule set caught_up_to = x.caught_up_to, next_fire_at = coalesce(x.next_fire_at, schedule.next_fire_at),
       state = coalesce(x.state, schedule.state)
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', caught_up_to: 'bigint', next_fire_at: 'bigint', state: 'text' })}
     where schedule.id = x.id`,
    [JSON.stringify(rows)],
  );
}
