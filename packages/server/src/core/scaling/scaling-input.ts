// What a scaling decision is made from, and what it says. Plain data: the leader gathers it, the what-if simulation makes it up.

import type { PoolDefinition, ScalingBound } from '@tidewheel/protocol';

/** Work that waits and runs in one lane. */
export interface LaneSignal {
  readonly queue: string;
  readonly handler: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ready: number;
  readonly running: number;
  /** How long the oldest has waited; 0 when none waits. */
  readonly oldestWaitMs: number;
  /** Usual length of a run, as measured; null when nothing is known. */
  readonly runMs: number | null;
  readonly arrivalsPerSecond: number;
  /** Of these, fires of schedules. Absent: as many as the calendar says are coming, for it was no different before. */
  readonly foreseenPerSecond?: number;
  readonly completionsPerSecond: number;
  /** What is coming for this lane alone, and not counted in the pool's: one for each class of length (coming-tally.ts). */
  readonly coming?: readonly ComingWork[];
}

/** What is coming for a lane or a pool by the calendar of its schedules and by reservations. */
export interface ComingWork {
  readonly from: number;
  readonly bucketMs: number;
  /** Slot-milliseconds of work that begin in each bucket. */
  readonly workMs: readonly number[];
  /** Runs that begin in each bucket. Absent: the work is of runs as long as those that arrive now. */
  readonly runs?: readonly number[];
}

export interface WorkerSignal {
  readonly worker: string;
  readonly slots: number;
  readonly busy: number;
  readonly state: 'starting' | 'live' | 'draining';
  /** When it is thought to be idle by the usual length of what it runs; the present when it is. Of one that starts: when it is
   *  thought to be able to work, the present when nothing is known. */
  readonly idleAt: number;
  /** When the platform ends it. */
  readonly endsAt: number | null;
  /** Since when it drains; null when it does not. */
  readonly drainingSince: number | null;
  /** What it uses with its runs, as it says: cores, and of the memory that it may have at most its share. Absent or null when not known. */
  readonly cpu?: number | null;
  readonly memoryShare?: number | null;
}

/** What people have ordered: it goes before the policy, and the driver's bounds before it. */
export interface ManualOrders {
  /** So many workers until then. */
  readonly scale: { readonly workers: number; readonly until: number | null; readonly reason: string } | null;
  /** Nothing is changed. */
  readonly frozen: { readonly until: number | null; readonly reason: string } | null;
  /** Windows in which nothing is let go. */
  readonly maintenance: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
}

export interface PoolSignals {
  readonly now: number;
  readonly lanes: readonly LaneSignal[];
  readonly coming: ComingWork;
  readonly workers: readonly WorkerSignal[];
  /** From the order to the first claim, as measured; the default until then. */
  readonly startupMs: number;
  readonly manual: ManualOrders;
}

/** What is remembered from one decision to the next; kept with the pool, so that a new leader goes on with it. */
export interface ScalingMemory {
  /** Since when more, or fewer, workers have been wished for without a break. */
  readonly outSince: number | null;
  readonly inSince: number | null;
  readonly lastOutAt: number | null;
  readonly lastInAt: number | null;
  /** Wishes of the stabilisation window, in workers and parts of one: the largest counts when scaling in. */
  readonly wishes: readonly { readonly at: number; readonly workers: number }[];
  /** What was ordered last: the platform may be slower than the next decision. */
  readonly ordered?: number | null;
}

/** Of a pool about which nothing was decided yet. */
export const noScalingMemory: ScalingMemory = {
  outSince: null,
  inSince: null,
  lastOutAt: null,
  lastInAt: null,
  wishes: [],
  ordered: null,
};

export interface PoolDecision {
  /** What the signals ask for, before any bound. */
  readonly desired: number;
  readonly wanted: number;
  readonly bounds: readonly ScalingBound[];
  /** A sentence for people. */
  readonly explanation: string;
  readonly memory: ScalingMemory;
  /** Workers to be drained now, idle and soonest idle first. */
  readonly drain: readonly string[];
  /** Workers that drain and are needed after all, in the order in which they are taken back. */
  readonly undrain: readonly string[];
  /** What the signals came to, for the decision's row. */
  readonly inputs: Readonly<Record<string, number | string | null>>;
}

export interface PoolInput {
  readonly definition: PoolDefinition;
  readonly signals: PoolSignals;
  readonly memory: ScalingMemory;
}

/** Decides for all pools of a namespace at once: lanes and shared maxima may be of several. Same order as the input. */
export type DecideScaling = (pools: readonly PoolInput[]) => readonly PoolDecision[];
