// The connections to the primary, as many as were allowed: opened when they are needed, given up all at once when the server falls
// silent, is no primary any more, or has begun another timeline. What the server says beside its answers is heard here.

import pg from 'pg';
import { serverLimits } from '../../core/limits.ts';
import { type Clock } from '../../ports/clock.ts';
import { StoreUnavailable } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import { type Lineage, sameLineage, type StoreHistory } from '../../ports/store-history.ts';
import { clientConfig, type Pooler, type PostgresLimits } from './client-config.ts';
import { connectError } from './errors.ts';
import { LineWatch } from './line-watch.ts';
import { type Found, Primary } from './primary.ts';
import { factsOf, type ServerFacts, type ServerSession, sessionFactsSql } from './server-facts.ts';
import { Unsettled } from './unsettled.ts';

export interface ConnectionsOptions {
  readonly urls: readonly string[];
  readonly size: number;
  readonly limits: PostgresLimits;
  readonly pooler: Pooler;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly log: Log;
}

/** Connections that nobody has needed for so long are closed. */
const idleAfterMs = 300_000;
/** A primary that has just changed is found at the second try. */
const tries = 2;

/** All to one server while it follows one history. */
interface Line {
  /** As it was found last: the same server may be found again after a connection was lost. */
  found: Found;
  readonly pool: pg.Pool;
  readonly watch: LineWatch;
  readonly live: Set<pg.Client>;
}

/** A connection that is lent out, and the line that it belongs to. */
export interface Lent {
  readonly client: pg.PoolClient;
  readonly line: Line;
}

