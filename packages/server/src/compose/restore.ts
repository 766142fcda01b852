// A backup back into a store: chooses the place by what the backup is and where it is to go, and refuses before anything is written when what
// is there must not give way.

import { createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type BackupManifest, Refusal } from '@tidewheel/protocol';
import type { BackupConfig, StoreConfig } from '../config.ts';
import { openSqliteBeside } from '../drivers/sqlite/database.ts';
import { lockDatabase } from '../drivers/sqlite/directory-lock.ts';
import { sqlitePlace } from '../drivers/sqlite/image.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { logicalPlace } from '../master/backup/logical.ts';
import type { BackupRepository } from '../master/backup/repository.ts';
import { backupRestore, backupVerify, type Verification } from '../master/backup/restoring.ts';
import type { BackupProgress } from '../master/backup/taking.ts';
import { walEntry, walNames } from '../master/backup/wal-archive.ts';
import type { Log } from '../ports/log.ts';
import type { RestorePlace } from '../ports/store-image.ts';
import { migrate } from '../store/migrate.ts';
import type { ChosenGap } from '../store/restore-gap.ts';
import { openDatabase, storeName } from './open-database.ts';
import { scratchPlace, serverPlace } from './open-backups.ts';

export type RestoreTarget =
  | { readonly kind: 'store'; readonly store: StoreConfig; readonly replace: boolean }
  /** A data directory of PostgreSQL. */
  | { readonly kind: 'directory'; readonly path: string };

export interface RestoreRequest {
  readonly config: BackupConfig;
  readonly repository: BackupRepository;
  readonly manifest: BackupManifest;
  readonly to: RestoreTarget;
  /** Of PostgreSQL: `end` of the archive, a moment, or a place in the log; null: where the backup itself ends. */
  readonly until: string | null;
  readonly choice: ChosenGap | null;
  readonly log: Log;
  readonly tell: BackupProgress;
}

/** What a backup is worth: restored into a scratch instance on this machine. */
export async function verify({
  config,
  repository,
  manifest,
  log,
  tell,
}: Pick<RestoreRequest, 'config' | 'repository' | 'manifest' | 'log' | 'tell'>): Promise<Verification> {
  return backupVerify(repository, manifest, await scratchPlace(config, manifest, log), systemIdentity, tell);
}

export async function restore(request: RestoreRequest): Promise<Verification> {
  const { repository, manifest, choice, tell } = request;
  repository.assertVouched(manifest.id, manifest);
  const release = holdTarget(request.to);
  try {
    const { place, permit, close } = await placeOf(request);
    try {
      return await backupRestore(repository, manifest, place, systemIdentity, tell, { choice, permit });
    } finally {
      await close();
    }
  } finally {
    release();
  }
}

/** Two restores into one place would clear away what the other has written. */
function holdTarget(to: RestoreTarget): () => void {
  const path = to.kind === 'directory' ? to.path : to.store.engine === 'sqlite' ? to.store.path : null;
  if (path === null) return () => undefined;
  const name = `${path}.restore`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = lockDatabase(name);
    return () => {
      rmSync(`${name}-lock`, { force: true });
      lock.release(true);
      rmSync(`${name}-lock-journal`, { force: true });
    };
  } catch (error) {
    // Where nothing can be written the restore itself says why, better than a lock could.
    if (!(error instanceof Refusal) || error.code !== 'DATABASE_LOCKED') return () => undefined;
    throw new Refusal('CONFLICT', `another restore into ${path} is under way: wait until it has ended`, {
      cause: error,
    });
  }
}

interface ChosenPlace {
  readonly place: RestorePlace;
  readonly permit: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();
const nowMs = (): number => systemClock.wallMs();

async function placeOf({ config, repository, manifest, to, until, log }: RestoreRequest): Promise<ChosenPlace> {
  const { kind, id } = manifest;
  if (kind === 'postgres') {
    if (to.kind !== 'directory')
      throw new Refusal('BAD_REQUEST', `${id} is of a whole server: say --to-directory, and start PostgreSQL on it`);
    const goal = until === null ? null : goalOf(repository, manifest, until);
    return {
      place: await serverPlace(config, manifest, to.path, { goal, around: null }, log),
      permit: nothing,
      close: nothing,
    };
  }
  if (to.kind === 'directory' || until !== null)
    throw new Refusal('BAD_REQUEST', `${id} is of ${kind}: directories and --until are for backups of PostgreSQL`);
  if (kind === 'logical') return rowsInto(to.store, log);
  if (to.store.engine !== 'sqlite')
    throw new Refusal(
      'BAD_REQUEST',
      `${id} is a file of SQLite; a backup of the kind logical goes into PostgreSQL, too`,
    );
  const { path } = to.store;
  const stamp = new Date(nowMs()).toISOString().replaceAll(/[:.]/g, '-');
  const place = sqlitePlace({ path, replace: to.replace, stamp, nowMs });
  const permit = () => permitFile(path, to.replace, manifest);
  return { place, permit, close: nothing };
}

async function rowsInto(store: StoreConfig, log: Log): Promise<ChosenPlace> {
  const { db, signals } = await openDatabase(store, log);
  await migrate(db);
  // Its clock is not set back: what is overdue by then is no reason to call the rows damaged.
  const place = logicalPlace({ name: storeName(store), db, setClock: nothing });
  const close = async (): Promise<void> => {
    await signals.close();
    await db.close();
  };
  return { place, permit: nothing, close };
}

/** A file of another cluster never gives way; one that cannot be read does, since that is what backups are for. */
async function permitFile(path: string, replace: boolean, manifest: BackupManifest): Promise<void> {
  if (!existsSync(path)) return;
  if (!replace)
    throw new Refusal('TARGET_NOT_EMPTY', `there is a file ${path}; with --replace it gives way and stays beside it`);
  const found = await clusterIn(path);
  if (found !== null && found !== manifest.clusterId)
    throw new Refusal('OTHER_CLUSTER', `${path} is of the cluster ${found}, the backup of ${manifest.clusterId}`);
}

async function clusterIn(path: string): Promise<string | null> {
  try {
    const db = openSqliteBeside({ path, nowMs });
    try {
      const [row] = await db.query<{ value: string }>(`select value from meta where key = 'cluster_id'`);
      return row?.value ?? null;
    } finally {
      await db.close();
    }
  } catch {
    return null;
  }
}

function goalOf(repository: BackupRepository, { position }: BackupManifest, until: string) {
  const { systemId = '', startWal = '' } = position.postgres ?? {};
  return {
    until: until === 'end' ? null : until,
    fetchAll: async (directory: string): Promise<void> => {
      for (const name of await walNames(repository, systemId, startWal)) {
        const entry = await walEntry(repository, systemId, name);
        if (entry === null) continue;
        repository.assertVouched(`${name} of the archive`, entry);
        await pipeline(repository.read(entry, entry.file), createWriteStream(join(directory, name), { mode: 0o600 }));
      }
    },
  };
}
