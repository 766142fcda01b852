// Joins what backups need: the target and its keys, the images of the store's engine, and places to restore into.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupManifest, Refusal } from '@tidewheel/protocol';
import type { BackupConfig, StoreConfig } from '../config.ts';
import { chunkSeal, readKeys } from '../drivers/archive/chunk-seal.ts';
import { directoryTarget } from '../drivers/archive/directory-target.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { sqliteImage, sqlitePlace } from '../drivers/sqlite/image.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { logicalImage, logicalPlace } from '../master/backup/logical.ts';
import { BackupRepository } from '../master/backup/repository.ts';
import type { BackupMeans } from '../master/backup/means.ts';
import type { BackupTarget } from '../ports/backup-target.ts';
import type { Database } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import type { RestorePlace, StoreImage } from '../ports/store-image.ts';
import { migrate } from '../store/migrate.ts';

/** How long a scratch server may take to recover. */
const recoveryPatienceMs = 3_600_000;
const nowMs = (): number => systemClock.wallMs();

/** Makes repositories on one target, which is opened once. `listed`: see BackupRepository. */
export async function openRepositories(
  config: BackupConfig,
): Promise<(options?: { listed: boolean }) => BackupRepository> {
  const target = await openTarget(config);
  const seal = chunkSeal(
    config.keyFile === null ? [] : readKeys(await secretIn('backup.keyFile', config.keyFile)),
    systemIdentity.secret,
  );
  return (options) => new BackupRepository(target, seal, options);
}

async function openTarget({ target, credentialsFile }: BackupConfig): Promise<BackupTarget> {
  if (target.kind === 'dir') return directoryTarget(target.path, systemIdentity.random, nowMs);
  const { s3Target } = await import('../drivers/archive/s3-target.ts');
  const text = await secretIn('backup.credentialsFile', credentialsFile ?? '');
  const [accessKeyId = '', secretAccessKey = ''] = text.split('\n').map((line) => line.trim());
  if (accessKeyId === '' || secretAccessKey === '')
    throw new Refusal(
      'INVALID_CONFIG',
      'backup.credentialsFile: expected the access key on one line, the secret on the next',
    );
  const { endpoint, region, bucket, prefix } = target;
  return s3Target({ endpoint, region, bucket, prefix, accessKeyId, secretAccessKey });
}

/** What a master makes backups of its own store with. */
export async function openBackups(
  config: BackupConfig,
  store: StoreConfig,
  db: Database,
  log: Log,
): Promise<BackupMeans> {
  const repository = await openRepositories(config);
  const physical = await physicalImage(config, store, db);
  return {
    targetName: repository().target.name,
    everyMs: config.everyMs,
    keep: config.keep,
    repository,
    image: (kind) => (kind === 'logical' ? logicalImage(db) : physical),
    scratch: (manifest) => scratchPlace(config, manifest, log),
  };
}

async function physicalImage(config: BackupConfig, store: StoreConfig, db: Database): Promise<StoreImage> {
  if (store.engine === 'sqlite') return sqliteImage(store.path, config.scratch ?? undefined);
  const { postgresImage } = await import('../drivers/postgres/image.ts');
  return postgresImage({ url: store.url, db, programs: programsOf(config) });
}

const programsOf = ({ postgresPrograms: directory, searchPath }: BackupConfig) => ({ directory, searchPath });

/** A place of its own that goes away when it is discarded. */
export async function scratchPlace(config: BackupConfig, manifest: BackupManifest, log: Log): Promise<RestorePlace> {
  const around = await mkdtemp(join(config.scratch ?? tmpdir(), 'tidewheel-verify-'));
  const directory = join(around, 'store');
  const place =
    manifest.kind === 'postgres'
      ? await serverPlace(config, manifest, directory, { goal: null, around }, log)
      : manifest.kind === 'sqlite'
        ? sqlitePlace({ path: `${directory}.db`, replace: false, stamp: '', nowMs })
        : await rowsPlace(directory);
  return withoutDirectory(place, around);
}

/** A file of SQLite serves for rows of either engine. */
async function rowsPlace(directory: string): Promise<RestorePlace> {
  let at: number | null = null;
  const db = openSqlite({ path: `${directory}.db`, nowMs: () => at ?? nowMs() });
  await migrate(db);
  const setClock = (now: number | null): Promise<void> => {
    at = now;
    return Promise.resolve();
  };
  const place = logicalPlace({ name: directory, db, setClock });
  return { ...place, discard: () => db.close() };
}

function withoutDirectory(place: RestorePlace, directory: string): RestorePlace {
  return {
    name: place.name,
    write: (path, mode, content) => place.write(path, mode, content),
    open: () => place.open(),
    settle: () => place.settle(),
    discard: async () => {
      await place.discard();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface ServerGoal {
  readonly until: string | null;
  readonly fetchAll: (directory: string) => Promise<void>;
}

export async function serverPlace(
  config: BackupConfig,
  manifest: BackupManifest,
  directory: string,
  { goal, around }: { readonly goal: ServerGoal | null; readonly around: string | null },
  log: Log,
): Promise<RestorePlace> {
  const { position } = manifest;
  if (position.postgres === undefined)
    throw new Refusal('BACKUP_CORRUPT', `${manifest.id} does not say where it stands`);
  const { postgresPlace } = await import('../drivers/postgres/place.ts');
  const ports = { clock: systemClock, identity: systemIdentity, log };
  const programs = programsOf(config);
  return postgresPlace({
    directory,
    around,
    position: position.postgres,
    programs,
    goal,
    patienceMs: recoveryPatienceMs,
    ...ports,
  });
}

async function secretIn(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Refusal('INVALID_CONFIG', `${key}: ${path} cannot be read`, { cause: error });
  }
}
