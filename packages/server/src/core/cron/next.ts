// From wall times to fires: the next instant at which an expression fires in its zone, and what a change of the clock did to a fire.
//
// A zone's time is a row of segments of constant offset. Within one, wall time is UTC plus the offset, and the pattern alone says
// what comes next. Only the edges of a segment know of changes:
// - Set back, the wall times before the change show once more after it. `first` leaves out the second showing (a segment begins
//   later on the wall), `last` the first one (it ends earlier), `both` neither. `once` is `first` for fixed expressions, else `both`.
// - Set forward, the wall times between the two edges do not exist. A fixed expression that means any of them fires once for all of
//   them: at the beginning of the segment after, or at the last minute of the segment before; never with `skip`.
// Changes lie a week apart and are by a day at most (zone-clock.ts), so that no two of them touch the same wall time.

import { lastBeforeGap } from '../wall-times.ts';
import type { Segment } from '../zone-clock.ts';
import type { Cron } from './parse.ts';
import { nextWall, wallEndMs } from './wall.ts';

/** More than any change and than any two offsets differ by: so far behind it, a segment has no say any more. */
const clearMs = 2 * 86_400_000;

/** The first fire later than `afterMs`, or null when none comes any more. */
export function cronNext(cron: Cron, afterMs: number): number | null {
  if (!(afterMs < wallEndMs + clearMs)) return null;
  const { pattern, clock } = cron;
  let at = Math.max(Math.floor(afterMs) + 1, -clearMs);
  if (clock.zone === 'UTC') return nextWall(pattern, at);
  for (;;) {
    const segment = clock.segmentAt(at);
    const { from, until, offset, after } = segment;
    if (from >= at && movesAfter(cron, segment)) return from;
    const wall = nextWall(pattern, Math.max(at + offset, firstWall(cron, segment)));
    if (wall !== null && wall < endWall(cron, segment)) return wall - offset;
    if (after > offset && cron.fixed && cron.rules.gap === 'before' && wall !== null && wall < until + after) {
      const early = lastBeforeGap(until, offset, cron.unitMs);
      if (early >= at) return early;
    }
    // A long segment leaves nothing behind: whatever shows again after it was still to come, and that begins with `wall`.
    const isLong = until - at >= clearMs;
    if (isLong && wall === null) return null;
    at = isLong && wall !== null ? Math.max(until, wall - offset - clearMs) : until;
  }
}

/** How a change of the clock touches a fire: moved out of a gap (also when it falls together with a time of its own), or shown twice. */
export type CronMark = 'gap' | 'repeated-first' | 'repeated-second';

export function cronMark(cron: Cron, fireAt: number): CronMark | null {
  const segment = cron.clock.segmentAt(fireAt);
  const { from, until, offset, before, after } = segment;
  if (fireAt === from && movesAfter(cron, segment)) return 'gap';
  if (after > offset && fireAt === lastBeforeGap(until, offset, cron.unitMs) && cron.rules.gap === 'before') {
    if (cron.fixed && meansBetween(cron, until + offset, until + after)) return 'gap';
  }
  const wall = fireAt + offset;
  if (wall < from + before) return 'repeated-second';
  return wall >= until + after ? 'repeated-first' : null;
}

/** The times of the gap before this segment fire at its beginning. */
function movesAfter(cron: Cron, { from, before, offset }: Segment): boolean {
  if (before >= offset || !cron.fixed || cron.rules.gap !== 'after') return false;
  return meansBetween(cron, from + before, from + offset);
}

function meansBetween(cron: Cron, fromWall: number, untilWall: number): boolean {
  const wall = nextWall(cron.pattern, fromWall);
  return wall !== null && wall < untilWall;
}

/** From where on the wall this segment counts. */
function firstWall(cron: Cron, { from, offset, before }: Segment): number {
  return from + (showing(cron) === 'first' ? Math.max(offset, before) : offset);
}

function endWall(cron: Cron, { until, offset, after }: Segment): number {
  return until + (showing(cron) === 'last' ? Math.min(offset, after) : offset);
}

function showing({ rules, fixed }: Cron): 'first' | 'last' | 'both' {
  return rules.overlap === 'once' ? (fixed ? 'first' : 'both') : rules.overlap;
}
