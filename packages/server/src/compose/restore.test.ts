// What is in the way of a restore: a store of another cluster, and a disk that is too small.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type BackupManifest, Refusal } from '@tidewheel/protocol';
import { startPostgres } from '../../../../test/support/postgres.ts';
import { type BackupConfig, readConfig } from '../config.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { lockDatabase } from '../drivers/sqlite/directory-lock.ts';
import { sqliteImage } from '../drivers/sqlite/image.ts';
import { postgresImage } from '../drivers/postgres/image.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { backupTake, bytesOf } from '../master/backup/taking.ts';
import { silentLog } from '../ports/log.ts';
import type { Database } from '../ports/database.ts';
import type { StoreImage } from '../ports/store-image.ts';
import { clusterId } from '../store/cluster-id.ts';
import { migrate } from '../store/migrate.ts';
import { openRepositories } from './open-backups.ts';
import { restore, type RestoreTarget, verify } from './restore.ts';

const quiet = (): void => undefined;
const mayMount = process.getuid?.() === 0 && process.platform === 'linux';
const refuses = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.code === code && words.test(error.message);

function setup(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-restore-'));
  chmodSync(directory, 0o755);
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const target = join(directory, 'backups');
  mkdirSync(target);
  const env = { PATH: process.env['PATH'] };
  const { backup: config } = readConfig({ flags: { 'backup-target': `dir:${target}` }, env, file: null });
  assert.ok(config !== null);
  return { directory, target, config };
}

async function take(config: BackupConfig, db: Database, image: StoreImage): Promise<BackupManifest> {
  const repository = (await openRepositories(config))();
  const source = { db, image, identity: systemIdentity, version: 'test' };
  return backupTake(repository, source, systemIdentity.next(), quiet);
}

async function back(config: BackupConfig, manifest: BackupManifest, to: RestoreTarget): Promise<unknown> {
  const repository = (await openRepositories(config))();
  return restore({ config, repository, manifest, to, until: null, choice: null, log: silentLog, tell: quiet });
}

/** Names and contents of all that lies in the target. */
function contentOf(target: string): string[] {
  const entries = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return paths.map((path) => `${path} ${readFileSync(path).toString('base64')}`);
}

test('a store of another cluster does not give way to a backup, and stays as it was', async (context) => {
  const { directory, config } = setup(context);
  const [own, other] = ['own.db', 'other.db'].map((name) => join(directory, name));
  assert.ok(own !== undefined && other !== undefined);
  const clusters: string[] = [];
  let manifest: BackupManifest | null = null;
  for (const path of [own, other]) {
    const db = openSqlite({ path, nowMs: Date.now });
    await migrate(db);
    clusters.push(await clusterId(db, systemIdentity));
    if (path === own) manifest = await take(config, db, sqliteImage(path));
    await db.close();
  }
  assert.ok(manifest !== null && clusters[0] !== clusters[1]);
  const before = readFileSync(other);
  const to = (path: string): RestoreTarget => ({ kind: 'store', store: { engine: 'sqlite', path }, replace: true });
  await assert.rejects(back(config, manifest, to(other)), (error) => {
    const all = new RegExp(`${clusters[1]}.*${clusters[0]}`);
    return refuses('OTHER_CLUSTER', all)(error);
  });
  assert.deepEqual(readFileSync(other), before);
  await back(config, manifest, to(own));
});

test('a second restore into the same place is refused while the first is under way, and touches nothing', async (context) => {
  const { directory, config } = setup(context);
  const [source, place] = [join(directory, 'source.db'), join(directory, 'place.db')];
  const db = openSqlite({ path: source, nowMs: Date.now });
  await migrate(db);
  await clusterId(db, systemIdentity);
  const manifest = await take(config, db, sqliteImage(source));
  await db.close();
  const to: RestoreTarget = { kind: 'store', store: { engine: 'sqlite', path: place }, replace: false };
  const first = lockDatabase(`${place}.restore`);
  writeFileSync(`${place}.restoring`, 'what the first has written');
  await assert.rejects(
    back(config, manifest, to),
    refuses('CONFLICT', /another restore into .*place\.db is under way/),
  );
  assert.equal(readFileSync(`${place}.restoring`, 'utf8'), 'what the first has written');
  first.release(true);
  await back(config, manifest, to);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('place')),
    ['place.db', 'place.db-lock'],
  );
});

test('a disk that is too small for a server of PostgreSQL is told as that, no directory is left, and the backup is as it was', {
  timeout: 180_000,
  skip: mayMount ? false : 'takes the right to mount',
}, async (context) => {
  const { directory, target, config } = setup(context);
  const cluster = await startPostgres();
  context.after(() => cluster.stop());
  const shared = { clock: systemClock, identity: systemIdentity, log: silentLog, poolSize: 4 };
  const db = await openPostgres({ ...shared, url: cluster.url });
  context.after(() => db.close());
  await migrate(db);
  await clusterId(db, systemIdentity);
  const programs = { directory: null, searchPath: process.env['PATH'] ?? '' };
  const manifest = await take(config, db, postgresImage({ url: cluster.url, db, programs }));
  const before = contentOf(target);
  const onDiskOf = async (bytes: number, words: RegExp): Promise<void> => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(bytes / 1024)}k,mode=755`, 'tidewheel-test', disk]);
    try {
      const to = { kind: 'directory', path: join(disk, 'data') } as const;
      await assert.rejects(back(config, manifest, to), refuses('BACKUP_FAILED', words));
      assert.equal(existsSync(to.path), false);
      assert.deepEqual(readdirSync(disk), []);
    } finally {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  };
  // In the middle of a file; then there is room for all files, but none for the server that recovers on them.
  await onDiskOf(bytesOf(manifest) / 2, /no space left on device/i);
  const pages = manifest.files.reduce((sum, file) => sum + Math.ceil(file.bytes / 4096) * 4096, 0);
  await onDiskOf(pages + 4 * 1024 * 1024, /no space left on device/i);
  assert.deepEqual(contentOf(target), before);
  const repository = (await openRepositories(config))();
  assert.ok((await verify({ config, repository, manifest, log: silentLog, tell: quiet })).rows);
});
