// One server that may be read from: looked at over a connection of its own, read over a pool. While it is looked at in vain all
// connections to it are given up, so that whoever waits for an answer asks elsewhere.
//
//   left out ── a look finds it well within the bound ──► serving ── a look finds trouble, or none was had in time ──► left out
//
// It may be the primary by now: then it is no replica, and is read from like one no more.

import type { ReadReplica, ReplicaTrouble } from '@tidewheel/protocol';
import pg from 'pg';
import { type Change, type History, logPosition } from '../../core/change.ts';
import { invariant } from '../../core/invariant.ts';
import { type ReplicaFacts, standingOf, type Standard } from '../../core/replica-fitness.ts';
import { sqlReads } from '../../core/sql-text.ts';
import { placeOf } from '../../core/store-address.ts';
import { type Clock, sleep } from '../../ports/clock.ts';
import { type Param, type Row, StoreUnavailable } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';
import type { Replica } from '../../ports/reads.ts';
import { AskedTogether } from './asked-together.ts';
import { clientConfig, type PostgresLimits } from './client-config.ts';
import { postgresDialect, sentParams } from './dialect.ts';
import { callerError, Conflict, connectError, connectionLost } from './errors.ts';
import { replayedSql, standbySql } from './server-facts.ts';

export interface StandbyOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly limits: PostgresLimits;
  /** How long a look may take. */
  readonly lookMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Which the primary follows, and with it whatever is read from. */
  readonly history: () => History | null;
}

interface Said extends Omit<ReplicaFacts, 'position' | 'streams' | 'clockAheadMs'> {
  readonly standby: number;
  readonly position: string | null;
  readonly streams: number;
  readonly startedAt: string;
  readonly wallMs: number;
}

/** The server's wall clock at a moment of ours. */
export interface WallClock {
  readonly wallMs: number;
  readonly atMs: number;
}

const idleAfterMs = 60_000;
const againMs = 20;