export class Connections implements StoreHistory {
  readonly #options: ConnectionsOptions;
  readonly #primary: Primary;
  readonly #unsettled: Unsettled;
  readonly #listeners = new Set<(now: Lineage, before: Lineage) => void>();
  readonly #sessions = new WeakMap<pg.ClientBase, ServerSession>();
  /** Connections whose last commit is safe on this server, but perhaps on no standby. */
  readonly #unconfirmed = new WeakSet<pg.ClientBase>();
  /** Callers on the way to a connection. */
  #coming = 0;
  #line: Line | null = null;
  #lineage: Lineage | null = null;
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#primary = new Primary(options);
    this.#unsettled = new Unsettled({
      clock: options.clock,
      waitMs: options.limits.connectTimeoutMs,
      byTransaction: options.pooler === 'transaction',
      lend: (use) => this.#beside(use),
      unconfirmed: (client) => this.unconfirmed(client),
    });
  }

  get lineage(): Lineage | null {
    return this.#lineage;
  }

  watch(changed: (now: Lineage, before: Lineage) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  pin(cluster: string): void {
    this.#primary.pin(cluster);
  }

  async take(): Promise<Lent> {
    if (this.#coming >= serverLimits.storeQueue) throw new StoreUnavailable('too many wait for a connection');
    this.#coming += 1;
    try {
      for (let left = tries - 1; ; left -= 1) {
        const lent = await this.#try(left > 0);
        if (lent !== null) return lent;
      }
    } catch (error) {
      throw connectError(error);
    } finally {
      this.#coming -= 1;
    }
  }

  /** Null: this line is over, and another one may be found. */
  async #try(again: boolean): Promise<Lent | null> {
    const line = this.#lineTo(await this.#primary.find());
    let client: pg.PoolClient | undefined;
    try {
      client = await line.pool.connect();
      if (this.#sessions.get(client) === undefined && !(await this.#learn(client, line))) {
        this.#primary.suspect(line.found);
        if (!again) throw new StoreUnavailable('PostgreSQL has another primary by now');
        client.release(true);
        return null;
      }
      await this.#unsettled.settle(client);
      return { client, line };
    } catch (error) {
      // What must be waited for is no fault of the connection.
      client?.release(!(error instanceof StoreUnavailable));
      if (client !== undefined || isExhausted(error)) throw error;
      this.#primary.suspect(line.found);
      if (again) return null;
      throw error;
    }
  }

  /** Gives a connection back, or away when it was lost; `unsettled` when a commit was sent on it and not answered. */
  give({ client, line }: Lent, lost: boolean, unsettled: ServerSession | null): void {
    if (unsettled !== null) this.#unsettled.add(unsettled);
    if (lost) this.#doubt(line);
    client.release(lost || line !== this.#line);
  }

  sessionOf(client: pg.ClientBase): ServerSession | null {
    return this.#sessions.get(client) ?? null;
  }

  /** Through a pooler the session is known once a transaction has begun, and until the next one. */
  named({ client }: Lent, session: ServerSession | null): void {
    if (session === null) this.#sessions.delete(client);
    else this.#sessions.set(client, session);
  }

  /** Of a pooler's server, as it said at the beginning of a transaction. False: it is not the one that this line leads to. */
  leadsTo({ line }: Lent, facts: ServerFacts): boolean {
    return !facts.standby && sameLineage(facts.lineage, line.found.lineage);
  }

  sent({ client, line }: Lent): () => void {
    return line.watch.sent(client);
  }

  /** Whether the server gave up waiting for a standby in the last statement; asking forgets it. */
  unconfirmed(client: pg.ClientBase): boolean {
    const is = this.#unconfirmed.delete(client);
    if (is) this.#unsettled.owe();
    return is;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const line = this.#line;
    if (line === null) return;
    await line.pool.end();
    // Whatever is left waits for a standby, beside the pool and without a limit.
    this.#cut(line);
  }

  #lineTo(found: Found): Line {
    if (this.#closed) throw new StoreUnavailable('the database is closed');
    const current = this.#line;
    if (current !== null && current.found.url === found.url && sameLineage(current.found.lineage, found.lineage)) {
      current.found = found;
      return current;
    }
    if (current !== null) this.#cut(current);
    this.#line = this.#open(found);
    this.#follow(found.lineage);
    return this.#line;
  }

  #open(found: Found): Line {
    const { clock, limits, log, pooler, size } = this.#options;
    const live = new Set<pg.Client>();
    const pool = new pg.Pool({
      ...clientConfig(found.url, 'store', limits, pooler),
      max: size,
      idleTimeoutMillis: idleAfterMs,
    });
    // Without these listeners the loss of a connection would end the process. Whoever uses it gets the error from its query.
    pool.on('error', (error) => {
      this.#doubt(line);
      log.warn('an idle connection to PostgreSQL was lost', { error });
    });
    pool.on('connect', (client) => this.#hear(client as unknown as pg.Client, live));
    const watch = new LineWatch({
      clock,
      config: clientConfig(found.url, 'watch', limits, pooler),
      began: pooler === 'transaction' ? 'xact_start' : 'backend_start',
      sessionOf: (client) => this.#sessions.get(client),
      silent: () => {
        log.warn('PostgreSQL does not answer; all connections to it are given up');
        this.#doubt(line);
        for (const client of live) void client.end().catch(() => undefined);
      },
    });
    const line = { found, pool, watch, live };
    return line;
  }

  /** A connection was lost. Its server may be another one by now, or may have recovered from a crash what no standby has. */
  #doubt(line: Line): void {
    this.#primary.suspect(line.found);
    this.#unsettled.owe();
  }

  #hear(client: pg.Client, live: Set<pg.Client>): void {
    live.add(client);
    client.on('error', () => undefined);
    client.on('end', () => live.delete(client));
    client.on('notice', (notice) => {
      if (isUnconfirmedCommit(notice)) this.#unconfirmed.add(client);
    });
  }

  /** False when the server is not the one that this line leads to, as when something in between has chosen another. */
  async #learn(client: pg.ClientBase, line: Line): Promise<boolean> {
    if (this.#options.pooler === 'transaction') return true;
    const { lineage, pid, began, standby } = factsOf((await client.query<object>(sessionFactsSql)).rows[0]);
    if (standby || !sameLineage(lineage, line.found.lineage)) return false;
    this.#sessions.set(client, { pid, began });
    return true;
  }

  async #beside<T>(use: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const line = this.#line;
    if (line === null) throw new StoreUnavailable('PostgreSQL was not asked yet');
    const { limits, pooler } = this.#options;
    const client = new pg.Client({ ...clientConfig(line.found.url, 'confirm', limits, pooler), query_timeout: 0 });
    this.#hear(client, line.live);
    try {
      await client.connect();
      if (!(await this.#learn(client, line))) throw new StoreUnavailable('PostgreSQL has another primary by now');
      const over = line.watch.sent(client);
      try {
        return await use(client);
      } finally {
        over();
      }
    } catch (error) {
      throw connectError(error);
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  /** After a restart or a promotion: what is there may be on no standby, and what was confirmed may be gone. */
  #follow(lineage: Lineage): void {
    const before = this.#lineage;
    this.#lineage = lineage;
    this.#unsettled.owe();
    if (before === null || sameLineage(before, lineage)) return;
    for (const hear of this.#listeners) hear(lineage, before);
  }

  #cut(line: Line): void {
    line.watch.close();
    for (const client of line.live) void client.end().catch(() => undefined);
    if (!line.pool.ending) void line.pool.end().catch(() => undefined);
  }
}

/** All connections are lent out, and none came back in time. */
function isExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}

/** "canceling wait for synchronous replication": told by the place in the server's source, because its text is translated. */
function isUnconfirmedCommit(notice: { message?: string | undefined; routine?: string | undefined }): boolean {
  return (
    notice.routine === 'SyncRepWaitForLSN' || notice.message?.includes('wait for synchronous replication') === true
  );
}
