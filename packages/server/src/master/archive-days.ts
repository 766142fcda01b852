// The leader's duty to give the archive of a PostgreSQL store a partition for each day before it begins, and what retention does with the
// days that have run out. Where a change would have to wait for a lock it is left, and tried again soon: nobody waits for it.

import type { Keep } from '@tidewheel/protocol';
import { dayMs, firstDay, missingDays, nextCompaction } from '../core/archive-days.ts';
import { serverLimits } from '../core/limits.ts';
import { StoreUnavailable, type Tx } from '../ports/database.ts';
import {
  cutBound,
  cutMake,
  cutProve,
  cutRead,
  cutUnbind,
  dayMake,
  partDropEmpty,
  type Partitioned,
  partitioned,
  partsCompact,
  partsOf,
  TooManyStay,
} from '../store/archive-parts.ts';
import { firstIdAt } from '../store/audit.ts';
import { storeNow } from '../store/jobs.ts';
import { delaySpec, expiredSql, retentionHold, ruleJoins } from '../store/retention.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';

type DaysContext = Pick<MasterContext, 'db' | 'log'>;

const restMs = 600_000;
const soonMs = 1000;
/** Of a large archive, while it is being proven that all of it lies before the first day. */
const cutAheadMs = 7 * dayMs;
/** Ids that are so far ahead come from a clock that is wrong; the archive then stays in one piece. */
const clockFaultMs = 60 * dayMs;

const tables = Object.keys(partitioned) as Partitioned[];

export function archiveDays(context: DaysContext): Duty {
  return {
    name: 'archive days',
    begin: (leader) => async () => {
      if (context.db.dialect.engine !== 'postgres') return restMs;
      let busy = false;
      for (const table of tables) busy = (await busyWith(leader, context, table)) || busy;
      return busy ? soonMs : restMs;
    },
  };
}

/** Whether there is more to do at once. */
async function busyWith(leader: Leader, context: DaysContext, table: Partitioned): Promise<boolean> {
  const { db, log } = context;
  const now = await storeNow(db);
  const parts = await partsOf(db, table);
  const rest = parts.find(({ isRest }) => isRest);
  if (rest === undefined) throw new Error(`${table} has no default partition`);
  if (parts.length === 1) return cut(leader, context, table, now);
  let waits = false;
  for (const from of missingDays(parts, now)) {
    const make = (tx: Tx): Promise<boolean> => dayMake(tx, table, from, from + dayMs, rest.name);
    const made = await unlessLocked(() => leader.transaction(make));
    if (made === false)
      log.warn('a day has no partition, because rows of it were written before', { table, day: from });
    waits ||= made === 'locked';
  }
  return waits;
}

/** A change that would wait for others is not made; whoever asked comes back. */
async function unlessLocked<T>(change: () => Promise<T>): Promise<T | 'locked'> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof StoreUnavailable && /lock timeout/.test(error.message)) return 'locked';
    throw error;
  }
}

/**
 * The archive as it is becomes the partition before the first day. A small one is read under the lock. Of a large one it is proven first,
 * beside everybody, that nothing lies behind a bound that is a week ahead; a leader that died in between is followed by one that goes on.
 */
async function cut(leader: Leader, context: DaysContext, table: Partitioned, now: number): Promise<boolean> {
  const { db, log } = context;
  const { rows, newestAt, bound } = await cutRead(db, table, serverLimits.archiveCutRows + 1);
  if (newestAt !== null && newestAt > now + clockFaultMs) {
    log.warn('the archive stays in one piece: a run in it was made far in the future', { table, madeAt: newestAt });
    return false;
  }
  const step = async (change: (tx: Tx) => Promise<void>): Promise<true> => {
    await unlessLocked(() => leader.transaction(change));
    return true;
  };
  if (bound !== null) {
    if (bound.at < now + dayMs) return step((tx) => cutUnbind(tx, table));
    if (bound.proven) return step((tx) => cutMake(tx, table, bound.at));
    await leader.prepared((tx) => cutProve(tx, table));
    return true;
  }
  if (rows > serverLimits.archiveCutRows) return step((tx) => cutBound(tx, table, firstDay(now, newestAt, cutAheadMs)));
  return step((tx) => cutMake(tx, table, firstDay(now, newestAt, 0)));
}

export interface DayRemoved {
  runs: number;
  logChunks: number;
}

/** Drops the days before `horizon`, with what had to stay copied out of them. Days of which much has to stay are left to smaller steps. */
export async function* compactDays(
  context: DaysContext,
  leader: Leader,
  keep: Keep,
  horizon: number,
): AsyncGenerator<DayRemoved> {
  const { db, log } = context;
  const most = serverLimits.retentionStayMost;
  for (const table of tables) {
    const skip = new Set<string>();
    let tries = 0;
    for (;;) {
      const parts = await partsOf(db, table);
      // A log goes after its run.
      const whole = table === 'run_archive' ? horizon : Math.min(horizon, await firstWhole(db));
      const plan = nextCompaction(table, parts, whole, { rowsMost: most, skip });
      if (plan === null) break;
      const stays = { ...(table === 'run_archive' ? staysOfRuns(keep) : staysOfLogs(plan.from, plan.to)), most };
      try {
        const done = await unlessLocked(() =>
          leader.prepared(async (tx, confirm) => {
            await retentionHold(tx);
            return partsCompact(tx, table, plan, stays, confirm);
          }),
        );
        tries += 1;
        if (done === 'locked') {
          if (tries < triesMost) continue;
          log.info('a day was not dropped, because its table is never free', { table, partition: plan.name });
          break;
        }
        tries = 0;
        yield { runs: table === 'run_archive' ? done.removed : 0, logChunks: table === 'log_chunk' ? done.removed : 0 };
      } catch (error) {
        if (!(error instanceof TooManyStay)) throw error;
        for (const source of plan.sources) if (source.generation === 0) skip.add(source.name);
      }
    }
  }
}

/** What was left of days goes when it has run out as well. */
export async function dropEmptied(context: DaysContext, leader: Leader): Promise<number> {
  let dropped = 0;
  for (const table of tables) {
    for (const part of await partsOf(context.db, table)) {
      if (part.generation === 0) continue;
      const done = await unlessLocked(() => leader.transaction((tx) => partDropEmpty(tx, table, part.name)));
      if (done === true) dropped += 1;
    }
  }
  return dropped;
}

const triesMost = 20;

/** Where the first day of runs begins that is still whole. */
async function firstWhole(tx: Tx): Promise<number> {
  const parts = await partsOf(tx, 'run_archive');
  const days = parts.flatMap(({ from, generation }) => (from !== null && generation === 0 ? [from] : []));
  return Math.min(...days, Number.POSITIVE_INFINITY);
}

/** Runs of a fixed delay stay until their ends are on the ledger, which smaller steps see to. */
function staysOfRuns(keep: Keep): { joins: string; where: string } {
  const delayed = `r.trigger_kind = 'schedule' and r.schedule_id in (select v.schedule_id from schedule_version v where v.spec ${delaySpec})`;
  return { joins: ruleJoins, where: `(not (${expiredSql(keep)}) or (${delayed}))` };
}

function staysOfLogs(from: number, to: number): { joins: string; where: string } {
  const bounds = `a.id >= '${firstIdAt(from)}' and a.id < '${firstIdAt(to)}'`;
  const where = `(r.run_id in (select u.id from run u) or r.run_id in (select a.id from run_archive a where ${bounds}))`;
  return { joins: '', where };
}
