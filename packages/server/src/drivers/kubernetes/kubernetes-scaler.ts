// The scaler of Kubernetes: the number of a Deployment or StatefulSet, and which of its pods go.
//
// Growing is one request. Shrinking goes step by step, each looked at before the next: those who are to go are marked; the controllers get a
// moment to hear of it; all pods are listed anew; and the number is lowered only as far as it is certain whom that ends (order-plan.ts),
// on the condition that nobody has changed it meanwhile. What is left is that a pod which is not named stops being ready in the
// milliseconds between that look and the controller's: then it gets a SIGTERM in place of the one that was named, and drains.

import { Refusal } from '@tidewheel/protocol';
import type { Fleet, ScaledPool, Scaler, ScalerOrder } from '../../ports/scaler.ts';
import { ApiClient, type ApiClientOptions, ApiError } from './api-client.ts';
import { KubernetesPool } from './kubernetes-pool.ts';

export interface KubernetesScalerOptions extends ApiClientOptions {
  /** Within which every method ends; 15 s unless given. */
  readonly boundMs?: number;
  /** How long controllers are given to hear of a mark before a number is lowered; 1 s unless given. */
  readonly hearMs?: number;
}

const boundDefaultMs = 15_000;
const hearDefaultMs = 1000;
/** A pool that nobody has asked about for so long is not followed any more. */
const forgottenMs = 600_000;

export function kubernetesScaler(options: KubernetesScalerOptions): Scaler {
  return new KubernetesScaler(options);
}

class KubernetesScaler implements Scaler {
  readonly #options: KubernetesScalerOptions;
  readonly #client: ApiClient;
  readonly #pools = new Map<string, KubernetesPool>();
  readonly #closing = new AbortController();
  readonly #under = new Set<Promise<unknown>>();

  constructor(options: KubernetesScalerOptions) {
    this.#options = options;
    this.#client = new ApiClient(options);
  }

  observe(pool: ScaledPool): Promise<Fleet> {
    return this.#bounded((signal) => this.#poolOf(pool).observe(signal));
  }

  apply(pool: ScaledPool, order: ScalerOrder): Promise<void> {
    return this.#bounded((signal) => this.#poolOf(pool).apply(order, signal));
  }

  working(pool: ScaledPool, workers: readonly string[]): Promise<void> {
    return this.#bounded((signal) => this.#poolOf(pool).working(workers, signal));
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('this master is stopping'));
    await Promise.allSettled([...this.#under, ...[...this.#pools.values()].map((pool) => pool.close())]);
    this.#pools.clear();
    this.#client.close();
  }

  #poolOf({ id, driver }: ScaledPool): KubernetesPool {
    if (driver.kind !== 'kubernetes') throw new TypeError(`a pool of the driver ${driver.kind} is not of Kubernetes`);
    const { clock, identity, hearMs = hearDefaultMs } = this.#options;
    const now = clock.monotonicMs();
    for (const [other, kept] of this.#pools) {
      if (now - kept.askedAt < forgottenMs && (other !== id || kept.isOf(driver))) continue;
      this.#pools.delete(other);
      // It ends by itself, and no one else uses it.
      void kept.close();
    }
    const pool = this.#pools.get(id) ?? new KubernetesPool({ client: this.#client, clock, identity, driver, hearMs });
    this.#pools.set(id, pool);
    pool.askedAt = now;
    return pool;
  }

  async #bounded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, boundMs = boundDefaultMs } = this.#options;
    const bound = new AbortController();
    const timer = clock.timer(boundMs, () => bound.abort(new Error(`no end within ${boundMs} ms`)), {
      background: true,
    });
    const signal = AbortSignal.any([bound.signal, this.#closing.signal]);
    const answer = (async () => {
      signal.throwIfAborted();
      return work(signal);
    })();
    this.#under.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw this.#refusal(error, signal);
    } finally {
      timer.cancel();
      this.#under.delete(answer);
    }
  }

  #refusal(error: unknown, signal: AbortSignal): unknown {
    if (error instanceof ApiError)
      return new Refusal('SCALER_FAILED', `kubernetes: ${error.message}`, { cause: error });
    if (!signal.aborted) return error;
    const reason: unknown = signal.reason;
    const why = reason instanceof Error ? reason.message : String(reason);
    return new Refusal('SCALER_FAILED', `kubernetes: ${why}`, { cause: error });
  }
}
