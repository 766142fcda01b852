// What whole-system tests rely on when they stop, kill and restart their database.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  createDatabase,
  ensurePostgres,
  findPostgres,
  type PostgresCluster,
  sharedPostgres,
  startPostgres,
} from './postgres.ts';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The first error of a session; the driver may tell of the same loss twice. */
function loss(client: pg.Client): Promise<Error> {
  return new Promise((resolve) => client.on('error', resolve));
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds(); await sleep(50)) {
    if (Date.now() > deadline) assert.fail(`${what} does not come true`);
  }
}

const clusters: PostgresCluster[] = [];
after(() => Promise.all(clusters.map((cluster) => cluster.stop())));

test('a private cluster has the wanted settings, keeps fsync and does not run as root', async () => {
  const cluster = await startPostgres({ settings: { max_connections: '17' } });
  clusters.push(cluster);
  const shown = await query(cluster.url, `select current_setting('fsync') f, current_setting('max_connections') m`);
  assert.deepEqual(shown, [{ f: 'on', m: '17' }]);
  if (existsSync('/proc/self/status')) {
    assert.doesNotMatch(readFileSync(`/proc/${cluster.pid}/status`, 'utf8'), /^Uid:\s+0\b/m);
  }
});

test('each database is fresh, and dropping one ends its sessions', async () => {
  const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
  assert.notEqual(one.url, two.url);
  assert.equal(await sharedPostgres(), await sharedPostgres());
  await query(one.url, 'create table t (a int)');
  assert.deepEqual(await query(two.url, `select 1 from information_schema.tables where table_name = 't'`), []);
  const session = new pg.Client({ connectionString: one.url });
  const ended = loss(session);
  await session.connect();
  await one.drop();
  await ended;
  await assert.rejects(query(one.url, 'select 1'), /does not exist/);
});

test('what was committed survives a kill and a restart on the same address', async () => {
  const cluster = await startPostgres();
  clusters.push(cluster);
  const { url } = await cluster.createDatabase();
  await query(url, 'create table t (a int); insert into t values (7)');
  const client = new pg.Client({ connectionString: url });
  const cut = loss(client);
  await client.connect();
  const before = cluster.pid;
  await cluster.kill();
  await cut;
  assert.equal(exists(before), false);
  assert.throws(() => cluster.pid, /not running/);
  await assert.rejects(query(url, 'select 1'));
  await cluster.restart();
  assert.notEqual(cluster.pid, before);
  assert.deepEqual(await query(url, 'select a from t'), [{ a: 7 }]);
  await cluster.restart();
  assert.deepEqual(await query(url, 'select a from t'), [{ a: 7 }]);
});

test('stopping removes everything and may be done twice', async () => {
  const cluster = await startPostgres();
  const { pid, dataDir } = cluster;
  await cluster.stop();
  await cluster.stop();
  assert.equal(exists(pid), false);
  assert.equal(existsSync(dirname(dataDir)), false);
  await assert.rejects(cluster.restart(), /stopped and removed/);
});

for (const [how, end] of [
  ['ends without stopping it', 'process.stdin.destroy()'],
  ['fails', `throw new Error('as a test does')`],
  ['is interrupted', `process.kill(process.pid, 'SIGINT')`],
  ['is killed', `process.kill(process.pid, 'SIGKILL')`],
] as const) {
  test(`a cluster is removed when its process ${how}`, async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'postgres.ts'));
    const script = `
      const { startPostgres } = await import(${module});
      const { pid, dataDir } = await startPostgres();
      console.log(JSON.stringify({ pid, dataDir }));
      process.stdin.once('data', () => { ${end} });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { pid, dataDir } = JSON.parse(line) as { pid: number; dataDir: string };
    assert.equal(exists(pid), true);
    const gone = once(child, 'exit');
    child.stdin.write('go\n');
    await gone;
    await until('the end of the server', () => !exists(pid));
    await until('the removal of its directory', () => !existsSync(dirname(dataDir)));
  });
}

test('a PostgreSQL that is too old or not whole is passed over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewheel-find-'));
  try {
    const old = join(folder, 'old');
    const half = join(folder, 'half');
    const good = join(folder, 'good');
    for (const path of [old, half, good]) mkdirSync(path);
    const says = (version: string): string => `#!/bin/sh\necho 'postgres (PostgreSQL) ${version}'\n`;
    for (const program of ['initdb', 'postgres', 'pg_basebackup']) {
      writeFileSync(join(old, program), says('14.9'), { mode: 0o755 });
      symlinkSync(join(ensurePostgres(), program), join(good, program));
    }
    writeFileSync(join(half, 'initdb'), says('17.2'), { mode: 0o755 });
    assert.equal(findPostgres([old, half, good].join(':')), good);
    assert.notEqual(findPostgres([old, half].join(':')), half);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
