// Finds connections that are dead and do not say so. A half-open one is silent for ever, and so is a server that was cut off or stands
// still; a slow statement is silent, too. So when an answer takes long, the server is asked by another way: when it does not answer at
// all, every connection to it is given up; when it does, those on which it does nothing for us. A connection on
// which bytes have arrived meanwhile is not dead: it is this process that is behind. What is given up is an unknown outcome, or none, as
// with any lost connection.

import pg from 'pg';
import { type Clock, sleep, type Timer } from '../../ports/clock.ts';
import type { ServerSession } from './server-facts.ts';

export interface LineWatchOptions {
  readonly clock: Clock;
  readonly config: pg.ClientConfig;
  /** What tells two sessions of the same number apart. */
  readonly began: 'backend_start' | 'xact_start';
  /** The session of a connection; undefined while a pooler has not told it. */
  readonly sessionOf: (client: pg.ClientBase) => ServerSession | undefined;
  /** The server does not answer. */
  readonly silent: () => void;
}

/** Together below 5 s: an answer is late, somebody looks, the server has had time to answer. */
const lateMs = 1200;
const lookMs = 700;
const answerMs = 2500;
/** How long what has arrived may take to be read. */
const readMs = 200;

export class LineWatch {
  readonly #options: LineWatchOptions;
  readonly #waiting = new Map<pg.ClientBase, { readonly sinceMs: number }>();
  #timer: Timer | undefined;
  #asker: pg.Client | undefined;
  #closed = false;

  constructor(options: LineWatchOptions) {
    this.#options = options;
  }

  /** A statement is sent; the returned function tells that it is over. */
  sent(client: pg.ClientBase): () => void {
    const statement = { sinceMs: this.#options.clock.monotonicMs() };
    this.#waiting.set(client, statement);
    this.#arm();
    return () => {
      if (this.#waiting.get(client) === statement) this.#waiting.delete(client);
    };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#forget();
  }

  #arm(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.timer(lookMs, () => void this.#look(), { background: true });
  }

  async #look(): Promise<void> {
    const before = this.#options.clock.monotonicMs() - lateMs;
    const late = [...this.#waiting].filter(([, { sinceMs }]) => sinceMs <= before);
    if (late.length > 0) await this.#ask(late);
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#arm();
    else this.#forget();
  }

  async #ask(late: readonly (readonly [pg.ClientBase, object])[]): Promise<void> {
    const { clock, sessionOf, silent } = this.#options;
    const before = new Map(late.map(([client]) => [client, bytesRead(client)]));
    const busy = await this.#answer(this.#busy());
    // What has arrived is read before anything is concluded, also after this process stood still itself.
    await sleep(clock, readMs);
    if (this.#closed) return;
    const dead = late.filter(([client]) => bytesRead(client) === before.get(client));
    if (busy === null) {
      this.#forget();
      if (dead.length === late.length) silent();
      return;
    }
    for (const [client, statement] of dead) {
      const session = sessionOf(client);
      if (session === undefined || this.#waiting.get(client) !== statement || busy.has(nameOf(session))) continue;
      void (client as pg.Client).end().catch(() => undefined);
    }
  }

  /** The sessions that are in the middle of a statement. A server that has no connection left for us does answer. */
  async #busy(): Promise<ReadonlySet<string>> {
    try {
      this.#asker ??= await this.#connect();
      const { rows } = await this.#asker.query<ServerSession>(
        `select pid, ${this.#options.began}::text as began from pg_stat_activity where state is distinct from 'idle'`,
      );
      return new Set(rows.map(nameOf));
    } catch (error) {
      this.#forget();
      if (!(error instanceof pg.DatabaseError)) throw error;
      return new Set([...this.#waiting.keys()].flatMap((client) => nameOf(this.#options.sessionOf(client))));
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#options.config, query_timeout: answerMs });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Null: no answer within the time, or none at all. */
  async #answer<T>(asked: Promise<T>): Promise<T | null> {
    const { clock } = this.#options;
    const late = Promise.withResolvers<null>();
    const timer = clock.timer(answerMs, () => late.resolve(null), { background: true });
    try {
      return await Promise.race([asked, late.promise]);
    } catch {
      return null;
    } finally {
      timer.cancel();
    }
  }

  #forget(): void {
    void this.#asker?.end().catch(() => undefined);
    this.#asker = undefined;
  }
}

/** The library keeps its connection to itself. */
function bytesRead(client: pg.ClientBase): number {
  return (client as unknown as { connection: { stream: { bytesRead: number } } }).connection.stream.bytesRead;
}

function nameOf(session: ServerSession | undefined): string {
  return session === undefined ? '' : `${session.pid} ${session.began}`;
}
