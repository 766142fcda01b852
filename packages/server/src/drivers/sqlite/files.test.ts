// SQLite on a file: one process at a time, what a killed process leaves behind, damaged files, reads beside a writer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type ErrorCode, Refusal } from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import { openSqlite } from './database.ts';

function freshPath(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-sqlite-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'data', 'tidewheel.db');
}

function open(path: string): Database {
  return openSqlite({ path, nowMs: () => 1, breathe: () => turn() });
}

async function fill(db: Database, rows = 20_000): Promise<void> {
  await db.query('create table note (id integer not null primary key, text text not null)');
  await db.query(
    `insert into note select x.id, x.text from ${db.dialect.rows('$1', 'x', { id: 'int', text: 'text' })}`,
    [JSON.stringify(Array.from({ length: rows }, (_, id) => ({ id, text: `note ${id}` })))],
  );
}

function refuses(code: ErrorCode, mention: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, mention);
    return true;
  };
}

/** A process that opens the file, says so, and commits rows until it is killed. */
async function writingProcess(path: string): Promise<{ kill: () => Promise<void>; committed: () => number }> {
  const script = `
    import { openSqlite } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
    const db = openSqlite({ path: process.argv[1], nowMs: () => 1 });
    await db.query('create table if not exists written (id integer not null primary key, text text not null)');
    for (let id = 0; ; id += 1) {
      await db.transaction((tx) => tx.query('insert into written (id, text) values ($1, $2)', [id, 'x'.repeat(500)]));
      process.stdout.write(id + '\\n');
      await new Promise((resolve) => setImmediate(resolve));
    }`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let committed = -1;
  child.stdout.on('data', (text: Buffer) => {
    committed = Number(text.toString().trim().split('\n').at(-1));
  });
  const gone = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), gone]);
  return {
    committed: () => committed,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('a SQLite file', { timeout: 60_000 }, () => {
  test('its directory is made, and what was committed is there after closing and opening', async (context) => {
    const path = freshPath(context);
    const db = open(path);
    await fill(db, 3);
    await db.close();
    const again = open(path);
    assert.deepEqual(await again.query('select count(*) as n from note'), [{ n: 3 }]);
    await again.close();
  });

  test('a second user in the same process is refused until the first has closed', async (context) => {
    const path = freshPath(context);
    const db = open(path);
    assert.throws(() => open(path), refuses('DATABASE_LOCKED', /tidewheel\.db/));
    await fill(db, 1);
    await db.close();
    await open(path).close();
  });

  test('a second process is refused; when the first is killed, all that it had committed is found', async (context) => {
    const path = freshPath(context);
    const other = await writingProcess(path);
    assert.throws(() => open(path), refuses('DATABASE_LOCKED', /tidewheel\.db/));
    await other.kill();
    const db = open(path);
    const [row] = await db.query<{ n: number; top: number }>('select count(*) as n, max(id) as top from written');
    assert.ok((row?.top ?? -1) >= other.committed(), `${row?.top} of ${other.committed()}`);
    assert.equal(row?.n, (row?.top ?? 0) + 1);
    await db.close();
  });

  test('a file damaged while nobody had closed it in order is found out when it is opened', async (context) => {
    const path = freshPath(context);
    await fillAndDamage(path, (file) => {
      const descriptor = openSync(file, 'r+');
      writeSync(descriptor, Buffer.alloc(4096, 0x5a), 0, 4096, 4096 * 40);
    });
    assert.throws(() => open(path), refuses('DATABASE_CORRUPT', /tidewheel\.db is damaged/));
    // It refuses again, and does not keep the directory locked.
    assert.throws(() => open(path), refuses('DATABASE_CORRUPT', /tidewheel\.db is damaged/));
  });

  test('a file that was cut short is found out', async (context) => {
    const path = freshPath(context);
    await fillAndDamage(path, (file) => truncateSync(file, Math.floor(statSync(file).size / 2)));
    assert.throws(() => open(path), refuses('DATABASE_CORRUPT', /damaged/));
  });

  test('a file that is no database is refused', async (context) => {
    const path = freshPath(context);
    await open(path).close();
    writeFileSync(path, 'Dear diary, '.repeat(1000));
    assert.throws(() => open(path), refuses('DATABASE_CORRUPT', /damaged/));
  });

  test('damage met later is told by the statement that meets it', async (context) => {
    const path = freshPath(context);
    const db = open(path);
    await fill(db);
    await db.close();
    const descriptor = openSync(path, 'r+');
    writeSync(descriptor, Buffer.alloc(4096, 0x5a), 0, 4096, 4096 * 40);
    const again = open(path);
    await assert.rejects(
      again.query('select sum(length(text)) as n from note'),
      refuses('DATABASE_CORRUPT', /malformed/),
    );
    await again.close();
  });

  test('reads do not wait for a transaction, and see only what is committed', async (context) => {
    const db = open(freshPath(context));
    await fill(db, 1);
    const written = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    const writing = db.transaction(async (tx) => {
      await tx.query(`insert into note values (7, 'seven')`);
      written.resolve();
      await read.promise;
    });
    await written.promise;
    assert.deepEqual(await db.query('select count(*) as n from note'), [{ n: 1 }]);
    assert.deepEqual(await db.query('with all_of_it as (select id from note) select id from all_of_it'), [{ id: 0 }]);
    read.resolve();
    await writing;
    assert.deepEqual(await db.query('select count(*) as n from note'), [{ n: 2 }]);
    await db.close();
  });

  test('a chain of transactions lets the event loop go round', async (context) => {
    const db = open(freshPath(context));
    await fill(db, 1);
    let rounds = 0;
    let busy = true;
    const watching = (async () => {
      while (busy) {
        await turn();
        rounds += 1;
      }
    })();
    for (let id = 1; id <= 20; id += 1)
      await db.transaction((tx) => tx.query(`insert into note values ($1, '')`, [id]));
    busy = false;
    await watching;
    assert.ok(rounds >= 20, `${rounds} rounds`);
    await db.close();
  });

  test('nothing but the database stays in the directory after closing in order', async (context) => {
    const path = freshPath(context);
    const db = open(path);
    await fill(db, 1);
    assert.ok(existsSync(`${path}-wal`));
    await db.close();
    for (const left of ['-wal', '-shm', '-lock-journal']) assert.equal(existsSync(path + left), false, left);
  });
});

/** A file of several pages whose last user did not close it. */
async function fillAndDamage(path: string, damage: (file: string) => void): Promise<void> {
  const db = open(path);
  await fill(db);
  await db.close();
  const closed = `${path}.closed`;
  copyFileSync(path, closed);
  const other = await writingProcess(path);
  await other.kill();
  for (const left of ['-wal', '-shm']) rmSync(path + left, { force: true });
  damage(closed);
  copyFileSync(closed, path);
}
