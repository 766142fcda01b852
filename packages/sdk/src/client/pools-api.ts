// Pools of workers over the API: what is declared, what was decided and why, and what people order by hand.

import type {
  PoolAdvice,
  PoolInput,
  PoolOrderInput,
  PoolOrderView,
  PoolView,
  PoolWorker,
  ReplayRuns,
  ReplayWorkers,
  ScalingDecisionRow,
  ScalingFigures,
} from '@tidewheel/protocol';
import { conditionOf, type IfVersion } from './definitions-api.ts';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export interface PoolFilter extends PageOptions {
  q?: string | undefined;
}

export class PoolsApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/pools`;
  }

  list(filter: PoolFilter = {}): Listing<PoolView> {
    const { cursor, limit, ...query } = filter;
    return new Listing((page) => this.#requests.json('GET', this.#base, { query: { ...query, ...page } }), {
      cursor,
      limit,
    });
  }

  get(name: string): Promise<PoolView> {
    return this.#requests.json('GET', this.#of(name));
  }

  /** Refusals: POOL_CONFLICT, SCALER_NOT_ALLOWED, VALIDATION_FAILED, STALE_VERSION, VERSION_REQUIRED. */
  put(pool: PoolInput, ifVersion: IfVersion): Promise<PoolView> {
    return this.#requests.json('PUT', this.#of(pool.name), { body: pool, headers: conditionOf(ifVersion) });
  }

  async delete(name: string, ifVersion: number | 'any'): Promise<void> {
    await this.#requests.json('DELETE', this.#of(name), { headers: conditionOf(ifVersion) });
  }

  async workers(name: string): Promise<PoolWorker[]> {
    return (await this.#requests.json<{ items: PoolWorker[] }>('GET', `${this.#of(name)}/workers`)).items;
  }

  /** Requests and limits of its workers, by measured peaks. */
  advice(name: string): Promise<PoolAdvice> {
    return this.#requests.json('GET', `${this.#of(name)}/advice`);
  }

  /** In flat numbers, as scalers outside of Tidewheel are told. */
  metrics(name: string): Promise<ScalingFigures> {
    return this.#requests.json('GET', `${this.#of(name)}/metrics`);
  }

  /** Decisions that changed something, newest first. */
  decisions(name: string, page: PageOptions = {}): Listing<ScalingDecisionRow> {
    const path = `${this.#of(name)}/decisions`;
    return new Listing((query) => this.#requests.json('GET', path, { query: { ...query } }), page);
  }

  /** Newest first, also those that have ended; those that hold stand in the pool itself. */
  orders(name: string, page: PageOptions = {}): Listing<PoolOrderView> {
    const path = `${this.#of(name)}/orders`;
    return new Listing((query) => this.#requests.json('GET', path, { query: { ...query } }), page);
  }

  /** Finished runs of the pool's lanes that were made from `from` up to `to`, a page at a time. */
  replayRuns(name: string, query: { from: number; to: number; cursor?: string | undefined }): Promise<ReplayRuns> {
    return this.#requests.json('GET', `${this.#of(name)}/replay/runs`, { query: { ...query } });
  }

  replayWorkers(name: string, query: { from: number; to: number }): Promise<ReplayWorkers> {
    return this.#requests.json('GET', `${this.#of(name)}/replay/workers`, { query: { ...query } });
  }

  order(name: string, order: PoolOrderInput): Promise<PoolOrderView> {
    return this.#requests.json('POST', `${this.#of(name)}/orders`, { body: order });
  }

  async endOrder(name: string, id: string, reason: string): Promise<void> {
    await this.#requests.json('POST', `${this.#of(name)}/orders/${encodeURIComponent(id)}/end`, { body: { reason } });
  }

  #of(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}
