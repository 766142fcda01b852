// The audit of the fire ledger: per schedule what was expected, fired, skipped, missing, doubled, unexpected. It needs the store
// only, no service, so it works while no master runs. Memory is bounded by one page of each kind and one row per schedule.

import { type FireAudit, type FireAuditRow, Refusal } from '@tidewheel/protocol';
import { expectedPiece, FireTally, type Stretch, stretchesOf } from '../core/audit.ts';
import { DelayedExpectation } from '../core/delayed-audit.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { CalendarCache } from '../store/calendar-cache.ts';
import {
  auditDelayedBefore,
  auditDelayedLedger,
  auditLedger,
  auditSchedules,
  auditStrayRuns,
  auditVersions,
  type AuditedSchedule,
  ledgerFrom,
  type StrayRun,
} from '../store/audit.ts';
import { storeNow } from '../store/jobs.ts';
import type { Breath } from './breath.ts';

export interface FireAuditRequest {
  namespace: string;
  /** The last 24 hours when absent. */
  from?: number | undefined;
  to?: number | undefined;
  /** One schedule by name instead of all. */
  schedule?: string | undefined;
  /** Times younger than this are not expected yet. */
  graceMs?: number;
  /** Of a master, which has other things to do; not needed where nobody waits. */
  breath?: Breath | undefined;
}

const defaultRangeMs = 86_400_000;
const defaultGraceMs = 5000;

export async function auditFires(db: Tx, request: FireAuditRequest): Promise<FireAudit> {
  const { namespace, schedule = null, graceMs = defaultGraceMs } = request;
  const now = await storeNow(db);
  const to = Math.min(request.to ?? now, now - graceMs);
  const keptFrom = await ledgerFrom(db);
  // What may have been removed is not missing.
  const from = Math.max(keptFrom, request.from ?? to - defaultRangeMs);
  const audited = await auditSchedules(db, { namespace, from, to, schedule });
  if (audited.length > serverLimits.auditSchedules) {
    throw new Refusal('VALIDATION_FAILED', `more than ${serverLimits.auditSchedules} schedules; audit them one by one`);
  }
  if (schedule !== null && audited.length === 0) {
    throw new Refusal('NOT_FOUND', `there was no schedule "${schedule}" in the namespace "${namespace}" in that time`);
  }
  const calendars = new CalendarCache();
  const rows: FireAuditRow[] = [];
  let clean = true;
  const range = { fromOf: () => from, to, breath: request.breath };
  for await (const { schedule: one, tally } of auditEach(db, calendars, audited, range)) {
    clean &&= tally.clean;
    rows.push(tally.row(one.name, one.job));
  }
  rows.sort((a, b) => (a.schedule < b.schedule ? -1 : 1));
  return { from, to, keptFrom, clean, schedules: rows };
}

export interface AuditRange {
  fromOf(this: void, schedule: AuditedSchedule): number;
  readonly to: number;
  readonly breath?: Breath | undefined;
}

/** Audits schedules one after the other, each from a time of its own. */
export async function* auditEach(
  db: Tx,
  calendars: CalendarCache,
  audited: readonly AuditedSchedule[],
  { fromOf, to, breath }: AuditRange,
): AsyncGenerator<{ schedule: AuditedSchedule; tally: FireTally }> {
  for (const [jobId, schedules] of Map.groupBy(audited, (one) => one.jobId)) {
    const ids = schedules.map((one) => one.id);
    const first = schedules.reduce((least, schedule) => Math.min(least, fromOf(schedule)), to);
    const strays = await auditStrayRuns(db, jobId, ids, first, () => breath?.take());
    for (const schedule of schedules) {
      const range = { from: fromOf(schedule), to, breath };
      yield { schedule, tally: await auditOne(db, calendars, schedule, range, strays) };
      await breath?.take();
    }
  }
}

async function auditOne(
  db: Tx,
  calendars: CalendarCache,
  schedule: AuditedSchedule,
  { from, to, breath }: { from: number; to: number; breath: Breath | undefined },
  strays: readonly StrayRun[],
): Promise<FireTally> {
  const tally = new FireTally();
  for await (const stretch of stretches(db, calendars, schedule, from, to))
    await (stretch.delay === null ? auditStretch : auditDelayed)(db, schedule.id, stretch, tally, breath);
  for (const stray of strays) {
    if (stray.scheduleId !== schedule.id || stray.fireAt < from || stray.fireAt > to) continue;
    if (stray.fired) tally.doubled(stray.fireAt);
    else tally.unexpected(stray.fireAt);
  }
  return tally;
}

/** The stretches of all versions, read page by page; the last version of a page is read again as the first of the next. */
async function* stretches(
  db: Tx,
  calendars: CalendarCache,
  schedule: AuditedSchedule,
  from: number,
  to: number,
): AsyncGenerator<Stretch> {
  let start = from;
  let after = 0;
  for (;;) {
    const versions = await auditVersions(db, calendars, schedule, start, after);
    const last = versions.at(-1);
    if (versions.length < serverLimits.auditVersions || last === undefined) {
      // The cursor was read before the ledger is: up to it everything is decided and committed.
      yield* stretchesOf(versions, start, Math.min(to, schedule.cursor));
      return;
    }
    const until = Math.min(to, last.validFrom);
    yield* stretchesOf(versions, start, until);
    if (until === to) return;
    start = until + 1;
    after = last.version - 1;
  }
}

async function auditStretch(
  db: Tx,
  scheduleId: string,
  stretch: Stretch,
  tally: FireTally,
  breath: Breath | undefined,
): Promise<void> {
  let { after } = stretch;
  while (after < stretch.through) {
    const piece = expectedPiece({ ...stretch, after }, serverLimits.auditFires);
    const ledger = await auditLedger(db, scheduleId, after, piece.through, serverLimits.auditFires);
    const lastRow = ledger.at(-1);
    const through = ledger.length === serverLimits.auditFires && lastRow !== undefined ? lastRow.fireAt : piece.through;
    tally.compare(
      piece.expected.filter((fireAt) => fireAt <= through),
      ledger,
    );
    after = through;
    await breath?.take();
  }
}

/** A fixed delay: each time follows from the ends of the runs before it. */
async function auditDelayed(
  db: Tx,
  scheduleId: string,
  stretch: Stretch,
  tally: FireTally,
  breath: Breath | undefined,
): Promise<void> {
  const { delay, through } = stretch;
  if (delay === null) return;
  let { after } = stretch;
  const earlier = await auditDelayedBefore(db, scheduleId, after);
  // Runs of another rule may end in any order, and later than this version began: the newest end counts. One of them may lie further
  // back than is looked at.
  const ends = earlier.map((row) => row.endedAt);
  const expectation = new DelayedExpectation(
    delay.spec,
    Math.max(...ends.map((at) => at ?? 0), earlier.length === 0 ? delay.anchorAt : 0),
    Math.max(delay.validFrom, earlier[0]?.fireAt ?? 0),
    ends.includes(null) ? 'unknown' : earlier.length < serverLimits.delayFires ? 'exactly' : 'at-least',
  );
  for (;;) {
    const ledger = await auditDelayedLedger(db, scheduleId, after, through, serverLimits.auditFires);
    tally.compare(expectation.expected(ledger), ledger);
    const last = ledger.at(-1);
    if (ledger.length < serverLimits.auditFires || last === undefined) break;
    after = last.fireAt;
    await breath?.take();
  }
  tally.compare(expectation.rest(through), []);
}
