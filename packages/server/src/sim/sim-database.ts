// The store as one life of one simulated process sees it. Requests and answers take virtual time; answers to a dead process
// are never heard, answers to a paused one come when it wakes.
//
// A transaction belongs to the process that opened it: when that process dies, or is silent for too long, the store rolls it
// back. A COMMIT that is already on its way is carried out, whatever becomes of the sender. When another server has taken over, the
// process hears of it, as with the driver of PostgreSQL, before anything that it asks is carried out there.

import {
  type Database,
  type Dialect,
  OutcomeUnknown,
  type Param,
  type Row,
  StoreUnavailable,
  type Tx,
} from '../ports/database.ts';
import type { Lineage, StoreHistory } from '../ports/store-history.ts';
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
  readonly #hearers = new Set<(now: Lineage, before: Lineage) => void>();
  #lineage: Lineage;

  constructor(server: StoreServer, process: SimProcess) {
    this.#server = server;
    this.#process = process;
    this.#life = process.life;
    this.#lineage = server.lineage;
    this.dialect = server.dialect;
  }

  get history(): StoreHistory {
    return {
      lineage: this.#lineage,
      watch: (changed) => {
        this.#hearers.add(changed);
        return () => this.#hearers.delete(changed);
      },
      pin: () => undefined,
    };
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
    const release = await this.#enter(settle);
    if (release === null) return;
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
    const release = await this.#enter(settle);
    if (release === null) return;
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

  async #enter(settle: Settle<never>): Promise<(() => void) | null> {
    if (this.#refusesNow(settle)) return null;
    const release = await this.#server.enter(this.#process, this.#life);
    if (release === null) this.#answer(() => settle.reject(new StoreUnavailable('the connection was lost')));
    return release;
  }

  #refusesNow(settle: Settle<never>): boolean {
    if (!this.#process.lives(this.#life)) return true;
    if (this.#server.unreachableBy(this.#process)) {
      this.#answer(() => settle.reject(new StoreUnavailable('the store cannot be reached')), lostAnswerMs);
      return true;
    }
    if (this.#server.lineage === this.#lineage) return false;
    this.#answer(() => {
      this.#hear();
      settle.reject(new StoreUnavailable('the connection was lost'));
    });
    return true;
  }

  #hear(): void {
    const before = this.#lineage;
    this.#lineage = this.#server.lineage;
    if (this.#lineage !== before) for (const hear of this.#hearers) hear(this.#lineage, before);
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
