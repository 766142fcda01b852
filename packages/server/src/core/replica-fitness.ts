// Whether a replica may be read from. How old it is cannot be told from its own times: while nothing is written, its last transaction
// grows old and nothing is missing. So the primary is asked again and again how far it is, and each answer is noted with the moment of
// this process's clock at which it was asked. A replica that has replayed up to such a place holds all that was confirmed before that
// moment. Knowledge grows old by itself: who asks nobody any more reads from nobody but the primary.

import type { ReplicaTrouble } from '@tidewheel/protocol';
import { type History, sameHistory } from './change.ts';

/** The primary had confirmed nothing beyond the position when it was asked. */
export interface Moment {
  readonly atMs: number;
  readonly position: bigint;
}

/** Moments that lie closer together than the bound divided by this are taken as one. */
const momentsPerBound = 30;
/** Of the bound: a replica that was left out comes back only when it is well within it. */
const backShare = 0.5;

/** Oldest first. Those older than twice the bound say nothing that matters. */
export function withMoment(moments: readonly Moment[], moment: Moment, boundMs: number): readonly Moment[] {
  const last = moments.at(-1);
  if (last !== undefined && (moment.position < last.position || moment.atMs - last.atMs < boundMs / momentsPerBound)) {
    // The last one stays, unless nothing was written since: then it holds for the later moment, too.
    const idle = moment.position === last.position && moment.atMs > last.atMs;
    return idle ? [...moments.slice(0, -1), moment] : moments;
  }
  return [...moments.filter(({ atMs }) => moment.atMs - atMs < 2 * boundMs), moment];
}

/** All that was confirmed before this moment is at the position; null when nothing is known. */
export function holdsAllBefore(moments: readonly Moment[], position: bigint): number | null {
  return moments.findLast((moment) => moment.position <= position)?.atMs ?? null;
}

/** What a server says of itself. */
export interface ReplicaFacts {
  readonly systemId: string;
  /** Up to where it has replayed the log; null when it has not begun. */
  readonly position: bigint | null;
  /** Which it receives; null when the role in use may not see it. */
  readonly timeline: number | null;
  readonly streams: boolean;
  /** How far its clock is ahead of the primary's; null when that is not known. */
  readonly clockAheadMs: number | null;
}

export interface Standard {
  readonly boundMs: number;
  readonly nowMs: number;
  /** Of the primary; null when it has not answered yet. */
  readonly history: History | null;
  readonly moments: readonly Moment[];
  /** Whether it was read from until now. */
  readonly serving: boolean;
}

export interface Standing {
  readonly trouble: ReplicaTrouble | null;
  /** It holds all that was confirmed before this moment; null when that is not known. */
  readonly heldMs: number | null;
}

export function standingOf(facts: ReplicaFacts, standard: Standard): Standing {
  const { history, moments, boundMs, nowMs, serving } = standard;
  if (history === null) return { trouble: 'primary-silent', heldMs: null };
  if (facts.systemId !== history.systemId) return { trouble: 'other-store', heldMs: null };
  if (!facts.streams || facts.position === null) return { trouble: 'not-streaming', heldMs: null };
  if (facts.timeline === null) return { trouble: 'not-visible', heldMs: null };
  if (!sameHistory({ systemId: facts.systemId, timeline: facts.timeline }, history))
    return { trouble: 'other-timeline', heldMs: null };
  const heldMs = holdsAllBefore(moments, facts.position);
  if (facts.clockAheadMs !== null && Math.abs(facts.clockAheadMs) > boundMs)
    return { trouble: 'clock-differs', heldMs };
  const allowedMs = serving ? boundMs : boundMs * backShare;
  if (heldMs !== null && nowMs - heldMs <= allowedMs) return { trouble: null, heldMs };
  const newest = moments.at(-1);
  // It has all that is known of, and that is old.
  const all = newest !== undefined && facts.position >= newest.position;
  return { trouble: all ? 'primary-silent' : 'behind', heldMs };
}
