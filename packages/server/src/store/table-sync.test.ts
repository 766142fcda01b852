import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { RowsDigest, tablePages } from './table-rows.ts';
import { type TableSync, tableSync, tableSyncKeys } from './table-sync.ts';
import { tablesInBoth, tablesOf } from './tables.ts';
import { fillStore } from './testing/filled-store.ts';
import { type Engine, freshStore } from './testing/fresh-store.ts';

const engines = ['sqlite', 'postgres'] as const;
const ways = [
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['sqlite', 'sqlite'],
] as const;

async function setup(context: TestContext, from: Engine, to: Engine) {
  const [source, target] = [await freshStore(context, from), await freshStore(context, to)];
  const filled = await fillStore(source);
  const sync: TableSync = { source, target, identity: systemIdentity };
  return { source, target, sync, filled };
}

async function digests(db: Database, shapes: Awaited<ReturnType<typeof tablesOf>>): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const shape of shapes) {
    const digest = new RowsDigest(shape, systemIdentity.hash);
    for await (const rows of tablePages(db, shape)) digest.add(rows);
    all[shape.name] = digest.text;
  }
  return all;
}

async function syncAll({ source, target, sync }: Awaited<ReturnType<typeof setup>>) {
  const shapes = await tablesInBoth(source, target);
  let written = 0;
  for (const shape of shapes) written += (await tableSync(sync, shape)).written;
  return { shapes, written };
}

for (const [from, to] of ways)
  describe(`a copy from ${from} to ${to}`, { timeout: 120_000 }, () => {
    test('holds the same rows in every table, and going over it again writes nothing', async (context) => {
      const both = await setup(context, from, to);
      const { shapes, written } = await syncAll(both);
      assert.ok(written >= 40, `${written} rows`);
      const wanted = await digests(both.source, shapes);
      assert.match(wanted['run_archive'] ?? '', /^20:/);
      assert.match(wanted['run'] ?? '', /^2:/);
      assert.deepEqual(await digests(both.target, shapes), wanted);
      assert.equal((await syncAll(both)).written, 0);
    });

    test('is put right where rows were changed, lost or added in the target', async (context) => {
      const both = await setup(context, from, to);
      const { shapes } = await syncAll(both);
      const wanted = await digests(both.source, shapes);
      const db = both.target;
      await db.query('delete from run_archive where id = $1', [both.filled.archived[3] ?? '']);
      await db.query(`update job set name = 'other'`);
      await db.query(`insert into meta (key, value) values ('zzz', ''), ('0', '')`);
      await syncAll(both);
      assert.deepEqual(await digests(db, shapes), wanted);
    });

    test('finds by keys alone what was archived since, and what was forgotten', async (context) => {
      const both = await setup(context, from, to);
      const { shapes } = await syncAll(both);
      const archive = shapes.find(({ name }) => name === 'run_archive');
      assert.ok(archive);
      const [first = '', second = ''] = both.filled.archived;
      await both.source.query('delete from run_archive where id = $1', [first]);
      await both.target.query('delete from run_archive where id = $1', [second]);
      assert.ok((await tableSyncKeys(both.sync, archive)).written > 0);
      assert.deepEqual(await digests(both.target, shapes), await digests(both.source, shapes));
    });
  });

describe('the tables of a store', () => {
  for (const engine of engines)
    test(`on ${engine} have primary keys, so that rows can be told apart`, async (context) => {
      const tables = await tablesOf(await freshStore(context, engine));
      assert.ok(tables.length > 25, `${tables.length} tables`);
      const without = tables.filter(({ key }) => key.length === 0);
      assert.deepEqual(
        without.map(({ name }) => name),
        [],
      );
    });

  test('that differ are refused with their names', async (context) => {
    const [source, target] = [await freshStore(context, 'sqlite'), await freshStore(context, 'sqlite')];
    await target.query('alter table job add column colour text');
    await assert.rejects(tablesInBoth(source, target), /the tables of the two stores differ: job \(/);
  });
});
