// What must be cleared up before anything else is asked of the store, so that what is read is what will be.
//
// *Sessions* of which it is not known whether their last commit happened, because the connection was lost first. The commit may still
// be on its way: then its session is ended. Or it waits in the server for a standby: then it is left to wait, since to end it would show
// to everybody what no standby has; until it is over, nothing is asked.
//
// *Confirmation*: commits that are there, but perhaps on no standby: after a wait for it was canceled, and after a server has restarted
// or was promoted. Whoever read them could tell a caller that they are safe. A record of our own, written after them and confirmed,
// says that they are; until then nothing is asked.
//
// A session is named by its process id and the moment it began, so that a process with the same number is never hit.

import type pg from 'pg';
import type { Clock } from '../../ports/clock.ts';
import { StoreUnavailable } from '../../ports/database.ts';
import { confirmationSql, type ServerSession } from './server-facts.ts';

/** How long a caller waits for a standby; the record itself goes on waiting. */
const patienceMs = 4000;

export interface UnsettledOptions {
  readonly clock: Clock;
  /** How long the end of a session is waited for. */
  readonly waitMs: number;
  /** In a pooler's transactions; else by session. */
  readonly byTransaction: boolean;
  /** A connection of its own, beside the pool, whose connections may all be waiting for this. */
  readonly lend: <T>(use: (client: pg.ClientBase) => Promise<T>) => Promise<T>;
  /** Whether the server gave up waiting for a standby in the last statement. */
  readonly unconfirmed: (client: pg.ClientBase) => boolean;
}

export class Unsettled {
  readonly #options: UnsettledOptions;
  #sessions: readonly ServerSession[] = [];
  #settling: Promise<void> | undefined;
  #owed = false;
  #confirming: Promise<void> | undefined;

  constructor(options: UnsettledOptions) {
    this.#options = options;
  }

  /** The commit of this session was sent and its answer lost. At most as many can wait as there are connections. */
  add(session: ServerSession): void {
    this.#sessions = [...this.#sessions, session];
    this.#owed = true;
  }

  /** What is there may be on no standby. */
  owe(): void {
    this.#owed = true;
  }

  /** To be called before anything is asked by way of a connection. */
  async settle(client: pg.ClientBase): Promise<void> {
    while (this.#sessions.length > 0) {
      this.#settling ??= this.#end(client, this.#sessions).finally(() => {
        this.#settling = undefined;
      });
      await this.#settling;
    }
    if (this.#owed) await this.#confirmed();
  }

  async #end(client: pg.ClientBase, sessions: readonly ServerSession[]): Promise<void> {
    const began = this.#options.byTransaction ? 'xact_start' : 'backend_start';
    const { rows } = await client.query<{ ended: number | null }>(
      `select case when a.wait_event = 'SyncRep' then null else pg_terminate_backend(a.pid, $2) end as ended
       from pg_stat_activity a
       join jsonb_to_recordset($1::jsonb) as x(pid integer, began text) on x.pid = a.pid and x.began = a.${began}::text`,
      [JSON.stringify(sessions), this.#options.waitMs],
    );
    if (rows.some((row) => row.ended === null))
      throw new StoreUnavailable('a commit of this master waits for its standby; nothing is asked until that is over');
    if (rows.some((row) => row.ended === 0))
      throw new StoreUnavailable('a session whose commit is not known to have happened cannot be ended yet');
    this.#sessions = this.#sessions.filter((session) => !sessions.includes(session));
  }

  async #confirmed(): Promise<void> {
    this.#confirming ??= this.#confirm().finally(() => {
      this.#confirming = undefined;
    });
    const late = Promise.withResolvers<never>();
    const timer = this.#options.clock.timer(
      patienceMs,
      () => late.reject(new StoreUnavailable('what was committed waits for a standby to confirm it')),
      { background: true },
    );
    try {
      await Promise.race([this.#confirming, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Without a limit of time: given up and begun anew, it would leave a session behind each time. */
  #confirm(): Promise<void> {
    return this.#options.lend(async (client) => {
      await client.query(confirmationSql);
      if (this.#options.unconfirmed(client)) throw new StoreUnavailable('the wait for a standby was canceled again');
      this.#owed = false;
    });
  }
}
