// Lanes that count for several pools: the pool of higher priority takes what it can hold at its most, and what is over is left for the
// next. What only one pool can do goes first there, so that no lane is left to nobody.

import type { LaneSignal, PoolInput } from './scaling-input.ts';
import type { LanePart } from './demand.ts';

export class SharedLanes {
  readonly #pools = new Map<string, number>();
  readonly #left = new Map<string, number>();
  readonly #keys = new Map<LaneSignal, string>();

  constructor(pools: readonly PoolInput[]) {
    if (pools.length < 2) return;
    for (const { signals } of pools) {
      for (const lane of signals.lanes) {
        const key = this.#keyOf(lane);
        this.#pools.set(key, (this.#pools.get(key) ?? 0) + 1);
      }
    }
  }

  /** The lanes of a pool as far as they are left; those of no other pool apart. */
  partsFor(pool: PoolInput): { readonly own: readonly LanePart[]; readonly shared: readonly LanePart[] } {
    const own: LanePart[] = [];
    const shared: LanePart[] = [];
    for (const lane of pool.signals.lanes) {
      const key = this.#keys.get(lane);
      if (key === undefined || this.#pools.get(key) === 1) own.push({ lane, part: 1 });
      else shared.push({ lane, part: this.#left.get(key) ?? 1 });
    }
    return { own, shared };
  }

  /** `left`: the share of these lanes that the pool could not take. */
  leave(lanes: readonly LanePart[], left: number): void {
    for (const { lane, part } of lanes) {
      const key = this.#keys.get(lane);
      if (key !== undefined) this.#left.set(key, part * left);
    }
  }

  #keyOf(lane: LaneSignal): string {
    const selector = Object.entries(lane.selector).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([lane.queue, lane.handler, selector]);
    this.#keys.set(lane, key);
    return key;
  }
}
