// What a pool has at the moment of a decision. Machines that were ordered and are not seen yet count as there: the platform is slower
// than the next decision, and ordering them again, or taking back the order at once, would make it swing.

import type { ScalingMemory, WorkerSignal } from './scaling-input.ts';

export interface Standing {
  readonly live: number;
  readonly starting: number;
  readonly draining: number;
  /** Able to work or about to, those that drained for too long included: what a change is measured from. */
  readonly base: number;
  /** Ordered so long ago that they are not coming. */
  readonly missing: number;
  /** Able to work, but gone before a machine that is ordered now could take over. */
  readonly ending: number;
  /** Drained for longer than they may, and still at work: they are taken back. */
  readonly overdue: readonly WorkerSignal[];
}

export interface Seen {
  readonly workers: readonly WorkerSignal[];
  readonly memory: ScalingMemory;
  readonly now: number;
  readonly drainMs: number;
  readonly startupMs: number;
  readonly aheadMs: number;
}

/** How many start-up times an order may take before what has not come is given up. */
const patienceStartups = 2;

export function standingOf(seen: Seen): Standing {
  const { workers, memory, now } = seen;
  let live = 0;
  let starting = 0;
  let ending = 0;
  const overdue: WorkerSignal[] = [];
  for (const worker of workers) {
    if (worker.state === 'draining') {
      if (isOverdue(worker, seen)) overdue.push(worker);
      continue;
    }
    if (worker.state === 'live') live += 1;
    else starting += 1;
    if (endsSoon(worker, seen)) ending += 1;
  }
  const there = live + starting + overdue.length;
  const base = Math.max(there, memory.ordered ?? 0);
  const isLate = now - (memory.lastOutAt ?? -Infinity) > patienceStartups * seen.startupMs;
  return {
    live,
    starting,
    draining: workers.length - live - starting,
    base,
    missing: isLate ? base - there : 0,
    ending,
    overdue,
  };
}

export function endsSoon({ endsAt }: WorkerSignal, { now, aheadMs }: Pick<Seen, 'now' | 'aheadMs'>): boolean {
  return endsAt !== null && endsAt <= now + aheadMs;
}

function isOverdue(worker: WorkerSignal, seen: Seen): boolean {
  const { busy, drainingSince } = worker;
  if (busy === 0 || drainingSince === null || endsSoon(worker, seen)) return false;
  return seen.now - drainingSince >= seen.drainMs;
}
