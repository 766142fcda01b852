// The store as one life of one simulated process sees it. Requests and answers take virtual time; answers to a dead process
// are never heard, answers to a paused one come when it wakes.
//
// A transaction belongs to the process that opened it: when that process dies, or is silent for too long, the store rolls it
// back. A COMMIT that is already on its way is carried out, whatever becomes of the sender.

import {
  type Database,
  type Dialect,
  OutcomeUnknown,
  type Param,
  type Row,
  StoreUnavailable,
  type Tx,
} from '../ports/database.ts';
import type { SimProcess } from './sim-process.ts';
import { SimTransaction, TransactionEnded } from './sim-transaction.ts';
import type { CommitFate, StoreServer } from './store-server.ts';

const deadlockRetries = 3;
/** How long a caller may wait until it learns that its commit's answer, or the store, is lost. */
const lostAnswerMs = 2000;

interface Settle<T> {
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export class SimDatabase implements Database {
  readonly dialect: Dialect;
  readonly #server: StoreServer;
  readonly #process: SimProcess;
  readonly #life: number;

  constructor(server: StoreServer, process: SimProcess) {
    this.#server = server;
    this.#process = process;
    this.#life = process.life;
    this.dialect = server.real.dialect;
  }

  query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return this.#request<T[]>('store query', (settle) => this.#single(sql, params, settle));
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#request<T>('store begin', (settle) => this.#transact(work, settle, deadlockRetries));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #request<T>(what: string, serve: (settle: Settle<T>) => Promise<void>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#process.lives(this.#life)) return;
      this.#server.time.after(this.#server.latencyMs(), what, () => {
        void serve({ resolve, reject });
      });
    });
  }

  async #single<T extends object>(sql: string, params: readonly Param[], settle: Settle<T[]>): Promise<void> {
    if (this.#refusesNow(settle)) return;
    const release = await this.#server.enter(this.#process, this.#life);
    try {
      const fate = writes(sql) ? this.#server.commitFate(this.#process, false) : 'done';
      if (fate === 'undone-unheard' || fate === 'undone-crash') return this.#answerCommit(fate, settle, []);
      const rows = await this.#server.real.query<T>(sql, params);
      this.#server.note(this.#process, sql, rows);
      this.#answerCommit(fate, settle, rows);
    } catch (error) {
      this.#answer(() => settle.reject(error));
    } finally {
      release();
    }
  }

  async #transact<T>(work: (tx: Tx) => Promise<T>, settle: Settle<T>, retries: number): Promise<void> {
    if (this.#refusesNow(settle)) return;
    const release = await this.#server.enter(this.#process, this.#life);
    let fate: CommitFate = 'done';
    try {
      const value = await this.#server.real.transaction(async (realTx) => {
        const tx = new SimTransaction(this.#server, this.#process, realTx);
        const result = await tx.run(work, (error) => settle.reject(error));
        fate = this.#server.commitFate(this.#process, retries > 0);
        if (fate !== 'done' && fate !== 'done-unheard' && fate !== 'done-crash') throw new TransactionEnded('undone');
        return result;
      });
      this.#answerCommit(fate, settle, value);
    } catch (error) {
      this.#answerRollback(error, fate, settle, () => this.#transact(work, settle, retries - 1));
    } finally {
      release();
    }
  }

  #answerRollback<T>(error: unknown, fate: CommitFate, settle: Settle<T>, again: () => Promise<void>): void {
    if (!(error instanceof TransactionEnded)) {
      this.#answer(() => settle.reject(error));
    } else if (error.why === 'connection-lost') {
      if (error.commitSent) this.#answer(() => settle.reject(unknown()));
    } else if (error.why === 'process-gone') {
      // Nobody waits for an answer.
    } else if (fate === 'deadlock') {
      this.#process.after(this.#server.latencyMs(), 'store deadlock', () => void again());
    } else {
      this.#answerCommit(fate, settle, null as never);
    }
  }

  #answerCommit<T>(fate: CommitFate, settle: Settle<T>, value: T): void {
    switch (fate) {
      case 'done':
        return this.#answer(() => settle.resolve(value));
      case 'done-unheard':
      case 'undone-unheard':
        return this.#answer(() => settle.reject(unknown()), lostAnswerMs);
      case 'done-crash':
      case 'undone-crash':
        if (this.#process.lives(this.#life)) this.#server.crash(this.#process);
        return;
      case 'deadlock':
        throw new Error('a deadlock has no answer');
    }
  }

  #refusesNow(settle: Settle<never>): boolean {
    if (!this.#process.lives(this.#life)) return true;
    if (!this.#server.unreachableBy(this.#process)) return false;
    this.#answer(() => settle.reject(new StoreUnavailable('the store cannot be reached')), lostAnswerMs);
    return true;
  }

  #answer(settle: () => void, upToMs = 0): void {
    if (!this.#process.lives(this.#life)) return;
    const delay = this.#server.latencyMs() + (upToMs === 0 ? 0 : this.#server.random.skewed(0, upToMs));
    this.#process.after(delay, 'store answer', settle);
  }
}

function unknown(): OutcomeUnknown {
  return new OutcomeUnknown('the connection was lost after COMMIT was sent');
}

function writes(sql: string): boolean {
  return /\b(?:insert|update|delete)\b/i.test(sql);
}
