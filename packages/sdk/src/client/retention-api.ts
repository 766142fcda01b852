// For how long history is kept, what is held, and how large the store is, over the API. Changes need an administrator's token.

import type { HoldView, Retention, RetentionView, StoreStatus } from '@tidewheel/protocol';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export class RetentionApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = namespaceBase;
  }

  /** The store of all namespaces: its size, its growth, and when it will be full. */
  store(): Promise<StoreStatus> {
    return this.#requests.json('GET', '/v1/store', { timeoutMs: 60_000 });
  }

  rules(): Promise<RetentionView> {
    return this.#requests.json('GET', `${this.#base}/retention`);
  }

  /** Milliseconds by outcome, in the place of what the namespace said before; what is left out follows the server's defaults. */
  setRules(keep: Retention): Promise<RetentionView> {
    return this.#requests.json('PUT', `${this.#base}/retention`, { body: keep, repeatable: true });
  }

  holds(page: PageOptions = {}): Listing<HoldView> {
    return new Listing((query) => this.#requests.json('GET', `${this.#base}/holds`, { query: { ...query } }), page);
  }

  /** Of one run, all runs of a job, or with neither the whole namespace. Refusals: NOT_FOUND, UNKNOWN_JOB, CONFLICT. */
  hold(what: { job?: string | undefined; run?: string | undefined }, reason: string): Promise<HoldView> {
    return this.#requests.json('POST', `${this.#base}/holds`, { body: { ...what, reason } });
  }

  /** What it held follows the rules again. Refusals: NOT_FOUND. */
  release(holdId: string, reason: string): Promise<HoldView> {
    const path = `${this.#base}/holds/${encodeURIComponent(holdId)}/release`;
    return this.#requests.json('POST', path, { body: { reason } });
  }
}
