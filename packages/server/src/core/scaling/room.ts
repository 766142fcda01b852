// How many workers a pool may have at all: its own maximum, what its budget buys, and what is left of a maximum that it shares. A shared
// maximum goes by priority, after the minimum of each. Who is over what is left gives way, and only when its machines are
// gone do those of higher priority order theirs: at no moment are there more than the maximum together.

import type { PoolDefinition, ScalingBound } from '@tidewheel/protocol';
import type { PoolInput } from './scaling-input.ts';

export interface Room {
  /** What it may have when all have followed, and what makes it so. */
  readonly most: number;
  readonly bound: ScalingBound;
  /** What it may order now, while others still have theirs. */
  readonly free: number;
}

interface Member {
  readonly min: number;
  /** Machines that are there or ordered, those that are going included. */
  readonly machines: number;
  /** What it wants and what it ordered; null until its turn. */
  claim: { readonly wanted: number; readonly ordered: number } | null;
}

export class SharedMaxima {
  readonly #members = new Map<string, Map<PoolInput, Member>>();

  constructor(pools: readonly PoolInput[]) {
    for (const pool of pools) {
      const { shared, min, enabled } = pool.definition;
      const machines = Math.max(pool.signals.workers.length, pool.memory.ordered ?? 0);
      if (shared === undefined) continue;
      const members = this.#members.get(shared.name) ?? new Map<PoolInput, Member>();
      members.set(pool, { min: enabled ? min : 0, machines, claim: null });
      this.#members.set(shared.name, members);
    }
  }

  roomFor(pool: PoolInput): { readonly most: number; readonly free: number } {
    const { shared } = pool.definition;
    if (shared === undefined) return { most: Infinity, free: Infinity };
    let most = shared.max;
    let free = shared.max;
    for (const [other, { min, machines, claim }] of this.#members.get(shared.name) ?? []) {
      if (other === pool) continue;
      most -= claim?.wanted ?? min;
      free -= Math.max(machines, claim?.ordered ?? 0);
    }
    return { most: Math.max(0, most), free: Math.max(0, free) };
  }

  claim(pool: PoolInput, wanted: number, ordered: number): void {
    const { shared } = pool.definition;
    const member = shared === undefined ? undefined : this.#members.get(shared.name)?.get(pool);
    if (member !== undefined) member.claim = { wanted, ordered };
  }
}

/** `isManual`: what people order goes before the budget. */
export function roomOf(pool: PoolInput, shared: SharedMaxima, isManual: boolean): Room {
  const { definition } = pool;
  const { most, free } = shared.roomFor(pool);
  const bounds: readonly (readonly [number, ScalingBound])[] = [
    [definition.max, 'max'],
    [most, 'shared'],
    [isManual ? Infinity : affordable(definition), 'budget'],
  ];
  const [tightest, bound] = bounds.reduce((least, each) => (each[0] < least[0] ? each : least));
  return { most: tightest, bound, free };
}

/** Workers that run for the whole of an hour without costing more than it may. */
function affordable({ cost }: PoolDefinition): number {
  if (cost?.budgetPerHour === undefined || cost.perWorkerHour === 0) return Infinity;
  return Math.floor(cost.budgetPerHour / cost.perWorkerHour + 1e-9);
}
