// How long a backup, its verification and a restore of many archived runs take, on SQLite and as rows into PostgreSQL:
//   node --conditions=source bench/restore.ts [runs]

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkSeal } from '../packages/server/src/drivers/archive/chunk-seal.ts';
import { directoryTarget } from '../packages/server/src/drivers/archive/directory-target.ts';
import { openPostgres } from '../packages/server/src/drivers/postgres/database.ts';
import { openSqlite } from '../packages/server/src/drivers/sqlite/database.ts';
import { sqliteImage, sqlitePlace } from '../packages/server/src/drivers/sqlite/image.ts';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import { logicalImage, logicalPlace } from '../packages/server/src/master/backup/logical.ts';
import { BackupRepository } from '../packages/server/src/master/backup/repository.ts';
import { backupRestore } from '../packages/server/src/master/backup/restoring.ts';
import { backupTake } from '../packages/server/src/master/backup/taking.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import type { RestorePlace, StoreImage } from '../packages/server/src/ports/store-image.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { seedJob } from '../packages/server/src/store/testing/seed.ts';
import { createDatabase } from '../test/support/postgres.ts';

const runs = Number(process.argv[2] ?? 1_000_000);
const directory = mkdtempSync(join(tmpdir(), 'tidewheel-restore-'));
const path = join(directory, 'store.db');
const quiet = (): void => undefined;

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

const db = openSqlite({ path, nowMs: Date.now });
await migrate(db);
const job = await seedJob(db);
const attempts = JSON.stringify([
  {
    attempt: 1,
    attemptId: job.jobId,
    sessionId: job.jobId,
    worker: 'worker-1',
    claimedAt: 1,
    startedAt: 2,
    endedAt: 3,
    outcome: 'succeeded',
    error: null,
  },
]);
await timed(`${runs} archived runs made`, async () => {
  for (let from = 0; from < runs; from += 50_000)
    await db.query(
      `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, attempt,
         attempt_id, started_at, finished_at, attempts, payload, output)
       select printf('01900000-%04x-7%03x-8%03x-%012x', value / 65536, value % 4096, value % 2048, value), 'default', $1, $2, $3, 'succeeded', 0,
         now_ms() - value, now_ms() - value, 'api', 1, $1, now_ms() - value, now_ms() - value, $4, '{"n":' || value || '}', '"done"'
       from (with recursive series (value) as (select $5 union all select value + 1 from series where value < $6) select value from series)`,
      [job.jobId, job.versionId, job.laneId, attempts, from, Math.min(runs, from + 50_000) - 1],
    );
});
await db.query('pragma wal_checkpoint(truncate)');
console.log(`file: ${(statSync(path).size / 1e6).toFixed(0)} MB`);

const target = join(directory, 'backups');
mkdirSync(target);
const keys = [Buffer.alloc(32, 7)];
const fresh = (): BackupRepository =>
  new BackupRepository(
    directoryTarget(target, systemIdentity.random, Date.now),
    chunkSeal(keys, systemIdentity.secret),
  );
const order = { choice: null, permit: () => Promise.resolve() };

async function measure(name: string, image: StoreImage, place: RestorePlace): Promise<void> {
  const source = { db, image, identity: systemIdentity, version: 'bench' };
  const repository = fresh();
  const manifest = await timed(`${name}: backup`, () => backupTake(repository, source, systemIdentity.next(), quiet));
  console.log(`${name}: ${(repository.storedBytes / 1e6).toFixed(0)} MB stored`);
  await timed(`${name}: the same again`, () => backupTake(fresh(), source, systemIdentity.next(), quiet));
  await timed(`${name}: restore, checked`, () => backupRestore(fresh(), manifest, place, systemIdentity, quiet, order));
}

await measure(
  'sqlite',
  sqliteImage(path),
  sqlitePlace({ path: join(directory, 'back.db'), replace: false, stamp: '', nowMs: Date.now }),
);
const server = await createDatabase();
const postgres = await openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
await migrate(postgres);
await measure(
  'rows into PostgreSQL',
  logicalImage(db),
  logicalPlace({ name: 'postgres', db: postgres, setClock: () => Promise.resolve() }),
);
await postgres.close();
await server.drop();
await db.close();
rmSync(directory, { recursive: true });
process.exit(0);
