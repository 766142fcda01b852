// A store moved to another place or engine: opens both ends and runs master/store-copy.ts on them.

import { Refusal } from '@tidewheel/protocol';
import type { StoreConfig } from '../config.ts';
import { openSqliteBeside } from '../drivers/sqlite/database.ts';
import { breathe, systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { localSignals } from '../drivers/system/local-signals.ts';
import {
  type CopiedTable,
  type CopySource,
  type CopyStep,
  storeCopyBulk,
  storeCopyPrepare,
  storeCopySwitch,
} from '../master/store-copy.ts';
import type { Database } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import { migrate } from '../store/migrate.ts';
import { storeState, storeStateSet } from '../store/store-state.ts';
import { openDatabase, type OpenDatabase, storeName } from './open-database.ts';

export interface StoreCopyOptions {
  readonly log: Log;
  readonly tell: (step: CopyStep) => void;
  readonly interrupted: AbortSignal;
  /** Only what can be copied beside running masters. */
  readonly bulkOnly: boolean;
}

/** Answers what was copied; empty after the bulk alone. */
export async function copyStore(
  from: StoreConfig,
  to: StoreConfig,
  { log, bulkOnly, tell, interrupted }: StoreCopyOptions,
): Promise<CopiedTable[]> {
  const source = await openSource(from, log);
  try {
    const { db, signals } = await openDatabase(to, log);
    try {
      await migrate(db);
      const shared = { clock: systemClock, identity: systemIdentity, tell, interrupted };
      const deps = { ...shared, source: source.copied, target: { name: storeName(to), db } };
      const shapes = await storeCopyPrepare(deps);
      await storeCopyBulk(deps, shapes);
      return bulkOnly ? [] : await storeCopySwitch(deps, shapes, () => source.signals.publish('masters', null));
    } finally {
      await signals.close();
      await db.close();
    }
  } finally {
    await source.close();
  }
}

interface OpenSource {
  readonly copied: CopySource;
  readonly signals: OpenDatabase['signals'];
  close(): Promise<void>;
}

async function openSource(config: StoreConfig, log: Log): Promise<OpenSource> {
  const name = storeName(config);
  if (config.engine === 'postgres') {
    const { db, signals } = await openDatabase(config, log);
    const close = async () => {
      await signals.close();
      await db.close();
    };
    return { copied: { name, db, claim: () => Promise.resolve(db) }, signals, close };
  }
  const db = openSqliteBeside({ path: config.path, nowMs: () => systemClock.wallMs(), breathe });
  let own: Database | null = null;
  const claim = async (): Promise<Database | null> => {
    try {
      own ??= (await openDatabase(config, log)).db;
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'DATABASE_LOCKED') throw error;
    }
    return own;
  };
  const close = async () => {
    await own?.close();
    await db.close();
  };
  return { copied: { name, db, claim }, signals: localSignals(), close };
}

/** Takes a move or a copy back that was broken off: masters may work on this store again. Answers what it was. */
export async function reopenStore(config: StoreConfig, log: Log): Promise<string> {
  const { db, signals } = await openDatabase(config, log);
  try {
    return await db.transaction(async (tx) => {
      const { state, detail } = await storeState(tx);
      if (state === 'filling')
        throw new Refusal('CONFLICT', `${storeName(config)} holds only a part of what it was to hold, ${detail}`);
      if (state !== 'open') await storeStateSet(tx, 'open', '');
      return state === 'open' ? 'open' : `${state} ${detail}`;
    });
  } finally {
    await signals.close();
    await db.close();
  }
}
