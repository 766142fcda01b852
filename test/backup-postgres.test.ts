// A base backup of a real server with its log archived by our own tool, and the same cluster at a chosen moment between two others.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { programOf, runProgram, serverOwner } from '../packages/server/src/drivers/postgres/programs.ts';
import { auditFires } from '../packages/server/src/master/fire-audit.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { storeNow } from '../packages/server/src/store/jobs.ts';
import { type PostgresCluster, startPostgres } from './support/postgres.ts';
import { eventually, programArguments, scratch, tidewheel } from './support/tidewheel.ts';

async function open(url: string, target: string | null, failures: unknown[]): Promise<System> {
  const flags = {
    store: url,
    listen: '127.0.0.1:0',
    'store-pool': '4',
    ...(target === null ? {} : { 'backup-target': target }),
  };
  const config = readConfig({ flags, env: { PATH: process.env['PATH'] }, file: null });
  return compose(config, { version: 'test', log: silentLog, fatal: (error) => failures.push(error) });
}

/** A server on a data directory that stands for itself, as an operator would start it. */
async function serverOn(context: TestContext, directory: string, port: string): Promise<void> {
  const program = programOf('postgres', 0, { directory: null, searchPath: '' }, true);
  const args = [
    '-D',
    directory,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `port=${port}`,
    '-c',
    'unix_socket_directories=',
  ];
  const server = runProgram(program, args, { ...serverOwner(), cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  context.after(async () => {
    server.child.kill('SIGQUIT');
    await server.ended;
  });
}

const fired = async (system: System, until: number): Promise<number> => {
  const [row] = await system.store.db.query<{ n: number }>('select count(*) as n from fire where decided_at <= $1', [
    until,
  ]);
  return row?.n ?? 0;
};

async function archived(cluster: PostgresCluster, system: System): Promise<void> {
  const [row] = await system.store.db.query<{ wal: string }>('select pg_walfile_name(pg_switch_wal()) as wal');
  await eventually(
    'the log in the archive',
    async () => {
      const [seen] = await system.store.db.query<{ last: string | null; failed: string | null }>(
        'select last_archived_wal as last, last_failed_wal as failed from pg_stat_archiver',
      );
      return (seen?.last ?? '') >= (row?.wal ?? '') || undefined;
    },
    120_000,
  );
  assert.ok(cluster.pid > 0);
}

test('a cluster on PostgreSQL is restored to a moment between its backup and its end', {
  timeout: 300_000,
}, async (context) => {
  const directory = scratch(context);
  chmodSync(directory, 0o755);
  const backups = join(directory, 'backups');
  mkdirSync(backups);
  // The server's own user archives, we read.
  chmodSync(backups, 0o777);
  const target = `dir:${backups}`;
  const tool = ['env', 'HOME=/nonexistent', process.execPath, ...programArguments].join(' ');
  const cluster = await startPostgres({
    settings: { archive_mode: 'on', archive_command: `${tool} backup wal-push --backup-target=${target} %p` },
  });
  context.after(() => cluster.stop());
  const failures: unknown[] = [];
  const system = await open(cluster.url, target, failures);
  context.after(() => system.stop());
  const jobs = [
    { name: 'beat', task: 'nobody', schedules: [{ name: 'beat', cron: '* * * * * *', misfire: { policy: 'all' } }] },
  ];
  await system.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs }), { role: 'admin' });
  const begun = await storeNow(system.store.db);
  await eventually('some fires', async () => (await fired(system, Number.MAX_SAFE_INTEGER)) >= 3);

  // The leader begins one by itself, since there is none.
  const backup = await eventually(
    'a backup that counts',
    async () => {
      const [row] = await system.store.db.query<{ state: string; error: string | null; bytes: number }>(
        'select state, error, bytes from backup',
      );
      return row?.state === 'verified' || row?.state === 'failed' ? row : undefined;
    },
    90_000,
  );
  assert.equal(backup.state, 'verified', backup.error ?? '');
  assert.ok(backup.bytes > 1_000_000);
  const before = await fired(system, Number.MAX_SAFE_INTEGER);

  await eventually('later fires', async () => (await fired(system, Number.MAX_SAFE_INTEGER)) >= before + 5, 40_000);
  const moment = await storeNow(system.store.db);
  const wanted = await fired(system, moment);
  await eventually('fires after that', async () => (await fired(system, Number.MAX_SAFE_INTEGER)) >= wanted + 3);
  await archived(cluster, system);
  const password = new URL(cluster.url).password;
  await system.stop();
  await cluster.kill();

  const restored = join(directory, 'restored');
  const until = new Date(moment).toISOString();
  const done = await tidewheel([
    'backup',
    'restore',
    'latest',
    `--backup-target=${target}`,
    `--to-directory=${restored}`,
    `--until=${until}`,
  ]);
  assert.equal(done.code, 0, done.stderr);
  const again = await tidewheel([
    'backup',
    'restore',
    'latest',
    `--backup-target=${target}`,
    `--to-directory=${restored}`,
  ]);
  assert.equal(again.code, 4, again.stderr);
  assert.match(again.stderr, /TARGET_NOT_EMPTY/);

  const port = new URL(cluster.url).port;
  await serverOn(context, restored, port);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const risen = await eventually('the restored server', () => open(url, null, failures).catch(() => undefined), 30_000);
  context.after(() => risen.stop());
  const { db } = risen.store;
  assert.equal(
    await fired(risen, Number.MAX_SAFE_INTEGER),
    wanted,
    'neither a fire of later nor one of before is missing',
  );
  const { term } = (await db.query<{ term: number }>('select term from leader_term'))[0] ?? { term: 0 };
  assert.ok(term >= 1_000_000, `the term ${term} lies beyond those of the lost time`);
  await risen.master.restoreGap.choose({ gap: 'skip', unfinished: 'again', by: 'test', reason: 'test' });
  await eventually(
    'fires again',
    async () => {
      const rows = await db.query(`select 1 as one from fire where outcome = 'fired' and decided_at > $1`, [
        moment + 1000,
      ]);
      return rows.length >= 2 || undefined;
    },
    60_000,
  );
  const audit = await auditFires(db, { namespace: 'default', from: begun });
  assert.equal(audit.clean, true, JSON.stringify(audit));
  assert.ok((audit.schedules[0]?.skippedBy['restore-gap'] ?? 0) >= 1, JSON.stringify(audit));
  assert.deepEqual(failures, []);
});
