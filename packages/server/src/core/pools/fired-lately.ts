// How many of the runs that arrive in a lane a calendar had foreseen, per second. Faded like the rate of all arrivals (lane-rates.ts), so that
// what is left when one is taken from the other is what nobody foresaw: a peak that has passed is not taken for a stream.

import type { ComingWork } from '../scaling/scaling-input.ts';
import { smoothMs } from './lane-rates.ts';

interface Fired {
  readonly at: number;
  readonly runs: number;
}

/** Less than a hundredth is left then. */
const keptMs = 5 * smoothMs;

export class FiredLately {
  #fired = new Map<string, readonly Fired[]>();

  /** What had been coming until now: another forecast takes its place. */
  keep(lanes: ReadonlyMap<string, readonly ComingWork[]>, now: number): void {
    const next = new Map<string, readonly Fired[]>();
    for (const laneId of new Set([...this.#fired.keys(), ...lanes.keys()])) {
      const all = [...(this.#fired.get(laneId) ?? []), ...begun(lanes.get(laneId) ?? [], now)];
      const kept = all.filter(({ at }) => now - at < keptMs);
      if (kept.length > 0) next.set(laneId, kept);
    }
    this.#fired = next;
  }

  /** `coming`: the forecast that holds now; what of it has begun counts as well. */
  perSecond(laneId: string, coming: readonly ComingWork[], now: number): number {
    return [...(this.#fired.get(laneId) ?? []), ...begun(coming, now)].reduce(
      (rate, { at, runs }) => rate + (runs * 1000 * Math.exp((at - now) / smoothMs)) / smoothMs,
      0,
    );
  }

  forget(): void {
    this.#fired = new Map();
  }
}

/** Buckets that began up to now. */
function begun(works: readonly ComingWork[], now: number): Fired[] {
  return works.flatMap(({ from, bucketMs, runs = [] }) =>
    runs.flatMap((count, index) => {
      const at = from + index * bucketMs;
      return count > 0 && at <= now && now - at < keptMs ? [{ at, runs: count }] : [];
    }),
  );
}
