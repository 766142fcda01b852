// What scalers outside of Tidewheel are told, from what was read of the store at one moment.

import type { Labels, PoolDefinition, PoolStatus, ScalingFigures } from '@tidewheel/protocol';
import { countsForPool, isOfPool } from '../pools/pool-lanes.ts';

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

/** Work of one lane. */
export interface LaneLoad {
  readonly namespace: string;
  readonly queue: string;
  readonly selector: Labels;
  readonly waitingRuns: number;
  readonly runningRuns: number;
  readonly oldestWaitMs: number;
  /** Usual length of a run; null when none has ended lately. */
  readonly runMs: number | null;
}

export interface WorkerLoad {
  readonly namespace: string;
  readonly labels: Labels;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly busy: number;
  readonly draining: boolean;
}

export interface PoolLoad {
  readonly namespace: string;
  readonly name: string;
  readonly definition: PoolDefinition;
  readonly status: PoolStatus | null;
}

/** What figures are made of, read at one moment. */
export interface ScalingLoad {
  readonly lanes: readonly LaneLoad[];
  readonly workers: readonly WorkerLoad[];
  readonly pools: readonly PoolLoad[];
}

/** The leader's decision counts, whoever is asked; without one, because the pool is new or switched off, what waits and runs does. */
export function figuresOfPool(pool: PoolLoad, load: ScalingLoad): ScalingFigures {
  const { definition, namespace, status } = pool;
  const { policy, slots, min, max } = definition;
  const lanes = load.lanes.filter((lane) => lane.namespace === namespace && countsForPool(definition, lane));
  const workers = load.workers.filter((one) => one.namespace === namespace && isOfPool(definition, one.labels));
  const backlog = backlogOf(lanes, policy.wait);
  const decided = definition.enabled && status !== null ? status.wanted : null;
  const shape = { slots, waitMs: policy.wait, utilisation: policy.utilisation, min, max };
  return {
    wantedWorkers: decided ?? wantedFromBacklog(backlog, shape),
    basis: decided === null ? 'backlog' : 'decision',
    ...figuresOf(backlog, lanes, workers),
  };
}

/** Null when no job of the namespace uses the queue. How many workers there may be is for the one who asks to say. */
export function figuresOfQueue(
  { namespace, queue, objective }: Extract<ScalingTarget, { kind: 'queue' }>,
  load: ScalingLoad,
): ScalingFigures | null {
  const lanes = load.lanes.filter((lane) => lane.namespace === namespace && lane.queue === queue);
  if (lanes.length === 0) return null;
  const workers = load.workers.filter((one) => one.namespace === namespace && one.queues.includes(queue));
  const backlog = backlogOf(lanes, objective.waitMs);
  const shape = { ...objective, utilisation: 1, min: 0, max: Number.MAX_SAFE_INTEGER };
  return { wantedWorkers: wantedFromBacklog(backlog, shape), basis: 'backlog', ...figuresOf(backlog, lanes, workers) };
}

/** A run of unknown length is taken to be as long as it may wait. */
function backlogOf(lanes: readonly LaneLoad[], unknownMs: number): Backlog {
  return {
    waitingRuns: sum(lanes, ({ waitingRuns }) => waitingRuns),
    waitingWorkMs: sum(lanes, ({ waitingRuns, runMs }) => waitingRuns * (runMs ?? unknownMs)),
    runningRuns: sum(lanes, ({ runningRuns }) => runningRuns),
  };
}

function figuresOf(
  { waitingRuns, waitingWorkMs, runningRuns }: Backlog,
  lanes: readonly LaneLoad[],
  workers: readonly WorkerLoad[],
): Omit<ScalingFigures, 'wantedWorkers' | 'basis'> {
  const live = workers.filter(({ draining }) => !draining);
  return {
    liveWorkers: live.length,
    drainingWorkers: workers.length - live.length,
    slots: sum(live, ({ slots }) => slots),
    busySlots: sum(live, ({ busy }) => busy),
    waitingRuns,
    waitingWorkSeconds: Math.round(waitingWorkMs) / 1000,
    oldestWaitSeconds: lanes.reduce((most, { oldestWaitMs }) => Math.max(most, oldestWaitMs), 0) / 1000,
    runningRuns,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((all, item) => all + of(item), 0);
}

/** Workers that keep what runs and end what waits within the objective. A run takes one slot, however long it is. */
export function wantedFromBacklog({ waitingRuns, waitingWorkMs, runningRuns }: Backlog, shape: WorkerShape): number {
  const forWaiting = Math.min(waitingRuns, Math.ceil(waitingWorkMs / shape.waitMs));
  const slots = runningRuns + (waitingRuns > 0 ? Math.max(1, forWaiting) : 0);
  const workers = Math.ceil(slots / (shape.slots * shape.utilisation));
  return Math.min(shape.max, Math.max(shape.min, workers));
}
