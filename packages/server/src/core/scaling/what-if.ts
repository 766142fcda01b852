// What a policy would have meant for work that was: how long runs wait, how many hours of workers that takes, and what it costs.

import type { PoolDefinition } from '@tidewheel/protocol';
import type { ReplayWork } from './replay-work.ts';
import { simulatePool } from './simulate.ts';

export interface WaitFigures {
  readonly runs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The share that waited no longer than the policy allows. */
  readonly held: number;
}

export interface Outcome {
  readonly waits: WaitFigures;
  /** Null: nobody knows any more. */
  readonly workerHours: number | null;
  readonly cost: number | null;
}

export interface SimulatedOutcome extends Outcome {
  readonly workerHours: number;
  /** Most workers at once, changes of their number, and how often it turned from growing to shrinking or back. */
  readonly most: number;
  readonly changes: number;
  readonly turns: number;
  /** Runs that nobody came to do. */
  readonly unserved: number;
}

export interface WhatIf {
  readonly definition: PoolDefinition;
  readonly work: ReplayWork;
  readonly from: number;
  readonly to: number;
  readonly startupMs: number;
  readonly periodMs?: number;
  readonly workers?: number;
}

const hourMs = 3_600_000;

export function whatIf(asked: WhatIf): SimulatedOutcome {
  const { definition } = asked;
  const { waitsMs, machineMs, most, orders, turns, unserved } = simulatePool(asked);
  const workerHours = machineMs / hourMs;
  return {
    waits: waitFigures(waitsMs, definition.policy.wait),
    workerHours,
    cost: costOf(definition, workerHours),
    most,
    changes: orders,
    turns,
    unserved,
  };
}

export function costOf({ cost }: PoolDefinition, workerHours: number): number | null {
  return cost === undefined ? null : workerHours * cost.perWorkerHour;
}

export function waitFigures(waitsMs: Float32Array, allowedMs: number): WaitFigures {
  const sorted = waitsMs.toSorted();
  const runs = sorted.length;
  const below = (share: number) => sorted[Math.max(0, Math.ceil(runs * share) - 1)] ?? 0;
  let sum = 0;
  let held = 0;
  for (const ms of sorted) {
    sum += ms;
    if (ms <= allowedMs) held += 1;
  }
  return {
    runs,
    meanMs: runs === 0 ? 0 : sum / runs,
    p50Ms: below(0.5),
    p95Ms: below(0.95),
    p99Ms: below(0.99),
    maxMs: below(1),
    held: runs === 0 ? 1 : held / runs,
  };
}
