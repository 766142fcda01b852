// The store as services see it: SQL text, one JSON parameter for a batch, transactions. Two engines implement it.
// SQL is written once with `$1` parameters; where the engines differ, the dialect gives the words.

import type { ErrorCode } from '@tidewheel/protocol';
import type { StoreHistory } from './store-history.ts';

/** Text in parameters and batches holds neither U+0000 nor lone surrogates: U+FFFD is stored in their place, on both engines. */
export type Param = string | number | null;
export type Row = Record<string, unknown>;

/** Column types that a batch may carry. `json` text is carried as `text`. */
export type ColumnType = 'uuid' | 'text' | 'int' | 'bigint' | 'float';

export interface Dialect {
  readonly engine: 'sqlite' | 'postgres';
  /**
   * A FROM item that expands a JSON array of objects, given as one text parameter, into rows:
   * `rows('$1', 'x', { id: 'uuid', at: 'bigint' })`. Absent keys are null.
   */
  rows(param: string, alias: string, columns: Readonly<Record<string, ColumnType>>): string;
  /** A column in a condition that stands beside a key: rows are to be looked up by the key, never by an index of this column. */
  notByIndex(column: string): string;
  /** ` for update skip locked`, or nothing where one writer at a time makes it needless. */
  readonly skipLocked: string;
  /** ` for update`, or nothing. */
  readonly forUpdate: string;
  /** ` for share`, or nothing: others may share the row, nobody may change it until this transaction ends. */
  readonly forShare: string;
  /**
   * A statement that makes the commit of a transaction that only reads wait like one that writes, or null where reads see only what is
   * safe. Whoever answers for what it has read (a key that is taken, a result that was accepted) runs it: another session's commit may be
   * visible before a standby has it, when its wait was canceled.
   */
  readonly confirmation: string | null;
  /** The timeline in which the store writes now; zero where there is none. */
  readonly timeline: string;
}

export interface QueryOptions {
  /**
   * The server keeps how it executes this text, where it can, instead of finding out each time. Only for statements that look up each row
   * by an index, so that one way is the best however many rows there are.
   */
  readonly kept?: boolean;
}

export interface Tx {
  readonly dialect: Dialect;
  /** Runs one statement. Integers come back as numbers (all are below 2^53), null as null. */
  query<T extends object = Row>(sql: string, params?: readonly Param[], options?: QueryOptions): Promise<T[]>;
}

export interface TransactionOptions {
  /** Without the limits on the time of statements and of waiting for locks: for migrations and maintenance only. */
  readonly patient?: boolean;
  /** Reads only, all of it as of one moment, without limits on time and without holding up writers: for copies of the store. */
  readonly snapshot?: boolean;
}

/**
 * `query` outside a transaction is one statement in a transaction of its own.
 * `transaction` commits when `work` resolves and rolls back when it rejects. READ COMMITTED with explicit row locks.
 * Deadlocks and serialization failures are retried by the driver, so `work` may run several times: it must have no effect but its SQL.
 * Nested calls are not allowed. After the commit was sent and its answer was lost, both reject with OutcomeUnknown.
 * The function `now_ms()` exists in SQL: the store's clock, integer milliseconds UTC, moving also within a transaction.
 */
export interface Database extends Tx {
  /** Absent where the store is a file, which has no other history than its own. */
  readonly history?: StoreHistory;
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  close(): Promise<void>;
}

/** It is not known whether the transaction was committed. Never retry blindly: read back by key. */
export class OutcomeUnknown extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OutcomeUnknown';
  }
}

/** The store cannot be reached or refused for now; nothing was committed. */
export class StoreUnavailable extends Error {
  /** Where the catalogue has a word for it. */
  readonly code: ErrorCode | undefined;
  constructor(message: string, options: { cause?: unknown; code?: ErrorCode } = {}) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.code = options.code;
  }
}

/** A unique key or check was violated; nothing was committed. `constraint` names the key where the engine tells it. */
export class ConstraintViolated extends Error {
  readonly constraint: string;
  constructor(constraint: string, options?: { cause?: unknown }) {
    super(`constraint ${constraint} violated`, options);
    this.name = 'ConstraintViolated';
    this.constraint = constraint;
  }
}
