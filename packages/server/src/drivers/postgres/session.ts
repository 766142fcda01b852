// One connection while it is lent out, and the transaction that runs on it. Statements of a transaction go out one after
// another; after the first that failed, nothing is sent any more, and the transaction cannot be committed.
//
// Only statements that ask for it are kept prepared on the server. It saves up to 0.45 ms, but the plan that was made for an empty queue
// goes on being used for a full one: a claim of one run among 60,000 took 21 ms by it, 0.6 ms planned anew.

import type pg from 'pg';
import { invariant } from '../../core/invariant.ts';
import { OutcomeUnknown, type Param, type Row, type Tx } from '../../ports/database.ts';
import { postgresDialect, sentParams } from './dialect.ts';
import { callerError, connectionLost } from './errors.ts';
import type { ServerSession } from './server-facts.ts';

/** Longer than any migration; the longest that a timer can hold. */
const patienceMs = 2 ** 31 - 1;

/** The library's types leave out that a single query may have a limit of its own. */
interface TimedQuery extends pg.QueryConfig {
  query_timeout?: number;
}

export interface Statement {
  readonly sql: string;
  readonly params?: readonly Param[];
  /** The server may know it from earlier on this connection. */
  readonly kept?: boolean;
  /** Asked only after a failure: whether it may have committed something. */
  readonly commits?: () => boolean;
}

export class Session {
  readonly client: pg.ClientBase;
  /** As the server knows it: what is unsettled is found by it. */
  name: ServerSession | null;
  readonly #sent: () => () => void;
  /** The connection is of no use any more, or in an unknown state. */
  lost = false;
  /** A commit was sent on it, and its answer was lost. */
  unsettled = false;
  /** Waits without limit for answers. */
  patient = false;

  /** `sent` is told of each statement, and what it returns of its end. */
  constructor(client: pg.ClientBase, name: ServerSession | null, sent: () => () => void) {
    this.client = client;
    this.name = name;
    this.#sent = sent;
  }

  /** Of several statements at once, the last answer. */
  async send({ sql, params = [], kept = false, commits = () => false }: Statement): Promise<pg.QueryResult<Row>> {
    const query: TimedQuery = { text: sql, values: sentParams(sql, params) };
    if (kept) query.name = nameOf(sql);
    if (this.patient) query.query_timeout = patienceMs;
    const over = this.#sent();
    try {
      // The library's types leave out that several statements have several answers.
      const answer = (await this.client.query<Row>(query)) as pg.QueryResult<Row> | readonly pg.QueryResult<Row>[];
      if (!('at' in answer)) return answer;
      const last = answer.at(-1);
      if (last === undefined) throw new RangeError('an answer to no statement');
      return last;
    } catch (error) {
      this.lost ||= connectionLost(error);
      const meaning = callerError(error, commits());
      this.unsettled ||= meaning instanceof OutcomeUnknown;
      throw meaning;
    } finally {
      over();
    }
  }
}

/** Of statements that are kept: one connection knows each text by one name. */
const names = new Map<string, string>();

function nameOf(sql: string): string {
  const name = names.get(sql) ?? `kept ${names.size + 1}`;
  names.set(sql, name);
  return name;
}

export class PostgresTransaction implements Tx {
  readonly dialect = postgresDialect;
  readonly #session: Session;
  #last: Promise<unknown> = Promise.resolve();
  #open = true;
  #failure: { readonly error: unknown } | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The first error of a statement. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    invariant(this.#open, 'a query of a transaction that is over');
    const answer = this.#last.then(() => this.#send(sql, params));
    this.#last = answer.catch(() => undefined);
    return answer as Promise<T[]>;
  }

  /** Takes no more statements, and waits for those under way. */
  end(): Promise<unknown> {
    this.#open = false;
    return this.#last;
  }

  assertNothingFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #send(sql: string, params: readonly Param[]): Promise<Row[]> {
    this.assertNothingFailed();
    try {
      return (await this.#session.send({ sql, params })).rows;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
