// Holds the fire ledger against what should be in it. Expected are the nominal times of each version of a schedule while it was
// enabled, recomputed from the spec that was in force: those in (valid from, valid from of the next version].
//
// Each expected time must have one ledger row, each ledger row must be expected, and a fired row has one run. Pure, and by pieces:
// the caller brings a stretch of time and the ledger rows in it, so memory and time of one step are bounded.

import type { FireAuditRow, FireOutcome, ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { type DelaySpec, isDelay } from './fixed-delay.ts';
import { Lateness } from './lateness.ts';
import { serverLimits } from './limits.ts';
import { compileTimes, nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

export interface AuditVersion {
  readonly spec: ScheduleDefinition;
  /** Nothing is expected of a version that is paused, finished or deleted. */
  readonly enabled: boolean;
  readonly anchorAt: number;
  /** In the versions that this version of the schedule was bound to. */
  readonly calendars: ReadonlyMap<string, CompiledCalendar>;
  readonly validFrom: number;
}

export interface LedgerFire {
  readonly fireAt: number;
  readonly outcome: FireOutcome;
  readonly reason: string | null;
  readonly decidedAt: number;
}

/** A stretch of time (after, through] in which one version is in force. */
export interface Stretch {
  /** Null before the first version: nothing is expected. */
  readonly times: ScheduleTimes | null;
  /** Instead of times: of a fixed delay. */
  readonly delay: { readonly spec: DelaySpec; readonly anchorAt: number; readonly validFrom: number } | null;
  readonly after: number;
  readonly through: number;
}

/** Cuts (from - 1, until] at the changes. `versions`: in order, beginning with the one in force at `from` where there is one. */
export function stretchesOf(versions: readonly AuditVersion[], from: number, until: number): Stretch[] {
  const stretches: Stretch[] = [];
  const add = (version: AuditVersion | null, after: number, through: number): void => {
    const start = Math.max(after, from - 1);
    const end = Math.min(through, until);
    if (start >= end) return;
    const inForce = version?.enabled === true ? version : null;
    const delay = inForce !== null && isDelay(inForce.spec) ? { ...inForce, spec: inForce.spec } : null;
    const isTimed = inForce !== null && delay === null;
    const times = isTimed ? compileTimes(inForce.spec, inForce.anchorAt, inForce.calendars) : null;
    stretches.push({ times, delay, after: start, through: end });
  };
  add(null, from - 1, versions[0]?.validFrom ?? until);
  for (const [index, version] of versions.entries()) {
    add(version, version.validFrom, versions[index + 1]?.validFrom ?? until);
  }
  return stretches;
}

/** The next expected times of a stretch, at most `max`, and how far they reach: to the end of the stretch unless there are more. */
export function expectedPiece(stretch: Stretch, max: number): { expected: number[]; through: number } {
  const expected: number[] = [];
  if (stretch.times === null) return { expected, through: stretch.through };
  let next = nextFireAfter(stretch.times, stretch.after);
  while (next !== null && next <= stretch.through) {
    if (expected.length === max) return { expected, through: expected.at(-1) ?? stretch.through };
    expected.push(next);
    next = nextFireAfter(stretch.times, next);
  }
  return { expected, through: stretch.through };
}

/** Counts and findings of one schedule. `expected` = `fired` + `skipped` + `missing`. */
export class FireTally {
  #expected = 0;
  #fired = 0;
  #skipped = 0;
  #missing = 0;
  #doubled = 0;
  #unexpected = 0;
  #caughtUp = 0;
  readonly #late = new Lateness();
  readonly #skippedBy = new Map<string, number>();
  readonly #samples: FireAuditRow['samples'] = [];

  /** Both in order of time and of the same stretch. */
  compare(expected: readonly number[], ledger: readonly LedgerFire[]): void {
    this.#expected += expected.length;
    let at = 0;
    for (const fireAt of expected) {
      for (let row = ledger[at]; row !== undefined && row.fireAt < fireAt; row = ledger[at]) {
        this.unexpected(row.fireAt);
        at += 1;
      }
      const row = ledger[at];
      if (row?.fireAt === fireAt) {
        this.#count(row);
        at += 1;
      } else {
        this.#missing += 1;
        this.#sample(fireAt, 'missing');
      }
    }
    for (const row of ledger.slice(at)) this.unexpected(row.fireAt);
  }

  #count({ fireAt, outcome, reason, decidedAt }: LedgerFire): void {
    if (outcome === 'skipped') {
      this.#skipped += 1;
      const key = reason ?? 'unknown';
      this.#skippedBy.set(key, (this.#skippedBy.get(key) ?? 0) + 1);
      return;
    }
    this.#fired += 1;
    if (reason === 'catch-up') this.#caughtUp += 1;
    this.#late.add(Math.max(0, decidedAt - fireAt));
  }

  /** One more run than the ledger tells of for this time. */
  doubled(fireAt: number): void {
    this.#doubled += 1;
    this.#sample(fireAt, 'doubled');
  }

  unexpected(fireAt: number): void {
    this.#unexpected += 1;
    this.#sample(fireAt, 'unexpected');
  }

  get clean(): boolean {
    return this.#missing === 0 && this.#doubled === 0 && this.#unexpected === 0;
  }

  row(schedule: string, job: string): FireAuditRow {
    return {
      schedule,
      job,
      expected: this.#expected,
      fired: this.#fired,
      skipped: this.#skipped,
      missing: this.#missing,
      doubled: this.#doubled,
      unexpected: this.#unexpected,
      caughtUp: this.#caughtUp,
      skippedBy: Object.fromEntries([...this.#skippedBy].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      lateMaxMs: this.#late.maxMs,
      lateP99Ms: this.#late.below(0.99),
      samples: this.#samples,
    };
  }

  #sample(fireAt: number, finding: FireAuditRow['samples'][number]['finding']): void {
    if (this.#samples.length < serverLimits.auditSamples) this.#samples.push({ fireAt, finding });
  }
}
