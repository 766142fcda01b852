// How connections to PostgreSQL are opened: their limits of time, and how values come back.
//
// The server is told to notice by itself when this process or the way to it is gone, so that its locks are free and its connections
// are not used up by what nobody holds any more. A pooler takes no such settings: there each transaction sets its own.

import type pg from 'pg';

export interface PostgresLimits {
  readonly connectTimeoutMs: number;
  /** Of one statement, waiting for locks included. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** A master that stopped in the middle of a transaction must not hold its locks for longer. */
  readonly idleInTransactionTimeoutMs: number;
  /** How much longer than the server we wait for an answer: then it is the network that is silent. */
  readonly answerMarginMs: number;
}

export const defaultLimits: PostgresLimits = {
  connectTimeoutMs: 5000,
  statementTimeoutMs: 10_000,
  lockTimeoutMs: 5000,
  // A master that is frozen inside a fire transaction holds its schedules for no longer than this.
  idleInTransactionTimeoutMs: 3000,
  answerMarginMs: 2000,
};

/** `transaction`: a pooler lends a server's connection for the time of one transaction. */
export type Pooler = 'none' | 'transaction';

const keepAliveAfterMs = 2000;

/**
 * A client that is silent for 5 s and more is taken for gone, also while a statement of it runs.
 *
 * Every statement on the way of a run has an index to look rows up by. A table that is small at the moment would be read whole, and by a plan
 * that is kept still be when it is large. Nothing here is worth compiling.
 */
const serverSettings = [
  'tcp_keepalives_idle=2',
  'tcp_keepalives_interval=1',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=5000',
  'client_connection_check_interval=2000',
  'enable_seqscan=off',
  'jit=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

const oid = { bool: 16, int8: 20, int2: 21, int4: 23, float4: 700, float8: 701, numeric: 1700 };

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  // SQLite has no booleans: both engines answer 1 and 0.
  [oid.bool]: (text) => (text === 't' ? 1 : 0),
  [oid.int8]: wholeNumber,
  [oid.int2]: Number,
  [oid.int4]: Number,
  [oid.float4]: Number,
  [oid.float8]: Number,
  [oid.numeric]: Number,
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond the whole numbers that can be represented`);
  return value;
}

function sameText(text: string): string {
  return text;
}

export function clientConfig(
  url: string,
  role: string,
  limits: PostgresLimits,
  pooler: Pooler = 'none',
): pg.ClientConfig {
  const place = new URL(url);
  const asked = place.searchParams.get('options');
  place.searchParams.delete('options');
  const direct: pg.ClientConfig = {
    statement_timeout: limits.statementTimeoutMs,
    lock_timeout: limits.lockTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionTimeoutMs,
    options: asked === null ? serverSettings : `${serverSettings} ${asked}`,
  };
  return {
    connectionString: place.href,
    application_name: `tidewheel ${role}`,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    query_timeout: limits.statementTimeoutMs + limits.answerMarginMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    types: { getTypeParser: (type: number) => parsers[type] ?? sameText },
    ...(pooler === 'none' ? direct : {}),
  };
}

/** What begins a transaction: through a pooler it brings the limits along. */
export function beginning(limits: PostgresLimits, pooler: Pooler, snapshot = false): string {
  const begin = `begin isolation level ${snapshot ? 'repeatable read read only' : 'read committed'}`;
  if (pooler === 'none') return begin;
  return `${begin};
    set local statement_timeout = ${limits.statementTimeoutMs}; set local lock_timeout = ${limits.lockTimeoutMs};
    set local idle_in_transaction_session_timeout = ${limits.idleInTransactionTimeoutMs}`;
}
