// Migration 9 on a PostgreSQL store that has history and masters of the version before: nothing is copied, nothing is lost, and what those
// masters write afterwards arrives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { silentLog } from '../ports/log.ts';
import { migrate, readMigrations } from './migrate.ts';
import { seedId } from './testing/seed.ts';

const insertRun = `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
  attempt, finished_at, attempts) values ($1, 'n', $1, $1, $1, 'succeeded', 0, 0, 0, 'api', 1, 0, '[]')`;
const insertLog = `insert into log_chunk (run_id, attempt_id, seq, attempt, at, stream, text)
  values ($1, $1, 1, 1, 0, 'out', 'x') on conflict (run_id, attempt_id, seq) do nothing returning seq`;

test('the archive becomes partitioned without being copied, beside masters that write to it', {
  timeout: 60_000,
}, async (t) => {
  const server = await createDatabase();
  const open = () =>
    openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog, poolSize: 2 });
  const [writer, other] = [await open(), await open()];
  t.after(async () => {
    await Promise.all([writer.close(), other.close()]);
    await server.drop();
  });
  const all = readMigrations();
  const before = all.findIndex(({ name }) => name === 'growth');
  await migrate(writer, all.slice(0, before));
  const fileOf = async (table: string) =>
    (await writer.query<{ file: string }>('select pg_relation_filenode($1)::text as file', [table]))[0]?.file;
  const [runs, logs, index] = [await fileOf('run_archive'), await fileOf('log_chunk'), await fileOf('run_archive_job')];
  const ids = [seedId(), seedId(), seedId()];
  await writer.query(insertRun, [ids[0] ?? '']);
  let migrated: Promise<number[]> | undefined;
  await writer.transaction(async (tx) => {
    await tx.query(insertRun, [ids[1] ?? '']);
    migrated = migrate(other, all);
    migrated.catch(() => undefined);
    const waits = 'select 1 from pg_locks l where not l.granted limit 1';
    while ((await tx.query(waits)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await tx.query(insertLog, [ids[1] ?? '']);
  });
  assert.deepEqual(
    await migrated,
    all.slice(before).map(({ version }) => version),
  );
  await writer.query(insertRun, [ids[2] ?? '']);
  assert.deepEqual(
    await writer.query('select id from any_run order by id'),
    ids.map((id) => ({ id })),
  );
  assert.equal((await writer.query(insertLog, [ids[1] ?? ''])).length, 0, 'a repeated chunk changes nothing');
  await assert.rejects(writer.query(insertRun, [ids[2] ?? '']), /run_archive_old_pkey/);
  assert.deepEqual(
    [await fileOf('run_archive_old'), await fileOf('log_chunk_old'), await fileOf('run_archive_old_job')],
    [runs, logs, index],
  );
});

test('tables that are rewritten or grow without end have their own settings of autovacuum', async (t) => {
  const server = await createDatabase();
  const db = await openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
  t.after(async () => {
    await db.close();
    await server.drop();
  });
  await migrate(db);
  const rows = await db.query<{ name: string; options: string }>(
    `select relname::text as name, array_to_string(reloptions, ' ') as options from pg_class
     where relkind = 'r' and reloptions is not null and relnamespace = 'public'::regnamespace order by 1`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    [
      'event',
      'fire',
      'idempotency',
      'lease',
      'lock',
      'log_chunk_old',
      'master',
      'run',
      'run_archive_old',
      'schedule',
      'session',
    ],
  );
  const optionsOf = (table: string) => rows.find(({ name }) => name === table)?.options ?? '';
  assert.match(optionsOf('run'), /autovacuum_vacuum_scale_factor=0\.02/);
  assert.match(optionsOf('run_archive_old'), /autovacuum_freeze_min_age=0/);
  assert.match(optionsOf('session'), /fillfactor=50/);
});
