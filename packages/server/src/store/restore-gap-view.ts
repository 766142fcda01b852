// The gap after a restore as an operator sees it: how far each schedule was decided, what was unfinished, what workers still held.

import type { GapView } from '@tidewheel/protocol';
import { nextFireAfter } from '../core/schedule-times.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { DefinitionCache, ScheduleVersionRow } from './definition-cache.ts';
import { gapRead } from './restore-gap.ts';

interface MissedRow extends ScheduleVersionRow {
  name: string;
  decided: number;
  next: number;
}

/** Null when no gap is open. Schedules that missed most lately come first; times of one are counted up to a bound. */
export async function gapView(tx: Tx, definitions: DefinitionCache): Promise<GapView | null> {
  const gap = await gapRead(tx);
  if (gap === null) return null;
  const { backupId, from, restoredAt, now, choice } = gap;
  const rows = await tx.query<MissedRow>(
    `select id, namespace, version, spec, anchor_at, calendars, name, cursor as decided, next_fire_at as next from schedule
     where state = 'enabled' and next_fire_at <= now_ms() order by next_fire_at desc limit $1`,
    [serverLimits.gapSchedules],
  );
  const compiled = await definitions.compiled(tx, rows);
  const states = await tx.query<{ state: string; n: number }>(
    'select state, count(*) as n from run where created_at <= $1 and due_at <= $1 group by state',
    [restoredAt],
  );
  const reports = await tx.query<GapView['reports'][number]>(
    `select worker, attempt_id as "attemptId", run_id as "runId" from restore_report
     where gap_id = $1 and seen_at is not null order by worker, attempt_id limit $2`,
    [gap.id, serverLimits.gapReports],
  );
  return {
    backupId,
    from,
    restoredAt,
    now,
    schedules: compiled.map(({ row, compiled: { times, definition } }) => ({
      namespace: row.namespace,
      schedule: row.name,
      decidedUpTo: row.decided,
      ...(definition.delay === undefined ? missedOf(times, row.decided, now) : { missed: 1, newest: row.next }),
    })),
    unfinished: Object.fromEntries(states.map(({ state, n }) => [state, n])),
    reports,
    choice: choice === null ? null : { gap: choice.gap, unfinished: choice.unfinished, by: choice.by },
  };
}

function missedOf(
  times: Parameters<typeof nextFireAfter>[0],
  after: number,
  now: number,
): { missed: number; newest: number | null } {
  let missed = 0;
  let newest: number | null = null;
  for (
    let next = nextFireAfter(times, after);
    next !== null && next <= now && missed < serverLimits.gapTimes;
    next = nextFireAfter(times, next)
  ) {
    missed += 1;
    newest = next;
  }
  return { missed, newest };
}
