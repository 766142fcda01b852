// Opens what a store's address names, as it is: nothing is migrated.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import type { StoreConfig } from '../config.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { breathe, systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { localSignals } from '../drivers/system/local-signals.ts';
import { type Database, StoreUnavailable } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import type { Reads } from '../ports/reads.ts';
import type { Signals } from '../ports/signals.ts';

export interface OpenDatabase {
  readonly db: Database;
  readonly signals: Signals;
}

/** Refusals: DATABASE_LOCKED, DATABASE_CORRUPT, STORE_UNREACHABLE, and what else the driver says of a server that must not be used. */
export async function openDatabase(config: StoreConfig, log: Log): Promise<OpenDatabase> {
  return config.engine === 'sqlite' ? openFile(config.path) : openCluster(config, log);
}

/** Null: there are no replicas to read from. */
export async function openReads(config: StoreConfig, db: Database, log: Log): Promise<Reads | null> {
  if (config.engine === 'sqlite' || config.replicas === undefined || config.replicas === null) return null;
  const { openReplicas } = await import('../drivers/postgres/replicas.ts');
  const { poolSize, replicas } = config;
  return openReplicas({ ...replicas, db, poolSize, clock: systemClock, log });
}

/** A store's address as it may stand in messages. */
export function storeName(config: StoreConfig): string {
  if (config.engine === 'sqlite') return `sqlite:${config.path}`;
  // Several servers may stand in it, so it is not one that `URL` reads; what stands before the @ is nobody's business.
  return config.url.replace(/^(\w+:\/\/)(?:[^@/]*@)?([^?]*).*$/, 'postgres://$2');
}

function openFile(path: string): OpenDatabase {
  // The directory holds the database and, with `dev`, a token: it is its owner's alone.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return { db: openSqlite({ path, nowMs: () => systemClock.wallMs(), breathe }), signals: localSignals() };
}

/** Loaded only when wanted, so that one process with SQLite starts quickly. */
async function openCluster(config: Extract<StoreConfig, { engine: 'postgres' }>, log: Log): Promise<OpenDatabase> {
  const { openPostgres } = await import('../drivers/postgres/database.ts');
  const { PostgresSignals } = await import('../drivers/postgres/signals.ts');
  const { url, poolSize, pooler = 'none', directUrl = null } = config;
  const shared = { clock: systemClock, identity: systemIdentity, log };
  try {
    const db = await openPostgres({ ...shared, url, poolSize, pooler });
    // LISTEN belongs to a session, which a pooler gives away with each transaction. Without signals everything is found by polling.
    const listenUrl = pooler === 'none' ? url : directUrl;
    if (listenUrl === null) {
      log.warn('without `store.direct` masters behind a pooler find news of each other by polling');
      return { db, signals: localSignals() };
    }
    const history = db.history === undefined ? {} : { history: db.history };
    return { db, signals: new PostgresSignals({ ...shared, url: listenUrl, ...history }) };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new Refusal(error.code ?? 'STORE_UNREACHABLE', error.message, { cause: error });
  }
}
