// The hands of a pool: its scaler, called so that a platform which is slow, down or lying holds up nobody. One call at a time, each with a bound;
// after failures the pauses grow; what was seen last is kept meanwhile.

import type { PoolStatus } from '@tidewheel/protocol';
import {
  type DriverHealth,
  driverFailed,
  driverMayBeAsked,
  driverState,
  wellDriver,
} from '../core/pools/driver-health.ts';
import { StartupTimes } from '../core/pools/startup-times.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fleet, ScaledPool, Scaler, ScalerOrder } from '../ports/scaler.ts';
import { answerWithin } from './bounded-call.ts';

/** Of one call. The drivers' own bounds are tighter. */
const callMs = 30_000;
/** An order that has not been followed is given again. */
const againMs = 5000;
/** Who works is told so often. An autoscaler of nodes looks for minutes before it takes one away. */
const workingMs = 10_000;

export class PoolHands {
  readonly startups = new StartupTimes();
  readonly #clock: Clock;
  readonly #scaler: Scaler | null;
  readonly #isAdvice: boolean;
  #health: DriverHealth = wellDriver;
  #fleet: Fleet | null = null;
  #underWay = false;
  #toldWorkingMs = Number.NEGATIVE_INFINITY;
  #told: { order: string; count: number; atMs: number } | null = null;

  /** `scaler`: null when the pool has none, or this master does not have its driver. */
  constructor(clock: Clock, scaler: Scaler | null, isAdvice: boolean) {
    this.#clock = clock;
    this.#scaler = scaler;
    this.#isAdvice = isAdvice;
  }

  /** What was seen last; null when nothing was yet. */
  get fleet(): Fleet | null {
    return this.#fleet;
  }

  /** Whether what is decided can be carried out: the platform has answered, and does so still. */
  get able(): boolean {
    return this.#scaler !== null && this.#fleet !== null && this.#health.failures === 0;
  }

  /** `nowMs`: the store's clock. */
  status(now: number): PoolStatus['driver'] {
    const { failures, error, retryAtMs } = this.#health;
    if (this.#scaler === null)
      return { state: this.#isAdvice ? 'none' : 'absent', failures: 0, error: null, retryAt: null };
    const leftMs = Math.max(0, retryAtMs - this.#clock.monotonicMs());
    return {
      state: driverState(this.#health),
      failures,
      error,
      retryAt: failures === 0 ? null : Math.round(now + leftMs),
    };
  }

  observe(pool: ScaledPool): Promise<void> {
    return this.#call(async (scaler) => {
      this.#fleet = await scaler.observe(pool);
    });
  }

  /** Does nothing when the platform has been told so lately, and follows. */
  apply(pool: ScaledPool, order: ScalerOrder): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const text = JSON.stringify([order.count, order.release.toSorted()]);
    const told = this.#told;
    const follows = this.#fleet?.ordered === null || this.#fleet?.ordered === order.count;
    const isKnown = told?.order === text && nowMs - told.atMs < againMs;
    if (isKnown || (told?.order === text && follows && order.release.length === 0)) return Promise.resolve();
    return this.#call(async (scaler) => {
      if (order.count > (told?.count ?? this.#fleet?.machines.length ?? 0))
        this.startups.ordered(this.#clock.monotonicMs());
      this.#told = { order: text, count: order.count, atMs: this.#clock.monotonicMs() };
      await scaler.apply(pool, order);
    });
  }

  /** Now and then: those who work are kept from others that end machines by themselves. */
  async working(pool: ScaledPool, workers: readonly string[]): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#scaler?.working === undefined || nowMs - this.#toldWorkingMs < workingMs) return;
    this.#toldWorkingMs = nowMs;
    await this.#call(async (scaler) => scaler.working?.(pool, workers));
  }

  /** A call that hangs on beyond its bound keeps others from being made, so there is never more than one. */
  async #call(work: (scaler: Scaler) => Promise<void>): Promise<void> {
    const scaler = this.#scaler;
    if (scaler === null || this.#underWay || !driverMayBeAsked(this.#health, this.#clock.monotonicMs())) return;
    this.#underWay = true;
    const ended = failureOf(() => work(scaler)).finally(() => {
      this.#underWay = false;
    });
    const answer = await answerWithin(this.#clock, callMs, () => ended);
    const error = answer.ok ? answer.value : answer.why;
    this.#health = error === null ? wellDriver : driverFailed(this.#health, this.#clock.monotonicMs(), error);
  }
}

/** A driver may fail in any way: whatever it throws is its failure, and never the master's. Null: it did not. */
async function failureOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
