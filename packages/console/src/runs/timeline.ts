// The life of a run as rows of segments: one row per attempt, each beginning where the one before ended. Pure; `now` closes what goes on.

import type { AttemptView, RunView } from '@tidewheel/protocol';
import { isFinal } from './states.ts';

/**
 * delayed: until the due time. waiting: due, but no worker took it. before: one of the two, not known which (a retry overwrites
 * the first due time). starting: claimed, on its way to the worker. backoff: between attempts, until the next is due.
 */
export type SegmentKind = 'delayed' | 'waiting' | 'before' | 'starting' | 'running' | 'backoff';

export interface Segment {
  readonly kind: SegmentKind;
  readonly from: number;
  readonly to: number;
  /** Its end is now, and moves. */
  readonly open: boolean;
}

export interface TimelineRow {
  /** Counts from 1. */
  readonly number: number;
  /** Null for an attempt that is still to come. */
  readonly attempt: AttemptView | null;
  readonly segments: readonly Segment[];
}

export interface Timeline {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly TimelineRow[];
}

type Timed = Pick<RunView, 'state' | 'createdAt' | 'dueAt' | 'finishedAt' | 'attempts'>;

export function timelineOf(run: Timed, now: number): Timeline {
  const rows: TimelineRow[] = [];
  let from = run.createdAt;
  run.attempts.forEach((attempt, index) => {
    const claimedAt = Math.max(attempt.claimedAt, from);
    const isLast = index === run.attempts.length - 1;
    const lead = leadOf(from, claimedAt, isLast ? run.dueAt : null, index === 0);
    rows.push({ number: attempt.attempt, attempt, segments: [...lead, ...workOf(attempt, claimedAt, now)] });
    from = Math.max(claimedAt, attempt.endedAt ?? now);
  });
  const last = run.attempts.at(-1);
  if (!isFinal(run.state) && last?.endedAt !== null) {
    const segments = leadOf(from, Math.max(from, now), run.dueAt, last === undefined);
    const open = segments.map((segment, index) => ({ ...segment, open: index === segments.length - 1 }));
    rows.push({ number: (last?.attempt ?? 0) + 1, attempt: null, segments: open });
  }
  if (rows.length === 0 && run.finishedAt !== null) {
    // Ended without an attempt: canceled while it waited, or not started in time.
    rows.push({ number: 1, attempt: null, segments: leadOf(run.createdAt, run.finishedAt, run.dueAt, true) });
  }
  const ends = rows.flatMap((row) => row.segments.map((segment) => segment.to));
  return { from: run.createdAt, to: Math.max(run.createdAt + 1, ...ends), rows };
}

/** What passed before a claim: the delay or backoff until due, then the wait for a worker. */
function leadOf(from: number, to: number, dueAt: number | null, first: boolean): Segment[] {
  if (to <= from) return [];
  const segment = (kind: SegmentKind, start: number, end: number): Segment => ({
    kind,
    from: start,
    to: end,
    open: false,
  });
  const early = first ? 'delayed' : 'backoff';
  if (dueAt === null) return [segment(first ? 'before' : 'backoff', from, to)];
  const due = Math.min(Math.max(dueAt, from), to);
  const segments: Segment[] = [];
  if (due > from) segments.push(segment(early, from, due));
  if (to > due) segments.push(segment('waiting', due, to));
  return segments;
}

function workOf(attempt: AttemptView, claimedAt: number, now: number): Segment[] {
  const end = Math.max(claimedAt, attempt.endedAt ?? now);
  const open = attempt.endedAt === null;
  if (attempt.startedAt === null) return [{ kind: 'starting', from: claimedAt, to: end, open }];
  const startedAt = Math.min(Math.max(attempt.startedAt, claimedAt), end);
  const running: Segment = { kind: 'running', from: startedAt, to: end, open };
  return startedAt > claimedAt
    ? [{ kind: 'starting', from: claimedAt, to: startedAt, open: false }, running]
    : [running];
}

/** Round distances for at most `most` ticks over a span, in milliseconds. */
export function tickStep(spanMs: number, most: number): number {
  const steps = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  ];
  const step = steps.find((candidate) => spanMs / candidate <= most);
  return step ?? Math.ceil(spanMs / most / 86_400_000) * 86_400_000;
}
