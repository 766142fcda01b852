// Reads what decisions are made from. A few statements for all pools together; what changes slowly is read less often.

import { LaneRates } from '../core/pools/lane-rates.ts';
import type { HeldRuns, LaneHistory, StoreFacts, WaitingLane } from '../core/pools/pool-facts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Tx } from '../ports/database.ts';
import { storeNow } from '../store/jobs.ts';
import { poolOrdersOpen } from '../store/pool-orders.ts';
import { poolSessions } from '../store/pool-sessions.ts';
import { finishedLately, lanesWaitingFor, runsHeld } from '../store/pool-signals.ts';
import type { LedPool } from '../store/pools.ts';

const historyMs = 5000;
const ordersMs = 10_000;

interface Finished {
  readonly runMs: number | null;
  readonly completionsPerSecond: number;
}

export class ScalingFacts {
  readonly #db: Tx;
  readonly #clock: Clock;
  readonly #rates = new LaneRates();
  #finished = new Map<string, Finished>();
  #finishedAtMs = Number.NEGATIVE_INFINITY;
  #orders: StoreFacts['orders'] = new Map();
  #ordersAtMs = Number.NEGATIVE_INFINITY;

  constructor(db: Tx, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Orders were given or ended. */
  ordersChanged(): void {
    this.#ordersAtMs = Number.NEGATIVE_INFINITY;
  }

  async read(pools: readonly LedPool[]): Promise<StoreFacts> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#ordersAtMs >= ordersMs) {
      this.#ordersAtMs = nowMs;
      this.#orders = await poolOrdersOpen(
        this.#db,
        pools.map(({ id }) => id),
      );
    }
    if (nowMs - this.#finishedAtMs >= historyMs) {
      this.#finishedAtMs = nowMs;
      await this.#readFinished(new Set(pools.map(({ namespace }) => namespace)));
    }
    const now = await storeNow(this.#db);
    const sessions = await poolSessions(this.#db);
    const lanes = await lanesWaitingFor(this.#db);
    const held = await runsHeld(this.#db);
    return { now, sessions, lanes, held, orders: this.#orders, history: this.#history(nowMs, lanes, held) };
  }

  async #readFinished(namespaces: ReadonlySet<string>): Promise<void> {
    const found = new Map<string, Finished>();
    for (const namespace of namespaces) {
      const { lanes, windowMs } = await finishedLately(this.#db, namespace);
      for (const { laneId, runMs, recent } of lanes)
        found.set(laneId, { runMs, completionsPerSecond: recent / (windowMs / 1000) });
    }
    this.#finished = found;
  }

  #history(nowMs: number, lanes: readonly WaitingLane[], held: readonly HeldRuns[]): Map<string, LaneHistory> {
    const running = new Map<string, number>();
    for (const { laneId, runs } of held) running.set(laneId, (running.get(laneId) ?? 0) + runs);
    const counts = lanes.map(({ laneId, ready }) => ({
      laneId,
      unfinished: ready + (running.get(laneId) ?? 0),
      completionsPerSecond: this.#finished.get(laneId)?.completionsPerSecond ?? 0,
    }));
    const arrivals = this.#rates.take(nowMs, counts);
    return new Map(
      counts.map(({ laneId, completionsPerSecond }) => [
        laneId,
        {
          runMs: this.#finished.get(laneId)?.runMs ?? null,
          completionsPerSecond,
          arrivalsPerSecond: arrivals.get(laneId) ?? 0,
        },
      ]),
    );
  }
}
