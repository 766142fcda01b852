// What becomes of times that were set aside before a backup, when the gap after its restore is closed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '../master/testing/bench-context.ts';
import { DefinitionCache } from './definition-cache.ts';
import { gapSetAside } from './restore-gap-closing.ts';
import { seedJob, seedSchedule } from './testing/seed.ts';
import { virtualPostgres, virtualSqlite } from './testing/virtual-store.ts';

const minute = 60_000;

for (const [engine, open] of [
  ['SQLite', virtualSqlite],
  ['PostgreSQL', virtualPostgres],
] as const)
  test(`of several ranges of a schedule, only the newest keeps the last time: ${engine}`, async (t) => {
    const [bench, store] = [await openBench(), await open()];
    t.after(() => Promise.all([bench.close(), store.close()]));
    const { db } = store;
    const job = await seedJob(db);
    const twice = await seedSchedule(db, job, { every: minute }, 10 * minute);
    const before = await seedSchedule(db, job, { every: minute }, 0);
    const old = store.now - 30 * minute;
    for (const id of [twice, before])
      await db.query(
        'insert into catch_up (schedule_id, after_at, through_at, next_at, noticed_at) values ($1, $2, $3, $4, $3)',
        [id, old, old + 5 * minute, old + minute],
      );
    const choice = { gap: 'last', unfinished: 'again', by: 'ann', reason: 'a test' } as const;
    const deps = { ...bench.context, definitions: new DefinitionCache() };
    assert.equal(await db.transaction((tx) => gapSetAside(tx, deps, choice)), 1);
    const rows = await db.query<{ schedule_id: string; choice: string }>(
      'select schedule_id, choice from catch_up order by through_at, schedule_id',
    );
    const told = (id: string): string[] => rows.filter((row) => row.schedule_id === id).map((row) => row.choice);
    assert.deepEqual([told(twice), told(before)], [['skip', 'last'], ['last']]);
  });