export class Standby implements Replica {
  readonly dialect = postgresDialect;
  readonly name: string;
  readonly #options: StandbyOptions;
  readonly #live = new Set<pg.Client>();
  /** Connections that lead to the server which was looked at. */
  readonly #known = new WeakSet<pg.ClientBase>();
  readonly #asked = new AskedTogether(() => this.#ask());
  readonly #replayed = new AskedTogether(() => this.#askPosition());
  #looker: pg.Client | null = null;
  #pool: pg.Pool | null = null;
  #startedAt: string | null = null;
  #trouble: ReplicaTrouble | null = 'not-asked';
  #isPrimary = false;
  #heldMs: number | null = null;
  #staleMs: number | null = null;
  #position = 0n;
  /** When it was found within the bound last, it held all that was confirmed before this moment; and it goes forward only. */
  #onceHeldMs: number | null = null;
  /** Queries under way. */
  busy = 0;

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.name = placeOf(options.url);
  }

  /** Null: it is the primary. */
  get view(): ReadReplica | null {
    if (this.#isPrimary) return null;
    return { name: this.name, serving: this.#trouble === null, staleMs: this.#staleMs, trouble: this.#trouble };
  }

  /** Up to where it has replayed the log, as it said last. */
  get position(): bigint {
    return this.#position;
  }

  /** Whether it is known to be within the bound, now. */
  serves(nowMs: number, boundMs: number): boolean {
    return this.#trouble === null && !this.#isPrimary && this.#heldMs !== null && nowMs - this.#heldMs <= boundMs;
  }

  /** The moment before which everything was on it when it was found within the bound last; null when it does not answer, or never was. */
  get heldAtLeast(): number | null {
    const answers = !this.#isPrimary && this.#trouble !== 'silent' && this.#trouble !== 'other-store';
    return answers ? this.#onceHeldMs : null;
  }

  /** `primary`: its wall clock, if it is known. */
  async look(standard: () => Omit<Standard, 'serving' | 'nowMs'>, primary: WallClock | null): Promise<void> {
    const { clock, lookMs } = this.#options;
    const startedMs = clock.monotonicMs();
    for (;;) {
      const said = await this.#asked.ask();
      if (said === null) return;
      const nowMs = clock.monotonicMs();
      this.#isPrimary = said.standby === 0;
      if (this.#isPrimary) {
        this.#leaveOut(null);
        return;
      }
      const { position, streams, wallMs } = said;
      const facts: ReplicaFacts = {
        ...said,
        position: position === null ? null : this.#position,
        streams: streams === 1,
        clockAheadMs: primary === null ? null : wallMs - nowMs - (primary.wallMs - primary.atMs),
      };
      const { trouble, heldMs } = standingOf(facts, { ...standard(), nowMs, serving: this.#trouble === null });
      // When nothing older is known than what the primary said just now, the log may still be on its way.
      const early = trouble === 'behind' && heldMs === null && nowMs - startedMs < lookMs / 2;
      if (!early) {
        this.#heldMs = heldMs;
        if (trouble === null) this.#onceHeldMs = heldMs;
        this.#staleMs = heldMs === null ? null : Math.max(0, nowMs - heldMs);
        this.#judge(trouble);
        return;
      }
      await sleep(clock, againMs);
    }
  }

  /** Up to where it has replayed the log now; null: it does not say. */
  replayed(): Promise<bigint | null> {
    return this.#replayed.ask();
  }

  async place(): Promise<Change | null> {
    const position = await this.replayed();
    const history = this.#options.history();
    return position === null || history === null ? null : { ...history, position };
  }

  /** Nothing is known of it any more, as when another primary was found. */
  forget(trouble: ReplicaTrouble): void {
    this.#heldMs = null;
    this.#staleMs = null;
    this.#onceHeldMs = null;
    this.#judge(trouble);
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    invariant(sqlReads(sql), 'a statement that writes was sent to a replica');
    this.busy += 1;
    let client: pg.PoolClient | undefined;
    let lost = false;
    try {
      client = await this.#connect();
      return (await client.query<T & pg.QueryResultRow>(sql, sentParams(sql, params))).rows;
    } catch (error) {
      lost = connectionLost(error);
      const meaning = client === undefined ? connectError(error) : callerError(error, false);
      // Rows that a query needed were removed by what it replays: the primary still has them.
      if (meaning instanceof Conflict) throw new StoreUnavailable(`the replica gave up: ${meaning.message}`);
      throw meaning;
    } finally {
      this.busy -= 1;
      client?.release(lost);
    }
  }

  async close(): Promise<void> {
    this.#leaveOut('not-asked');
    const looker = this.#looker;
    this.#looker = null;
    await looker?.end().catch(() => undefined);
  }

  async #askPosition(): Promise<bigint | null> {
    try {
      const answer = await this.#looker?.query<{ position: string | null }>(replayedSql);
      const position = answer?.rows[0]?.position ?? null;
      if (position === null) return null;
      this.#position = logPosition(position);
      return this.#position;
    } catch {
      // The next look finds out what it means.
      return null;
    }
  }

  /** Null: it did not answer, and is left out. */
  async #ask(): Promise<Said | null> {
    try {
      this.#looker ??= await this.#lookingClient();
      const [said] = (await this.#looker.query<Said & pg.QueryResultRow>(standbySql)).rows;
      if (said === undefined) return null;
      if (this.#startedAt !== said.startedAt) {
        // Another server, or the same one after a restart: the connections to it are of no use.
        this.#cut();
        this.#onceHeldMs = null;
        this.#startedAt = said.startedAt;
      }
      this.#position = said.position === null ? 0n : logPosition(said.position);
      return said;
    } catch {
      const looker = this.#looker;
      this.#looker = null;
      void looker?.end().catch(() => undefined);
      this.#isPrimary = false;
      this.#leaveOut('silent');
      return null;
    }
  }

  async #lookingClient(): Promise<pg.Client> {
    const { url, limits, lookMs } = this.#options;
    const client = new pg.Client({
      ...clientConfig(url, 'look', limits),
      connectionTimeoutMillis: lookMs,
      query_timeout: lookMs,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async #connect(): Promise<pg.PoolClient> {
    this.#pool ??= this.#openPool();
    const client = await this.#pool.connect();
    if (this.#known.has(client)) return client;
    // Behind one address there may be several servers; only that one was looked at.
    const said = await client.query<Said & pg.QueryResultRow>(standbySql).then(
      ({ rows }) => rows[0],
      () => undefined,
    );
    if (said?.standby === 1 && said.startedAt === this.#startedAt) {
      this.#known.add(client);
      return client;
    }
    client.release(true);
    throw new StoreUnavailable(`${this.name} leads to another server than the one that was looked at`);
  }

  #openPool(): pg.Pool {
    const { url, poolSize, limits, log } = this.#options;
    const pool = new pg.Pool({
      ...clientConfig(url, 'read', limits),
      max: poolSize,
      idleTimeoutMillis: idleAfterMs,
    });
    // Without a listener the loss of an idle connection would end the process; the next look finds out what it means.
    pool.on('error', (error) => log.debug('an idle connection to a replica was lost', { replica: this.name, error }));
    pool.on('connect', (client) => {
      const live = client as unknown as pg.Client;
      this.#live.add(live);
      live.on('error', () => undefined);
      live.on('end', () => this.#live.delete(live));
    });
    return pool;
  }

  #judge(trouble: ReplicaTrouble | null): void {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (before === trouble) return;
    const { log } = this.#options;
    if (trouble === null) log.info('reads go to a replica', { replica: this.name });
    else if (before === null) log.warn('a replica is not read from any more', { replica: this.name, why: trouble });
  }

  /** Null: it is no replica at all. */
  #leaveOut(trouble: ReplicaTrouble | null): void {
    this.#cut();
    this.#heldMs = null;
    this.#staleMs = null;
    this.#judge(trouble ?? 'not-asked');
  }

  #cut(): void {
    const pool = this.#pool;
    this.#pool = null;
    for (const client of this.#live) void client.end().catch(() => undefined);
    this.#live.clear();
    if (pool !== null) void pool.end().catch(() => undefined);
  }
}
