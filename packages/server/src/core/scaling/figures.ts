// What scalers outside of Tidewheel are told about a pool, or about a queue for which no pool is declared: a few numbers, and among them
// how many workers are wanted.

/** Seconds of work are seconds of one slot, by the usual length of the runs that wait. */
export interface ScalingFigures {
  readonly wantedWorkers: number;
  /** Where the number comes from: the leader's last decision for the pool, or only what waits and runs now. */
  readonly basis: 'decision' | 'backlog';
  readonly liveWorkers: number;
  readonly drainingWorkers: number;
  readonly slots: number;
  readonly busySlots: number;
  readonly waitingRuns: number;
  readonly waitingWorkSeconds: number;
  readonly oldestWaitSeconds: number;
  readonly runningRuns: number;
}

/** A worker of a queue without a pool is thought of as having so many slots, and runs as waiting no longer than so long. */
export interface QueueObjective {
  readonly slots: number;
  readonly waitMs: number;
}

export type ScalingTarget =
  | { readonly kind: 'pool'; readonly namespace: string; readonly pool: string }
  | {
      readonly kind: 'queue';
      readonly namespace: string;
      readonly queue: string;
      readonly objective: QueueObjective;
    };

export interface Backlog {
  readonly waitingRuns: number;
  readonly waitingWorkMs: number;
  readonly runningRuns: number;
}

export interface WorkerShape extends QueueObjective {
  /** No more than this share of the slots is planned to be busy. */
  readonly utilisation: number;
  readonly min: number;
  readonly max: number;
}

/** Workers that keep what runs and end what waits within the objective. A run takes one slot, however long it is. */
export function wantedFromBacklog({ waitingRuns, waitingWorkMs, runningRuns }: Backlog, shape: WorkerShape): number {
  const forWaiting = Math.min(waitingRuns, Math.ceil(waitingWorkMs / shape.waitMs));
  const slots = runningRuns + (waitingRuns > 0 ? Math.max(1, forWaiting) : 0);
  const workers = Math.ceil(slots / (shape.slots * shape.utilisation));
  return Math.min(shape.max, Math.max(shape.min, workers));
}
