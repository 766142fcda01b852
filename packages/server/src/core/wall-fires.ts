// From a source of wall times to instants, always forward and never twice the same.
//
// A zone's time is a row of segments of constant offset. Within one, wall time is UTC plus the offset, and the source alone says
// what comes next. Only the edges of a segment know of changes:
// - Set back, the wall times before the change show once more after it. `first` leaves out the second showing (a segment begins
//   later on the wall), `last` the first one (it ends earlier), `both` neither. `once` is `first` for fixed times, else `both`.
// - Set forward, the wall times between the two edges do not exist. Fixed times among them become one instant: the beginning of
//   the segment after, or the last minute of the segment before; with `skip` none.
// Changes lie a week apart and are by a day at most (zone-clock.ts), so that no two of them touch the same wall time.

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
    // Segments before the next wall time have nothing to ask for. Only a clock that is set back shows again what lies before `wall`.
    const rest = segment.after < offset ? source.next(until + segment.after - 1) : wall;
    if (rest === null) return null;
    segment = clock.segmentAt(Math.max(until, rest - farthestMs));
  }
}

/** How a change of the clock touches an instant: moved out of a gap (also when it falls together with a time of its own), or shown twice. */
export type ClockMark = 'gap' | 'repeated-first' | 'repeated-second';

/** Of an instant that the source has. */
export function clockMark(
  source: WallSource,
  clock: ZoneClock,
  rules: ClockRules,
  timing: WallTiming,
  at: number,
): ClockMark | null {
  const { from, until, offset, before, after } = clock.segmentAt(at);
  const gap = timing.fixed ? rules.gap : 'skip';
  if (gap === 'after' && at === from && hasWall(source, from + before, from + offset)) return 'gap';
  if (gap === 'before' && after > offset && at === lastBeforeGap(until, offset, timing.unitMs)) {
    if (hasWall(source, until + offset, until + after)) return 'gap';
  }
  const wall = at + offset;
  if (wall < from + before) return 'repeated-second';
  return wall >= until + after ? 'repeated-first' : null;
}

/** The wall times that the source has at an instant that it is known to have, at most `most`: of its own, and those that a gap of the clock has moved there. */
export function wallsAt(
  source: WallSource,
  clock: ZoneClock,
  rules: ClockRules,
  timing: WallTiming,
  { at, most }: { at: number; most: number },
): number[] {
  const { from, until, offset, before, after } = clock.segmentAt(at);
  const gap = timing.fixed ? rules.gap : 'skip';
  const moved =
    gap === 'after' && at === from
      ? wallsBetween(source, from + before, from + offset, most)
      : gap === 'before' && at === lastBeforeGap(until, offset, timing.unitMs)
        ? wallsBetween(source, until + offset, until + after, most)
        : [];
  if (moved.length === 0) return [at + offset];
  return [...wallsBetween(source, at + offset, at + offset + 1, most), ...moved].slice(0, most);
}

function wallsBetween(source: WallSource, from: number, to: number, most: number): number[] {
  const walls: number[] = [];
  if (!(from < to)) return walls;
  for (let wall = source.next(from - 1); wall !== null && wall < to; wall = source.next(wall)) {
    if (walls.length >= most) break;
    walls.push(wall);
  }
  return walls;
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
