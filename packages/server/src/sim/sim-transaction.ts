// One open transaction of a simulated process. Statements arrive in the order they were sent; each answer takes time.
// The server ends it when the process dies, when the store is cut off from it, or when it is silent for too long.

import { type Dialect, OutcomeUnknown, type Param, type Row, StoreUnavailable, type Tx } from '../ports/database.ts';
import type { SimProcess } from './sim-process.ts';
import type { StoreServer } from './store-server.ts';
import type { ScheduledEvent } from './virtual-time.ts';

export class TransactionEnded extends Error {
  readonly why: 'undone' | 'process-gone' | 'connection-lost';
  /** Whether the process had sent COMMIT, so that it cannot know the outcome. */
  readonly commitSent: boolean;
  constructor(why: TransactionEnded['why'], commitSent = false) {
    super(`the transaction has ended: ${why}`);
    this.why = why;
    this.commitSent = commitSent;
  }
}

interface Statement {
  sql: string;
  params: readonly Param[];
  resolve: (rows: Row[]) => void;
  reject: (error: unknown) => void;
}

export class SimTransaction implements Tx {
  readonly dialect: Dialect;
  readonly #server: StoreServer;
  readonly #process: SimProcess;
  readonly #life: number;
  readonly #real: Tx;
  readonly #idleMs: number;
  readonly #sent: Statement[] = [];
  #state: 'open' | 'failed' | 'committing' | 'ended' = 'open';
  #idle: ScheduledEvent | null = null;
  #end: (reason: TransactionEnded) => void = () => undefined;
  #forget: () => unknown = () => undefined;
  /** What a rollback that is on its way will do. */
  #undo: () => void = () => undefined;

  constructor(server: StoreServer, process: SimProcess, real: Tx) {
    this.#server = server;
    this.#process = process;
    this.#life = process.life;
    this.#real = real;
    this.#idleMs = server.idleMs();
    this.dialect = server.dialect;
  }

  /**
   * The server's side of the transaction: resolves when COMMIT has arrived, rejects when the work fails or the server ends it.
   * `lost` is the process's side: it learns of a lost connection only when its work has come to an end.
   */
  run<T>(work: (tx: Tx) => Promise<T>, lost: (error: Error) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#end = (reason) => {
        this.#state = 'ended';
        this.#over();
        reject(reason);
      };
      this.#forget = this.#server.opened(() => {
        if (this.#state === 'ended') this.#undo();
        else this.#end(new TransactionEnded('connection-lost', this.#state === 'committing'));
      });
      this.#process.onEnd(() => this.#processGone());
      this.#watchIdle();
      this.#process.after(this.#server.latencyMs(), 'store opened', () => {
        work(this).then(
          (value) => {
            if (this.#state === 'ended') lost(this.#commitIntoTheVoid());
            else this.#commit(value, resolve);
          },
          (error: unknown) => {
            if (this.#state === 'ended') lost(error instanceof Error ? error : new Error(String(error)));
            else this.#rollback(error, reject);
          },
        );
      });
    });
  }

  // Whether the process notices that its connection is gone before it sends COMMIT is a matter of luck.
  #commitIntoTheVoid(): Error {
    return this.#server.random.chance(0.5)
      ? new StoreUnavailable('the connection was lost')
      : new OutcomeUnknown('the connection was lost after COMMIT was sent');
  }

  query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return new Promise<Row[]>((resolve, reject) => {
      if (!this.#process.lives(this.#life)) return;
      this.#sent.push({ sql, params, resolve, reject });
      // The first in the list is taken, not this one: a connection never reorders.
      this.#server.time.after(this.#server.latencyMs(), 'store statement', () => {
        const statement = this.#sent.shift();
        if (statement !== undefined) void this.#execute(statement);
      });
    }) as Promise<T[]>;
  }

  async #execute(statement: Statement): Promise<void> {
    if (this.#state === 'ended')
      return this.#answer(() => statement.reject(new StoreUnavailable('the connection was lost')));
    if (this.#server.unreachableBy(this.#process)) {
      this.#end(new TransactionEnded('connection-lost'));
      return this.#answer(() => statement.reject(new StoreUnavailable('the store cannot be reached')));
    }
    if (this.#state !== 'open')
      return this.#answer(() => statement.reject(new Error('the transaction is aborted or over')));
    try {
      const rows = await this.#real.query(statement.sql, statement.params);
      this.#server.note(this.#process, statement.sql, rows);
      this.#answer(() => statement.resolve(rows));
    } catch (error) {
      // As in PostgreSQL: after an error nothing but ROLLBACK is taken.
      this.#state = 'failed';
      this.#server.note(this.#process, statement.sql, 'failed');
      this.#answer(() => statement.reject(error));
    }
    this.#watchIdle();
  }

  #commit<T>(value: T, resolve: (value: T) => void): void {
    if (this.#state === 'failed') throw new Error('a transaction was to be committed although a statement had failed');
    this.#state = 'committing';
    this.#server.time.after(this.#server.latencyMs(), 'store commit', () => {
      if (this.#state !== 'committing') return;
      if (this.#server.unreachableBy(this.#process)) return this.#end(new TransactionEnded('connection-lost', true));
      this.#over();
      resolve(value);
    });
  }

  #rollback(error: unknown, reject: (error: unknown) => void): void {
    this.#state = 'ended';
    this.#undo = () => {
      this.#over();
      reject(error);
    };
    this.#server.time.after(this.#server.latencyMs(), 'store rollback', () => this.#undo());
  }

  /** The server is done with it. */
  #over(): void {
    this.#forget();
    if (this.#idle !== null) this.#idle.canceled = true;
  }

  // A COMMIT on its way arrives although its sender is gone; anything less is rolled back when the server notices.
  #processGone(): void {
    if (this.#state !== 'open' && this.#state !== 'failed') return;
    this.#server.time.after(this.#server.random.skewed(0, 500), 'store notices', () => {
      if (this.#state !== 'ended') this.#end(new TransactionEnded('process-gone'));
    });
  }

  #watchIdle(): void {
    if (this.#idle !== null) this.#idle.canceled = true;
    this.#idle = this.#server.time.after(this.#idleMs, 'store idle limit', () => {
      if (this.#state !== 'ended') this.#end(new TransactionEnded('connection-lost', this.#state === 'committing'));
    });
  }

  #answer(settle: () => void): void {
    if (!this.#process.lives(this.#life)) return;
    this.#process.after(this.#server.latencyMs(), 'store answer', settle);
  }
}
