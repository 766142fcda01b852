// Holds the fire ledger against what should be in it. Expected are the nominal times of each version of a schedule while it was
// enabled, recomputed from the spec that was in force: those in (valid from, valid from of the next version].
//
// Each expected time must have one ledger row, each ledger row must be expected, and a fired row has one run. Pure, and by pieces:
// the caller brings a stretch of time and the ledger rows in it, so memory and time of one step are bounded.

import type { FireAuditRow, FireOutcome, ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
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
}

/** A stretch of time (after, through] in which one version is in force. */
export interface Stretch {
  /** Null before the first version: nothing is expected. */
  readonly times: ScheduleTimes | null;
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
    const times = version?.enabled === true ? compileTimes(version.spec, version.anchorAt, version.calendars) : null;
    stretches.push({ times, after: start, through: end });
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
        if (row.outcome === 'fired') this.#fired += 1;
        else this.#skipped += 1;
        at += 1;
      } else {
        this.#missing += 1;
        this.#sample(fireAt, 'missing');
      }
    }
    for (const row of ledger.slice(at)) this.unexpected(row.fireAt);
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
      samples: this.#samples,
    };
  }

  #sample(fireAt: number, finding: FireAuditRow['samples'][number]['finding']): void {
    if (this.#samples.length < serverLimits.auditSamples) this.#samples.push({ fireAt, finding });
  }
}
