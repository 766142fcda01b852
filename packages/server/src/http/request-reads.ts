// What one request reads from: a replica that is fit for it, chosen at its first query, and the primary as soon as that one fails.

import { changeHeader, noChange, Refusal } from '@tidewheel/protocol';
import type { FastifyRequest } from 'fastify';
import { type Change, readChange } from '../core/change.ts';
import { type Database, type Param, type Row, StoreUnavailable, type Tx } from '../ports/database.ts';
import type { Reads, Replica } from '../ports/reads.ts';
import type { StoreOutage } from './store-outage.ts';

/** What the caller has last heard; `none`: nothing; null: it does not say, and so may have heard of anything. */
export type Heard = Change | typeof noChange | null;

/** Refusals: INVALID_CHANGE. */
export function heardOf(request: FastifyRequest): Heard {
  const header = request.headers[changeHeader];
  if (header === undefined) return null;
  const heard = typeof header === 'string' ? readChange(header.trim()) : null;
  if (heard === null)
    throw new Refusal('INVALID_CHANGE', `the header ${changeHeader} names no place in the history of a store`);
  return heard;
}

export interface RequestReadsDeps {
  readonly db: Database;
  readonly reads: Reads | null;
  readonly outage: StoreOutage;
}

export class RequestReads implements Tx {
  readonly dialect: Tx['dialect'];
  readonly #deps: RequestReadsDeps;
  readonly #heard: Heard;
  #replica: Promise<Replica | null> | null = null;
  #failed = false;
  /** That something of the answer came from. */
  used: Replica | null = null;

  constructor(deps: RequestReadsDeps, heard: Heard) {
    this.dialect = deps.db.dialect;
    this.#deps = deps;
    this.#heard = heard;
  }

  async query<T extends object = Row>(sql: string, params?: readonly Param[]): Promise<T[]> {
    const replica = this.#failed ? null : await this.#choice();
    if (replica === null) return this.#ofPrimary<T>(sql, params);
    try {
      const rows = await replica.query<T>(sql, params);
      this.used = replica;
      return rows;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#failed = true;
      return this.#ofPrimary<T>(sql, params);
    }
  }

  async #ofPrimary<T extends object>(sql: string, params: readonly Param[] | undefined): Promise<T[]> {
    const rows = await this.#deps.db.query<T>(sql, params);
    this.#deps.outage.worked();
    return rows;
  }

  #choice(): Promise<Replica | null> {
    const { reads } = this.#deps;
    if (reads === null || this.#heard === null) return Promise.resolve(null);
    this.#replica ??= reads.replica(this.#heard === noChange ? null : this.#heard);
    return this.#replica;
  }
}
