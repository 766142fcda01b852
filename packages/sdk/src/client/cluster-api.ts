// The masters over the API: how they are, and what they shall do. Orders need an administrator's token for all namespaces.

import type { ClusterStatus, ElectionView, SelfCheck } from '@tidewheel/protocol';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export class ClusterApi {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  status(): Promise<ClusterStatus> {
    return this.#requests.json('GET', '/v1/cluster');
  }

  /** What must always be true of the data, asserted now. */
  check(): Promise<SelfCheck> {
    return this.#requests.json('GET', '/v1/self-check');
  }

  /** The terms of leadership, newest first. */
  elections(page: PageOptions = {}): Listing<ElectionView> {
    return new Listing((query) => this.#requests.json('GET', '/v1/cluster/elections', { query: { ...query } }), page);
  }

  /** The master takes no new workers and sends idle ones on, while others take some. Refusals: LAST_MASTER. */
  cordon(masterId: string, reason: string): Promise<{ masterId: string }> {
    return this.#order(masterId, 'cordon', reason);
  }

  /** The master's workers go on elsewhere, with their work; then it neither fires nor claims. Refusals: LAST_MASTER. */
  drain(masterId: string, reason: string): Promise<{ masterId: string }> {
    return this.#order(masterId, 'drain', reason);
  }

  uncordon(masterId: string, reason: string): Promise<{ masterId: string }> {
    return this.#order(masterId, 'uncordon', reason);
  }

  /** The leader gives the leadership up; `to` goes first. Answers which one was asked. */
  stepDown(reason: string, to?: string): Promise<{ masterId: string }> {
    const body = { reason, ...(to === undefined ? {} : { to }) };
    return this.#requests.json('POST', '/v1/cluster/step-down', { body });
  }

  #order(masterId: string, word: string, reason: string): Promise<{ masterId: string }> {
    const path = `/v1/cluster/masters/${encodeURIComponent(masterId)}/${word}`;
    return this.#requests.json('POST', path, { body: { reason }, repeatable: true });
  }
}
