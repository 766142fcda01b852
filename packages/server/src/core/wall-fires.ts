// From a source of wall times to instants, always forward and never twice the same: between two changes of the clock, wall time is UTC
// with an offset, so each such stretch is asked for its own wall times, and the rules say what becomes of those in a gap or a repetition.

import { type ClockRules, lastBeforeGap, type WallTiming } from './wall-times.ts';
import type { Segment, ZoneClock } from './zone-clock.ts';

export interface WallSource {
  /** The first wall time later than `after`, or null. */
  next(after: number): number | null;
}

/** No offset, and no change of one, is larger than this. */
const farthestMs = 2 * 86_400_000;

/** The first instant later than `after`, or null when the source has no wall time any more. */
export function nextInstant(
  source: WallSource,
  clock: ZoneClock,
  rules: ClockRules,
  timing: WallTiming,
  after: number,
): number | null {
  const gap = timing.fixed ? rules.gap : 'skip';
  for (let segment = clock.segmentAt(after); ; ) {
    const { from, until, offset } = segment;
    if (gap === 'after' && from > after && hasWall(source, from + segment.before, from + offset)) return from;
    const [low, high] = wallsOf(segment, rules, timing);
    const wall = source.next(Math.max(after + offset, low - 1));
    const direct = wall !== null && wall < high ? wall - offset : null;
    if (gap === 'before' && hasWall(source, until + offset, until + segment.after)) {
      const last = lastBeforeGap(until, offset, timing.unitMs);
      if (last > after && last >= from && (direct === null || last < direct)) return last;
    }
    if (direct !== null) return direct;
    if (until === Infinity) return null;
    // Stretches before the next wall time have nothing to ask for.
    const rest = source.next(until + Math.min(offset, segment.after) - 1);
    if (rest === null) return null;
    segment = clock.segmentAt(Math.max(until, rest - farthestMs));
  }
}

/** The wall times of a segment that count, the second not: without those that are left to the other side of a change. */
function wallsOf(
  { from, until, offset, before, after }: Segment,
  rules: ClockRules,
  timing: WallTiming,
): [number, number] {
  const rule = rules.overlap === 'once' ? (timing.fixed ? 'first' : 'both') : rules.overlap;
  const low = from + (rule === 'first' ? Math.max(before, offset) : offset);
  const high = until + (rule === 'last' ? Math.min(after, offset) : offset);
  return [low, high];
}

function hasWall(source: WallSource, from: number, to: number): boolean {
  if (!(from < to)) return false;
  const wall = source.next(from - 1);
  return wall !== null && wall < to;
}
