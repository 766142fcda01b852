// The clock of a time zone: its offset from UTC at any instant, the changes of it, and which instants a wall time has.
//
// Intl answers one instant at a time and takes a microsecond for it. Here the changes of 400 days at once are found by probing and
// halving, and kept as segments of constant offset; after that a look-up takes some ten nanoseconds. The memory only saves time.
// Offsets are whole seconds: Monrovia was 44 minutes and 30 seconds behind UTC until 1972. The largest change since 1970 is by 24 hours
// (Samoa left out a day in 2011), the two nearest to each other, of all
// zones and years, lie a week less an hour apart.

import { checkTimezone } from './zone.ts';

/** The clock is changed at the instant `at`; offsets are milliseconds to add to UTC. */
export interface Transition {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/**
 * From `from` on and before `until` the offset is `offset`. `before` and `after` are those of the neighbours; where one is the same, the
 * segment merely ends because memory is cut into pieces, and no change lies within two days of that edge.
 */
export interface Segment {
  readonly from: number;
  readonly until: number;
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** What a wall time is: one instant; none, because the clock jumped over it; or two, because the clock was set back. */
export type WallInstants =
  | { readonly kind: 'one'; readonly at: number }
  | { readonly kind: 'gap'; readonly change: Transition }
  | { readonly kind: 'repeated'; readonly first: number; readonly last: number; readonly change: Transition };

/** What is remembered at once. */
interface Chunk {
  readonly from: number;
  readonly until: number;
  readonly segments: readonly Segment[];
}

const chunkMs = 400 * 86_400_000;
/** Two changes lie a week apart, so that a probe every two days sees each. */
const probeMs = 2 * 86_400_000;
/** More than a thousand years; a full memory is emptied and fills again. */
const chunksKept = 1024;
/** A piece of memory never ends nearer to a change than this: what a change does to wall times is seen from the segments beside it. */
const edgeMs = 3 * 86_400_000;
/** Wall times differ from UTC by less, and no change is larger. */
const farthestMs = 2 * 86_400_000;
const lastInstant = 8.64e15;

export class ZoneClock {
  readonly zone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #chunks = new Map<number, Chunk>();
  #last: Segment;

  constructor(zone: string) {
    this.zone = zone;
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    this.#last = zone === 'UTC' ? unchanging : this.#segmentOf(0);
  }

  /** The segment that holds the instant. */
  segmentAt(at: number): Segment {
    const last = this.#last;
    if (at >= last.from && at < last.until) return last;
    return (this.#last = this.#segmentOf(at));
  }

  #segmentOf(at: number): Segment {
    if (!(Math.abs(at) <= lastInstant)) throw new RangeError(`${at} is no instant`);
    const number = Math.floor(at / chunkMs);
    let chunk = this.#chunk(number);
    if (at < chunk.from) chunk = this.#chunk(number - 1);
    else if (at >= chunk.until) chunk = this.#chunk(number + 1);
    // A chunk has two changes, or five in a year with a break for Ramadan: looking at each is quicker than halving.
    for (const segment of chunk.segments) if (at < segment.until) return segment;
    throw new RangeError(`${at} is no instant`);
  }

  #chunk(number: number): Chunk {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      if (this.#chunks.size >= chunksKept) this.#chunks.clear();
      const [from, until] = [this.#edge(number), this.#edge(number + 1)];
      chunk = { from, until, segments: this.#segmentsBetween(from, until) };
      this.#chunks.set(number, chunk);
    }
    return chunk;
  }

  /** Where the chunk begins: moved on behind a change that is too near. */
  #edge(number: number): number {
    const edge = number * chunkMs;
    const [near] = this.#changesBetween(edge - edgeMs, edge + edgeMs);
    return near === undefined ? edge : near.at + edgeMs;
  }

  #segmentsBetween(from: number, until: number): Segment[] {
    const segments: Segment[] = [];
    const offset = this.#ask(from);
    let start: Transition = { at: from, before: offset, after: offset };
    const last = this.#ask(until);
    for (const change of [...this.#changesBetween(from, until), { at: until, before: last, after: last }]) {
      segments.push({
        from: start.at,
        until: change.at,
        offset: start.after,
        before: start.before,
        after: change.after,
      });
      start = change;
    }
    return segments;
  }

  /** The changes later than `from`, up to and including `until`. */
  #changesBetween(from: number, until: number): Transition[] {
    const changes: Transition[] = [];
    for (let low = from; low < until; low += probeMs) {
      const high = Math.min(low + probeMs, until);
      const before = this.#ask(low);
      const after = this.#ask(high);
      if (before !== after) changes.push({ at: this.#changeBetween(low, high, before), before, after });
    }
    return changes;
  }

  /** The first whole second after `low` at which the offset is no longer `before`. */
  #changeBetween(low: number, high: number, before: number): number {
    let known = low / 1000;
    let changed = high / 1000;
    while (changed - known > 1) {
      const middle = Math.floor((known + changed) / 2);
      if (this.#ask(middle * 1000) === before) known = middle;
      else changed = middle;
    }
    return changed * 1000;
  }

  #ask(at: number): number {
    const text = this.#format.format(Math.max(-lastInstant, Math.min(lastInstant, at)));
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
    if (match === null) throw new RangeError(`no offset in "${text}"`);
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
    const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -size : size;
  }
}

const unchanging: Segment = { from: -Infinity, until: Infinity, offset: 0, before: 0, after: 0 };
const clocks = new Map<string, ZoneClock>();

/** Throws UNKNOWN_TIMEZONE. There are only some hundreds of zones, and each has one clock. */
export function zoneClock(zone: string): ZoneClock {
  const spelled = clocks.get(zone);
  if (spelled !== undefined) return spelled;
  const name = checkTimezone(zone);
  let clock = clocks.get(name);
  if (clock === undefined) {
    clock = new ZoneClock(name);
    clocks.set(name, clock);
  }
  return clock;
}

/** Milliseconds to add to UTC for the wall time. */
export function offsetAt(zone: string, utcMs: number): number {
  return zoneClock(zone).segmentAt(utcMs).offset;
}

/** The changes of the clock later than `from`, up to and including `to`, in order. */
export function transitionsBetween(zone: string, from: number, to: number): Transition[] {
  const clock = zoneClock(zone);
  const changes: Transition[] = [];
  for (let segment = clock.segmentAt(from); segment.until <= to; segment = clock.segmentAt(segment.until)) {
    const { until: at, offset: before, after } = segment;
    if (before !== after) changes.push({ at, before, after });
  }
  return changes;
}

/** `wallMs`: the wall time as if it were UTC, for example Date.UTC(2026, 2, 29, 2, 30). */
export function instantsOf(zone: string, wallMs: number): WallInstants {
  const clock = zoneClock(zone);
  let first: number | null = null;
  let change: Transition | null = null;
  for (
    let segment = clock.segmentAt(wallMs - farthestMs);
    segment.from < wallMs + farthestMs;
    segment = clock.segmentAt(segment.until)
  ) {
    const { from, until, offset, before } = segment;
    const at = wallMs - offset;
    if (at < from && first === null) return { kind: 'gap', change: { at: from, before, after: offset } };
    if (before !== offset) change = { at: from, before, after: offset };
    if (at < from || at >= until) continue;
    if (first !== null && change !== null) return { kind: 'repeated', first, last: at, change };
    first = at;
    if (until === Infinity) break;
  }
  if (first === null) throw new RangeError(`${wallMs} is no wall time`);
  return { kind: 'one', at: first };
}
