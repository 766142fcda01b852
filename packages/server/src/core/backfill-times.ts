// The nominal times of a backfill, in its order and by pieces of bounded size. Schedules only know how to go forward in time, so
// going backward looks at windows: each is read forward, and made wider or narrower by how much it held.

import { nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

export interface BackfillRange {
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly newestFirst: boolean;
}

/** At most `max` times of the range behind `position`, in order. Fewer than `max` only at the end of the range. */
export function backfillTimes(
  times: ScheduleTimes,
  range: BackfillRange,
  position: number | null,
  max: number,
): number[] {
  if (range.newestFirst) return lastTimes(times, range.from - 1, position ?? range.to, max);
  const found: number[] = [];
  let next = nextFireAfter(times, position ?? range.from - 1);
  while (next !== null && next < range.to && found.length < max) {
    found.push(next);
    next = nextFireAfter(times, next);
  }
  return found;
}

/** Counts times in (after, before), at most `max` of them; `last` is where to go on, null at the end. */
export function countTimes(
  times: ScheduleTimes,
  after: number,
  before: number,
  max: number,
): { count: number; last: number | null } {
  let count = 0;
  let last = after;
  for (let next = nextFireAfter(times, after); next !== null && next < before; next = nextFireAfter(times, next)) {
    if (count === max) return { count, last };
    count += 1;
    last = next;
  }
  return { count, last: null };
}

/** Longer than the longest pause of any calendar rule: 29 February of a century year. */
const longestPauseMs = 9 * 366 * 86_400_000;

/** The nominal time before this one, null when there is none within nine years. */
export function timeBefore(times: ScheduleTimes, fireAt: number): number | null {
  return lastTimes(times, fireAt - longestPauseMs, fireAt, 1)[0] ?? null;
}

const firstWindowMs = 60_000;

/** The newest `max` times in (after, before), newest first. */
export function lastTimes(times: ScheduleTimes, after: number, before: number, max: number): number[] {
  const found: number[] = [];
  // What one window may hold: more would be read in vain.
  const most = Math.max(16, 4 * max);
  let width = firstWindowMs;
  let high = before;
  while (found.length < max && high > after + 1) {
    const low = Math.max(after, high - 1 - width);
    const window: number[] = [];
    let next = nextFireAfter(times, low);
    while (next !== null && next < high && window.length <= most) {
      window.push(next);
      next = nextFireAfter(times, next);
    }
    if (window.length > most && width > 1) {
      width = Math.max(1, Math.floor(width / 2));
      continue;
    }
    found.push(...window.toReversed().slice(0, max - found.length));
    // All of (low, high) is seen; what lies at `low` itself comes next.
    high = low + 1;
    if (window.length < most / 4) width *= 4;
  }
  return found;
}

/** What the rate allowed and nobody used is saved up for so long, and no longer: a pause makes no storm. */
const savedMs = 1000;

/** How many runs the rate allows at `now`, at most `max`, and from when on it allows one more after so many were made. */
export class Pace {
  readonly #everyMs: number;
  readonly #from: number;
  readonly allowed: number;

  /** `ratePerMinute` null: no bound. */
  constructor(ratePerMinute: number | null, nextRunAt: number, now: number, max: number) {
    this.#everyMs = ratePerMinute === null ? 0 : 60_000 / ratePerMinute;
    this.#from = Math.max(nextRunAt, now - (this.#everyMs < savedMs ? savedMs : 0));
    if (ratePerMinute === null) this.allowed = max;
    else this.allowed = this.#from > now ? 0 : Math.min(max, Math.floor((now - this.#from) / this.#everyMs) + 1);
  }

  after(made: number): number {
    return Math.round(this.#from + made * this.#everyMs);
  }
}
