// What the leader reads of the store and of the platform about its pools: plain data, from which core/pools/pool-signals.ts makes the signals
// of a decision and core/pools/pool-actions.ts what is done.

import type { Labels, PoolOrderView } from '@tidewheel/protocol';

/** A session of a namespace that has pools. */
export interface PoolSession {
  readonly id: string;
  readonly namespace: string;
  readonly worker: string;
  readonly labels: Labels;
  readonly slots: number;
  readonly draining: boolean;
  /** Since when a pool has it drain; null when it does not, or drains because somebody else asked. */
  readonly cordonedAt: number | null;
  /** When it was given up, empty. */
  readonly releasedAt: number | null;
  /** When its machine ends, by the platform's notice. */
  readonly endsAt: number | null;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly cpu: number | null;
  readonly memoryShare: number | null;
}

/** Work that waits in a lane. */
export interface WaitingLane {
  readonly laneId: string;
  readonly namespace: string;
  readonly queue: string;
  readonly handler: string;
  readonly selector: Labels;
  readonly ready: number;
  /** Null when none waits. */
  readonly oldestDueAt: number | null;
}

/** Runs of one lane that one session holds. */
export interface HeldRuns {
  readonly sessionId: string;
  readonly laneId: string;
  readonly runs: number;
  /** When the newest of them was begun. */
  readonly newestAt: number;
}

/** What is known of a lane from its runs that finished lately. */
export interface LaneHistory {
  readonly runMs: number | null;
  readonly completionsPerSecond: number;
  readonly arrivalsPerSecond: number;
}

/** A machine as the scaler's port has it. */
export interface PoolMachine {
  readonly worker: string;
  readonly state: 'starting' | 'ready' | 'stopping' | 'failing';
  readonly startedAt: number | null;
  readonly endsAt: number | null;
  readonly note: string | null;
}

export interface StoreFacts {
  /** The store's clock. */
  readonly now: number;
  readonly sessions: readonly PoolSession[];
  readonly lanes: readonly WaitingLane[];
  readonly held: readonly HeldRuns[];
  /** By lane. */
  readonly history: ReadonlyMap<string, LaneHistory>;
  /** Those that hold or will, by pool. */
  readonly orders: ReadonlyMap<string, readonly PoolOrderView[]>;
}
