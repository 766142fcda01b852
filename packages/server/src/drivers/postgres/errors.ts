// What an error of PostgreSQL or of the way to it means to the store's callers.
//
// The question behind all of it is whether the server may have committed. It answers an ERROR only for what it has
// rolled back. When it, or the network, ends the connection instead, nothing is known about a commit that was sent.

import { Refusal } from '@tidewheel/protocol';
import pg from 'pg';
import { ConstraintViolated, OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';

/** The server rolled the transaction back so that others could go on; the same work may be run again. */
export class Conflict extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'Conflict';
  }
}

const deadlock = '40P01';
const serializationFailure = '40001';
const notNull = '23502';
/** Connection exceptions, shut-down and crash of the server, time limits that end the session. */
const endsConnection = /^(08|57P|25P03|25P04)/;
/** Locks and time limits, a standby that cannot write, resources, other input and output errors. */
const refusedForNow = /^(55P03|57014|25006|53|58)/;
const corrupt = /^XX00[12]/;

/** True when the connection is of no use any more, or may be in the middle of something. */
export function connectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return endsConnection.test(error.code ?? '') || error.code === '25006';
  return !(error instanceof RangeError);
}

/** `committing` is true for a COMMIT, and for a single statement outside a transaction that writes. */
export function callerError(error: unknown, committing: boolean): unknown {
  if (!(error instanceof Error) || error instanceof RangeError) return error;
  const cause = { cause: error };
  if (connectionLost(error) && !neverSent(error)) {
    return committing
      ? new OutcomeUnknown(
          `the connection to PostgreSQL was lost before the commit was confirmed: ${error.message}`,
          cause,
        )
      : new StoreUnavailable(`the connection to PostgreSQL was lost: ${error.message}`, cause);
  }
  if (!(error instanceof pg.DatabaseError))
    return new StoreUnavailable(`PostgreSQL cannot be reached: ${error.message}`, cause);
  const code = error.code ?? '';
  if (code === deadlock || code === serializationFailure) return new Conflict(error);
  if (code.startsWith('23')) return new ConstraintViolated(constraintOf(error), cause);
  if (corrupt.test(code)) return new Refusal('DATABASE_CORRUPT', `PostgreSQL reports: ${error.message}`, cause);
  if (endsConnection.test(code) || refusedForNow.test(code)) {
    return new StoreUnavailable(`PostgreSQL refused: ${error.message}`, cause);
  }
  return error;
}

/** The client library knew before sending that its connection was gone; a standby refused before it did anything. */
function neverSent(error: Error): boolean {
  if (error instanceof pg.DatabaseError) return error.code === '25006';
  return error.message.endsWith('is not queryable');
}

function constraintOf(error: pg.DatabaseError): string {
  if (error.code === notNull) return `${error.table ?? ''}.${error.column ?? ''}`;
  return error.constraint ?? error.code ?? '';
}

/** Errors of getting a connection: nothing has been sent. */
export function connectError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreUnavailable) return error;
  return new StoreUnavailable(`no connection to PostgreSQL: ${error.message || error.name}`, { cause: error });
}
