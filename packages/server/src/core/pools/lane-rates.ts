// How fast runs arrive in lanes: what ends, and what is unfinished more than before. Smoothed over half a minute, so that one busy second is
// not taken for a load. A lane that is not seen any more is forgotten.

interface Seen {
  readonly atMs: number;
  readonly unfinished: number;
  readonly arrivals: number;
}

/** Differences over shorter spans say more of chance than of the rate. */
const spanMs = 5000;
export const smoothMs = 30_000;
/** What is left of a load that has ended: it must not keep a worker for ever. */
const leastPerSecond = 0.002;

export interface LaneCount {
  readonly laneId: string;
  readonly unfinished: number;
  readonly completionsPerSecond: number;
}

export class LaneRates {
  #seen = new Map<string, Seen>();

  /** Arrivals per second, by lane. `atMs` grows from call to call. */
  take(atMs: number, lanes: readonly LaneCount[]): Map<string, number> {
    const next = new Map<string, Seen>();
    for (const lane of lanes) next.set(lane.laneId, seenOf(this.#seen.get(lane.laneId), atMs, lane));
    this.#seen = next;
    return new Map([...next].map(([laneId, { arrivals }]) => [laneId, arrivals]));
  }
}

function seenOf(before: Seen | undefined, atMs: number, { unfinished, completionsPerSecond }: LaneCount): Seen {
  if (before === undefined) return { atMs, unfinished, arrivals: completionsPerSecond };
  const passedMs = atMs - before.atMs;
  if (passedMs < spanMs) return before;
  const growth = (unfinished - before.unfinished) / (passedMs / 1000);
  const share = Math.min(1, passedMs / smoothMs);
  const arrivals = before.arrivals + share * (Math.max(0, completionsPerSecond + growth) - before.arrivals);
  return { atMs, unfinished, arrivals: arrivals < leastPerSecond ? 0 : arrivals };
}
