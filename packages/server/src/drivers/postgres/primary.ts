// Finds the primary among the servers of a store, by what they say themselves.
//
//   unknown ── somebody needs it ──► asks all servers at once ──► one is the primary ──► known
//      ▲                                 │ none is: waits with full jitter, asks again      │
//      └─────────────────────────────────┴────────────── a connection to it was lost ◄──────┘
//
// One asks for all: while it is searched, callers wait a moment, and nobody else knocks. Two servers may both say that they are the
// primary, when an old one does not know yet that another was promoted: the newer timeline counts, and an older one than was ever
// seen is refused, as is a server with another cluster's data.

import pg from 'pg';
import { placeOf } from '../../core/store-address.ts';
import { type Clock, sleep } from '../../ports/clock.ts';
import { StoreUnavailable } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import type { Lineage } from '../../ports/store-history.ts';
import { clientConfig, type Pooler, type PostgresLimits } from './client-config.ts';
import { connectError } from './errors.ts';
import { clusterOf, factsOf, sessionFactsSql } from './server-facts.ts';

export interface Found {
  readonly url: string;
  readonly lineage: Lineage;
}

export interface PrimaryOptions {
  readonly urls: readonly string[];
  readonly limits: PostgresLimits;
  readonly pooler: Pooler;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly log: Log;
}

/** How long a caller waits for a primary before it hears that there is none: those that were asked may take their time to answer. */
const patienceMs = 2000;
/** How long the answers of the other servers are waited for, when one has said that it is the primary. */
const othersMs = 300;
/** Full jitter between nothing and this, doubled with each round in vain. */
const againBaseMs = 50;
const againCapMs = 1000;

export class Primary {
  readonly #options: PrimaryOptions;
  #known: Found | null = null;
  #newest: Lineage | null = null;
  #cluster: string | null = null;
  #search: Promise<Found> | null = null;
  /** Rounds of the search that have ended in vain. */
  #rounds = 0;
  /** Callers who wait for a search; it ends when there is none. */
  #waiting = 0;
  #trouble = new StoreUnavailable('PostgreSQL was not asked yet');

  constructor(options: PrimaryOptions) {
    this.#options = options;
  }

  pin(cluster: string): void {
    this.#cluster = cluster;
  }

  /** Throws StoreUnavailable when no server says within a moment that it is the primary. */
  async find(): Promise<Found> {
    if (this.#known !== null) return this.#known;
    this.#search ??= this.#searching().finally(() => {
      this.#search = null;
    });
    const late = Promise.withResolvers<never>();
    const giveUp = (): void => late.reject(this.#trouble);
    const { clock, limits } = this.#options;
    const timers = [
      clock.timer(patienceMs, () => this.#rounds > 0 && giveUp(), { background: true }),
      clock.timer(Math.max(patienceMs, limits.connectTimeoutMs), giveUp, { background: true }),
    ];
    this.#waiting += 1;
    try {
      return await Promise.race([this.#search, late.promise]);
    } finally {
      this.#waiting -= 1;
      for (const timer of timers) timer.cancel();
    }
  }

  /** It did not answer, or not as the primary: before it is used again, all are asked. */
  suspect(found: Found): void {
    if (this.#known === found) this.#known = null;
  }

  async #searching(): Promise<Found> {
    const { clock, identity, log, urls } = this.#options;
    this.#rounds = 0;
    for (let round = 0; ; round += 1) {
      const found = await this.#round();
      this.#rounds = round + 1;
      if (found !== null) {
        const moved = this.#newest !== null && this.#newest.timeline !== found.lineage.timeline;
        if (moved || round > 0)
          log.info('the primary answers', { server: placeOf(found.url), timeline: found.lineage.timeline });
        this.#newest = found.lineage;
        this.#known = found;
        return found;
      }
      if (this.#waiting === 0) throw this.#trouble;
      if (round === 0) log.warn('no server is the primary; asking again', { why: this.#trouble.message });
      // A single server without others to ask still restarts as soon as it can.
      await sleep(clock, identity.fraction() * Math.min(againCapMs, againBaseMs * urls.length * 2 ** round));
    }
  }

  /** Null when none is the primary; why is kept. */
  async #round(): Promise<Found | null> {
    const { urls, clock } = this.#options;
    const primaries: Found[] = [];
    const troubles: StoreUnavailable[] = [];
    const first = Promise.withResolvers<void>();
    const asked = urls.map(async (url) => {
      const answer = await this.#ask(url);
      if (answer instanceof StoreUnavailable) troubles.push(answer);
      else {
        primaries.push(answer);
        first.resolve();
      }
    });
    const all = Promise.all(asked);
    await Promise.race([all, first.promise.then(() => Promise.race([all, sleep(clock, othersMs)]))]);
    const best = primaries.reduce<Found | null>((one, other) => newerOf(one, other), null);
    if (best === null) this.#trouble = inOne(troubles);
    return best;
  }

  async #ask(url: string): Promise<Found | StoreUnavailable> {
    const { limits, pooler } = this.#options;
    const place = placeOf(url);
    const client = new pg.Client(clientConfig(url, 'search', limits, pooler));
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { standby, lineage } = factsOf((await client.query<object>(sessionFactsSql)).rows[0]);
      if (standby) return new StoreUnavailable(`${place} is a standby`, { code: 'STORE_IS_REPLICA' });
      const refused = await this.#refusal(client, lineage);
      return refused === null ? { url, lineage } : new StoreUnavailable(`${place} ${refused.why}`, refused);
    } catch (error) {
      const meaning = connectError(error);
      return meaning instanceof StoreUnavailable
        ? meaning
        : new StoreUnavailable(`${place}: ${String(error)}`, { cause: error });
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  async #refusal(
    client: pg.Client,
    lineage: Lineage,
  ): Promise<{ why: string; code: 'STORE_OTHER_CLUSTER' | 'STORE_IS_REPLICA' } | null> {
    const newest = this.#newest;
    if (newest?.systemId === lineage.systemId && lineage.timeline < newest.timeline) {
      const why = `is an old primary: it is at timeline ${lineage.timeline}, and ${newest.timeline} has begun`;
      return { why, code: 'STORE_IS_REPLICA' };
    }
    if (newest === null || newest.systemId === lineage.systemId || this.#cluster === null) return null;
    const cluster = await clusterOf(client);
    if (cluster === this.#cluster) return null;
    const why = `holds ${cluster === null ? 'no data' : `the data of the cluster ${cluster}`}; this is the cluster ${this.#cluster}`;
    return { why, code: 'STORE_OTHER_CLUSTER' };
  }
}

/** Servers of different systems are not compared: whoever configured both has to choose. */
function newerOf(one: Found | null, other: Found): Found {
  if (one === null) return other;
  if (one.lineage.systemId !== other.lineage.systemId) {
    const places = `${placeOf(one.url)} and ${placeOf(other.url)}`;
    throw new StoreUnavailable(`${places} are primaries of different databases`, { code: 'STORE_OTHER_CLUSTER' });
  }
  return other.lineage.timeline > one.lineage.timeline ? other : one;
}

/** The code is that of all servers which answered, if they have one. */
function inOne(troubles: readonly StoreUnavailable[]): StoreUnavailable {
  const [only] = troubles;
  if (troubles.length === 1 && only !== undefined) return only;
  const codes = new Set(troubles.flatMap(({ code }) => code ?? []));
  const [code] = codes;
  return new StoreUnavailable(`no server is the primary: ${troubles.map(({ message }) => message).join('; ')}`, {
    ...(codes.size === 1 && code !== undefined ? { code } : {}),
    cause: troubles[0],
  });
}
