// What SQLite's result codes mean to the store's callers. Names of violated keys are made as PostgreSQL makes them,
// so that code may tell keys apart the same way on both engines.

import { Refusal } from '@tidewheel/protocol';
import { ConstraintViolated, OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';

const primary = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notDatabase: 26,
};
const datatypeViolation = 3091;

interface SqliteError extends Error {
  readonly errcode: number;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** Someone else holds the lock that was wanted. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable && isSqliteError(error.cause) && (error.cause.errcode & 0xff) === primary.busy
  );
}

export interface KeyIndex {
  readonly name: string;
  readonly origin: string;
  readonly columns: readonly string[];
}

/** `keysOf` looks up the unique indexes of a table. `committing` is true for the COMMIT of a transaction and for a single writing statement. */
export function callerError(
  error: unknown,
  committing: boolean,
  keysOf: (table: string) => readonly KeyIndex[],
): unknown {
  if (!isSqliteError(error)) return error;
  const cause = { cause: error };
  switch (error.errcode & 0xff) {
    case primary.constraint:
      return error.errcode === datatypeViolation
        ? error
        : new ConstraintViolated(constraintName(error.message, keysOf), cause);
    case primary.corrupt:
    case primary.notDatabase:
      return new Refusal('DATABASE_CORRUPT', `SQLite reports: ${error.message}`, cause);
    case primary.io:
      // The frames of the commit may have reached the disk although the sync failed; a restart would then find them.
      return committing
        ? new OutcomeUnknown(`SQLite could not make sure of the commit: ${error.message}`, cause)
        : new StoreUnavailable(`SQLite could not read or write: ${error.message}`, cause);
    case primary.busy:
    case primary.locked:
    case primary.readOnly:
    case primary.full:
    case primary.cannotOpen:
      return new StoreUnavailable(`SQLite refused: ${error.message}`, cause);
    default:
      return error;
  }
}

function constraintName(message: string, keysOf: (table: string) => readonly KeyIndex[]): string {
  const [, kind, what = message] = /^(\w+(?: \w+)?) constraint failed(?:: (.*))?$/.exec(message) ?? [];
  if (kind !== 'UNIQUE') return what;
  const named = /^index '(.*)'$/.exec(what);
  if (named) return named[1] ?? what;
  const parts = what.split(', ').map((part) => part.split('.'));
  const table = parts[0]?.[0] ?? what;
  const columns = parts.map((part) => part[1] ?? '');
  const key = keysOf(table).find((index) => index.columns.join() === columns.join());
  if (key?.origin === 'c') return key.name;
  return key?.origin === 'u' ? `${table}_${columns.join('_')}_key` : `${table}_pkey`;
}
