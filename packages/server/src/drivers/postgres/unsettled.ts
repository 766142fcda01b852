// Sessions of which it is not known whether their last commit happened, because the connection was lost first. The
// commit may still be on its way, or wait in the server for a standby: whoever read back now would see too little.
// So before anything else is asked, these sessions are ended. Then what is read is what will be.
//
// A session is named by its process id and the moment it began, so that a process with the same number is never hit.
// This needs a connection of one's own to the server; a pooler that shares sessions between transactions breaks it.

import type pg from 'pg';
import { StoreUnavailable } from '../../ports/database.ts';

interface ServerSession {
  readonly pid: number;
  readonly began: string;
}

export class Unsettled {
  readonly #known = new WeakMap<pg.ClientBase, ServerSession>();
  readonly #waitMs: number;
  #sessions: readonly ServerSession[] = [];
  #settling: Promise<void> | undefined;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** The commit of this connection was sent and its answer lost. At most as many can wait as there are connections. */
  add(client: pg.ClientBase): void {
    const session = this.#known.get(client);
    if (session !== undefined) this.#sessions = [...this.#sessions, session];
  }

  /** To be called before anything is asked of a connection: learns its name, and by way of it ends what is unsettled. */
  async settle(client: pg.ClientBase): Promise<void> {
    if (!this.#known.has(client)) await this.#learn(client);
    while (this.#sessions.length > 0) {
      this.#settling ??= this.#end(client, this.#sessions).finally(() => {
        this.#settling = undefined;
      });
      await this.#settling;
    }
  }

  async #learn(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<ServerSession & { standby: number }>(
      `select pid, backend_start::text as began, pg_is_in_recovery() as standby
       from pg_stat_activity where pid = pg_backend_pid()`,
    );
    const [session] = rows;
    if (session === undefined) throw new StoreUnavailable('PostgreSQL does not tell which session this is');
    // It would answer reads with the past.
    if (session.standby === 1) throw new StoreUnavailable('this PostgreSQL server is a standby');
    this.#known.set(client, session);
  }

  async #end(client: pg.ClientBase, sessions: readonly ServerSession[]): Promise<void> {
    const { rows } = await client.query<{ pid: number; ended: number }>(
      `select a.pid, pg_terminate_backend(a.pid, $2) as ended from pg_stat_activity a
       join jsonb_to_recordset($1::jsonb) as x(pid integer, began text) on x.pid = a.pid and x.began = a.backend_start::text`,
      [JSON.stringify(sessions), this.#waitMs],
    );
    if (rows.some((row) => row.ended !== 1)) {
      throw new StoreUnavailable('a session whose commit is not known to have happened cannot be ended yet');
    }
    this.#sessions = this.#sessions.filter((session) => !sessions.includes(session));
  }
}
