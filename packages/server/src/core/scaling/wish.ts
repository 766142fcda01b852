// How many workers the demand asks for, before any bound. Two things are weighed beside the slots: a machine that would begin to work when
// the backlog is gone already is not wished for, and a pool that may be empty keeps nobody for a run that hardly comes.

import type { PoolPolicy } from '@tidewheel/protocol';
import type { Demand } from './demand.ts';
import type { WorkerSignal } from './scaling-input.ts';
import { type Usage, usageOf } from './usage.ts';

/** Why the number is what it is. */
export type WishReason = 'steady' | 'waiting' | 'coming' | 'cpu' | 'nothing';

export interface Wish {
  readonly workers: number;
  /** The same before it is rounded up. */
  readonly exact: number;
  readonly slots: number;
  readonly slotsPerWorker: number;
  readonly reason: WishReason;
  readonly usage: Usage;
}

export interface Wishing {
  readonly demand: Demand;
  readonly workers: readonly WorkerSignal[];
  /** Of a worker, when none is there to be asked. */
  readonly slots: number;
  readonly min: number;
  readonly policy: PoolPolicy;
  readonly now: number;
  readonly startupMs: number;
}

export function wishOf(wishing: Wishing): Wish {
  const { demand, policy, workers } = wishing;
  const usage = usageOf(workers);
  const slotsPerWorker = slotsOf(wishing);
  const waiting = inTime(demand.waiting, wishing);
  const slots = Math.max(demand.steady, waiting, demand.coming);
  if (slots <= 0 || isForgotten(wishing))
    return { workers: 0, exact: 0, slots: 0, slotsPerWorker, reason: 'nothing', usage };
  const reason = demand.coming >= slots ? 'coming' : waiting >= slots ? 'waiting' : 'steady';
  const bySlots = slots / slotsPerWorker;
  // Whoever uses too much leaves the same work undone for longer, whatever slots are free.
  const byCpu = policy.cpu === undefined ? 0 : usage.cores / policy.cpu;
  if (byCpu <= bySlots) return { workers: wholeWorkers(bySlots), exact: bySlots, slots, slotsPerWorker, reason, usage };
  return { workers: wholeWorkers(byCpu), exact: byCpu, slots, slotsPerWorker, reason: 'cpu', usage };
}

/** A rounding error must not cost a machine. */
export function wholeWorkers(exact: number): number {
  return Math.ceil(exact - 1e-9);
}

/** Machines are not all alike while they are replaced: what is there counts, on average. */
function slotsOf({ workers, slots }: Wishing): number {
  let sum = 0;
  let count = 0;
  for (const worker of workers) {
    if (worker.state !== 'live' || worker.slots <= 0) continue;
    sum += worker.slots;
    count += 1;
  }
  return count === 0 ? slots : sum / count;
}

/**
 * With machines that take longer to start than runs may wait, a backlog grows for a while whatever is ordered, and each decision sees it
 * larger. What is there and what is starting will have worked on it when a machine that is ordered now begins: only for what is left
 * then, more are wished for.
 */
function inTime(slots: number, { demand, workers, policy, now, startupMs }: Wishing): number {
  let there = 0;
  let worked = 0;
  const span = startupMs + policy.wait;
  for (const worker of workers) {
    const from = worker.state === 'starting' ? startsIn(worker, now, startupMs) : 0;
    const to = worker.endsAt === null ? span : Math.max(0, Math.min(span, worker.endsAt - now));
    const usable = worker.state === 'draining' ? worker.busy : worker.slots;
    if (worker.state !== 'draining') there += worker.slots;
    worked += (usable * Math.max(0, to - from)) / 1000;
  }
  if (slots <= there) return slots;
  const arriving = (demand.offered * span) / 1000;
  const left = demand.waitingSeconds + demand.runningSeconds + arriving - worked;
  return Math.min(slots, there + Math.max(0, left * demand.waitingPerSecond));
}

function startsIn({ idleAt }: WorkerSignal, now: number, startupMs: number): number {
  return idleAt > now ? idleAt - now : startupMs / 2;
}

/** Nothing is there, nothing is coming, and less than one run is expected in the time for which an idle worker would be kept. */
function isForgotten({ demand, min, policy, startupMs }: Wishing): boolean {
  if (min > 0 || demand.ready > 0 || demand.running > 0 || demand.comingRuns > 0) return false;
  return (demand.arrivalsPerSecond * (policy.in.stabilize + startupMs)) / 1000 < 1;
}
