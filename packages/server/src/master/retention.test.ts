// Retention on both engines, and what only PostgreSQL has: days that are dropped as a whole.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { dayMs } from '../core/archive-days.ts';
import { serverLimits } from '../core/limits.ts';
import { partsOf } from '../store/archive-parts.ts';
import { virtualPostgres, virtualSqlite } from '../store/testing/virtual-store.ts';
import { testRetention } from './testing/retention.ts';
import { RetentionBench } from './testing/retention-bench.ts';

testRetention('SQLite', virtualSqlite);
testRetention('PostgreSQL', virtualPostgres);

describe('days of the archive on PostgreSQL', { timeout: 120_000 }, () => {
  const setup = async (t: TestContext) => {
    const store = await virtualPostgres();
    t.after(() => store.close());
    return new RetentionBench(store);
  };

  test('what was there before becomes one partition, and days follow it, some of them ahead', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.archive([
      { job, madeAt: bench.ago(40) },
      { job, madeAt: bench.ago(0) },
    ]);
    assert.deepEqual(await bench.parts(), ['run_archive_old']);
    await bench.days();
    const names = ['20260106', '20260107', '20260108', '20260109'].map((day) => `run_archive_${day}`);
    assert.deepEqual(await bench.parts(), [...names, 'run_archive_old', 'run_archive_rest']);
    assert.equal((await bench.left()).length, 2);
    await bench.store.advance(dayMs);
    await bench.days();
    assert.ok((await bench.parts()).includes('run_archive_20260110'));
  });

  test('a large archive is cut a week ahead, after it was proven beside everybody; a leader goes on where the last one stopped', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.archive([{ job, madeAt: bench.ago(1) }]);
    await bench.db.query(
      `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, attempt,
         finished_at, attempts)
       select (substr(id::text, 1, 14) || '7fff-8000-' || lpad(to_hex(i), 12, '0'))::uuid, namespace, job_id, job_version_id, lane_id,
         state, priority, due_at, created_at, trigger_kind, attempt, finished_at, attempts
       from run_archive, generate_series(1, $1) i`,
      [serverLimits.archiveCutRows],
    );
    // Stopped after the bound was said.
    await bench.db.query(
      `alter table run_archive_old add constraint run_archive_old_bound check (id < '019bb6a6-0000-0000-0000-000000000000') not valid`,
    );
    await bench.days();
    const parts = await partsOf(bench.db, 'run_archive');
    const old = parts.find(({ name }) => name === 'run_archive_old');
    assert.equal(old?.from, null);
    assert.equal(old.to, Number.parseInt('019bb6a60000', 16));
    assert.equal(
      (await bench.db.query(`select 1 from pg_constraint where conname = 'run_archive_old_bound'`)).length,
      0,
    );
    assert.equal(await bench.count('run_archive'), serverLimits.archiveCutRows + 1);
  });

  test('a bound that time has nearly reached is given up, so that no run is refused', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.archive([{ job, madeAt: bench.ago(1) }]);
    const near = (bench.store.now + 3_600_000).toString(16).padStart(12, '0');
    await bench.db.query(
      `alter table run_archive_old add constraint run_archive_old_bound check (id < '${near.slice(0, 8)}-${near.slice(8)}-0000-0000-000000000000') not valid`,
    );
    await bench.days();
    assert.ok((await bench.parts()).length > 1);
    await bench.archive([{ job, madeAt: bench.store.now + 2 * 3_600_000 }]);
  });

  test('a day that has run out is dropped, and what has to stay of it is found as before', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.days();
    const day = bench.store.now + 2 * dayMs;
    const ids = await bench.archive([
      ...Array.from({ length: 50 }, () => ({ job, madeAt: day, logs: 1 })),
      { job, madeAt: day, state: 'failed' as const, logs: 2 },
    ]);
    await bench.store.advance(40 * dayMs);
    await bench.days();
    await bench.pass();
    assert.deepEqual(await bench.left(), ids.slice(-1));
    assert.equal(await bench.count('log_chunk'), 2);
    const parts = await bench.parts();
    assert.ok(!parts.includes('run_archive_20260107'), 'the day is gone');
    assert.equal(parts.filter((name) => name.includes('_g')).length, 1, parts.join(' '));
    assert.equal(bench.removed['runs'], 50);
    assert.equal(bench.removed['logChunks'], 50);
    // A run of that day that ends late still has its place.
    await bench.archive([{ job, madeAt: day, finishedAt: bench.store.now }]);
    assert.equal((await bench.left()).length, 2);
    await bench.store.advance(100 * dayMs);
    await bench.days();
    await bench.pass();
    assert.deepEqual(await bench.left(), []);
    assert.deepEqual(
      (await bench.parts()).filter((name) => name.includes('_g')),
      [],
    );
  });

  test('small neighbours become one partition', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.days();
    const first = bench.store.now + dayMs;
    for (const day of [0, 1, 2]) await bench.archive([{ job, madeAt: first + day * dayMs, state: 'failed' }]);
    await bench.store.advance(40 * dayMs);
    await bench.pass();
    const kept = (await partsOf(bench.db, 'run_archive')).filter(({ generation }) => generation > 0);
    assert.equal(kept.length, 1);
    assert.equal((kept[0]?.to ?? 0) - (kept[0]?.from ?? 0), 4 * dayMs);
    assert.equal((await bench.left()).length, 3);
  });

  test('while somebody reads a day it is not dropped, nobody waits for that, and it goes later', async (t) => {
    const bench = await setup(t);
    const job = await bench.job();
    await bench.days();
    await bench.archive([{ job, madeAt: bench.store.now + 2 * dayMs }]);
    await bench.store.advance(40 * dayMs);
    const read = Promise.withResolvers<void>();
    const passed = Promise.withResolvers<void>();
    const reader = bench.db.transaction(async (tx) => {
      await tx.query('select count(*) from run_archive_20260107');
      read.resolve();
      await passed.promise;
    });
    await read.promise;
    await bench.pass();
    // Smaller steps have removed the row: they need no lock that a reader minds.
    assert.equal((await bench.left()).length, 0);
    assert.ok((await bench.parts()).includes('run_archive_20260107'));
    passed.resolve();
    await reader;
    await bench.pass();
    assert.ok(!(await bench.parts()).includes('run_archive_20260107'));
  });
});
