// What retention promises, on any engine. Test code only.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { dayMs } from '../../core/archive-days.ts';
import { serverLimits } from '../../core/limits.ts';
import type { RetentionSettings } from '../../core/retention.ts';
import { seedId, seedSchedule } from '../../store/testing/seed.ts';
import type { VirtualStore } from '../../store/testing/virtual-store.ts';
import { auditFires } from '../fire-audit.ts';
import { forever, RetentionBench } from './retention-bench.ts';

export function testRetention(engine: string, open: () => Promise<VirtualStore>): void {
  const setup = async (t: TestContext, changes: Partial<RetentionSettings> = {}) => {
    const store = await open();
    t.after(() => store.close());
    const bench = new RetentionBench(store, changes);
    await bench.days();
    return bench;
  };

  describe(`retention on ${engine}`, { timeout: 120_000 }, () => {
    test('runs go by their outcome, their job and their namespace, with their logs, and no others', async (t) => {
      const bench = await setup(t);
      const [plain, quick, longer] = [await bench.job(), await bench.job(), await bench.job('other')];
      await bench.rule(quick, 'succeeded', 2 * dayMs);
      await bench.rule('other', 'succeeded', 60 * dayMs);
      const ids = await bench.archive([
        { job: plain, madeAt: bench.ago(32), logs: 3 },
        { job: plain, madeAt: bench.ago(32), state: 'failed', logs: 2 },
        { job: plain, madeAt: bench.ago(92), state: 'lost' },
        { job: plain, madeAt: bench.ago(29) },
        { job: quick, madeAt: bench.ago(4) },
        { job: quick, madeAt: bench.ago(1) },
        { job: quick, madeAt: bench.ago(4), state: 'failed' },
        { job: longer, madeAt: bench.ago(40) },
        { job: longer, madeAt: bench.ago(62) },
      ]);
      await bench.pass();
      const left = new Set(await bench.left());
      assert.deepEqual(
        ids.map((id) => left.has(id)),
        [false, true, false, true, false, true, true, true, false],
      );
      assert.equal(await bench.count('log_chunk'), 2);
      assert.equal(bench.removed['runs'], 4);
    });

    test('a run that was long under way is kept from its end on', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      await bench.archive([{ job, madeAt: bench.ago(200), finishedAt: bench.ago(3) }]);
      await bench.pass();
      assert.equal((await bench.left()).length, 1);
      await bench.store.advance(30 * dayMs);
      await bench.pass();
      assert.equal((await bench.left()).length, 0);
    });

    test('what is held stays whatever the rules say, and goes when the hold is released', async (t) => {
      const bench = await setup(t);
      const [job, heldJob, inHeld] = [await bench.job(), await bench.job(), await bench.job('held')];
      const old = { madeAt: bench.ago(100), logs: 1 };
      const [gone = '', run = '', ofJob = '', ofNamespace = ''] = await bench.archive([
        { job, ...old },
        { job, ...old },
        { job: heldJob, ...old },
        { job: inHeld, ...old },
      ]);
      for (const [namespace, jobId, runId] of [
        ['default', null, run],
        ['default', heldJob.jobId, null],
        ['held', null, null],
      ] as const)
        await bench.db.query(
          `insert into hold (id, namespace, job_id, run_id, reason, placed_by, placed_at) values ($1, $2, $3, $4, 'case 7', 'ann', 0)`,
          [seedId(), namespace, jobId, runId],
        );
      await bench.pass();
      assert.deepEqual(new Set(await bench.left()), new Set([run, ofJob, ofNamespace]));
      assert.equal(await bench.count('log_chunk'), 3);
      assert.ok(!(await bench.left()).includes(gone));
      await bench.db.query('delete from hold');
      await bench.pass();
      assert.deepEqual(await bench.left(), []);
      assert.equal(await bench.count('log_chunk'), 0);
    });

    test('for ever is for ever', async (t) => {
      const bench = await setup(t, { runs: { succeeded: forever, failed: forever, canceled: forever } });
      const job = await bench.job();
      await bench.archive([{ job, madeAt: bench.ago(4000) }]);
      await bench.pass();
      assert.equal((await bench.left()).length, 1);
    });

    test('a long log goes in portions, and never after its run', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      await bench.archive([{ job, madeAt: bench.ago(40), logs: serverLimits.retentionLogs * 2 + 1 }]);
      await bench.pass();
      assert.deepEqual([await bench.count('log_chunk'), (await bench.left()).length], [0, 0]);
    });

    test('many runs go in many steps, each of them small', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      // Made within the last day that is not dropped as a whole.
      await bench.rule(job, 'succeeded', dayMs);
      await bench.archive(Array.from({ length: 5000 }, () => ({ job, madeAt: bench.ago(2) })));
      const steps = await bench.pass();
      assert.equal((await bench.left()).length, 0);
      assert.ok(steps > 5, `${steps} steps`);
    });

    test('the ends of fixed delays stay on the ledger, so that next time and audit count as before', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      const began = bench.ago(50);
      const id = await seedSchedule(bench.db, job, { delay: '10m' }, 50 * dayMs);
      const [row] = await bench.db.query<{ spec: string; anchor: number }>(
        'select spec, anchor_at as anchor from schedule where id = $1',
        [id],
      );
      await bench.db.query(
        `insert into schedule_version (schedule_id, version, spec, state, anchor_at, valid_from, changed_by) values ($1, 1, $2, 'enabled', $3, $3, 'test')`,
        [id, row?.spec ?? '', row?.anchor ?? 0],
      );
      // Each run takes five minutes, so a time comes every quarter of an hour.
      const fires = Array.from({ length: 8 }, (_, index) => began + 600_000 + index * 900_000);
      const runs = await bench.archive(
        fires.map((fireAt) => ({ job, madeAt: fireAt, finishedAt: fireAt + 300_000, schedule: { id, fireAt } })),
      );
      for (const [index, fireAt] of fires.entries())
        await bench.db.query(
          `insert into fire (schedule_id, fire_at, outcome, run_id, decided_at) values ($1, $2, 'fired', $3, $2)`,
          [id, fireAt, runs[index] ?? ''],
        );
      await bench.db.query('update schedule set cursor = $2 where id = $1', [id, fires.at(-1) ?? 0]);
      const audit = () => auditFires(bench.db, { namespace: 'default', from: began, to: fires.at(-1) ?? 0 });
      const before = await audit();
      assert.equal(before.clean, true, JSON.stringify(before));
      await bench.pass();
      assert.deepEqual(await bench.left(), []);
      const { clean, schedules } = await audit();
      assert.deepEqual({ clean, schedules }, { clean: true, schedules: before.schedules });
    });

    test('fires go after their time but for the newest, and audits begin where the ledger does', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      const id = await seedSchedule(bench.db, job, { every: '1d' }, 600 * dayMs);
      const fires = Array.from({ length: 599 }, (_, day) => ({ at: bench.ago(599 - day) }));
      await bench.db.query(
        `insert into fire (schedule_id, fire_at, outcome, reason, decided_at)
         select $2, x.at, 'skipped', 'overlap', x.at from ${bench.db.dialect.rows('$1', 'x', { at: 'bigint' })}`,
        [JSON.stringify(fires), id],
      );
      await bench.pass();
      const [first] = await bench.db.query<{ at: number }>('select min(fire_at) as at from fire');
      const { from, keptFrom } = await auditFires(bench.db, { namespace: 'default', from: 0 });
      assert.equal(keptFrom, Math.floor(bench.ago(400) / dayMs) * dayMs);
      assert.equal(from, keptFrom, 'what is outside the kept range is not audited');
      assert.ok((first?.at ?? 0) >= keptFrom && (first?.at ?? 0) < keptFrom + dayMs);
      await bench.store.advance(1000 * dayMs);
      await bench.pass();
      assert.equal(await bench.count('fire'), serverLimits.delayFires, 'the newest stay');
    });

    test('audit events, counts, late results and backfills go after their time', async (t) => {
      const bench = await setup(t);
      const { db } = bench;
      const job = await bench.job();
      for (const at of [bench.ago(500), bench.ago(100), bench.ago(10)]) {
        const id = `${at.toString(16).padStart(12, '0').slice(0, 8)}-${at.toString(16).padStart(12, '0').slice(8)}-7000-8000-000000000001`;
        await db.query(
          `insert into event (id, namespace, at, actor, action, subject, detail) values ($1, 'default', $2, 'a', 'b', 'c', 'null')`,
          [id, at],
        );
        await db.query(
          `insert into run_stat (namespace, minute, state, master_id, runs) values ('default', $1, 'succeeded', $2, 1)`,
          [at, seedId()],
        );
        await db.query(
          `insert into orphan (attempt_id, run_id, session_id, outcome, received_at) values ($1, $1, $1, 'failed', $2)`,
          [seedId(), at],
        );
        await db.query('insert into store_size (at, used_bytes) values ($1, 1)', [at]);
        const backfill = seedId();
        await db.query(
          `insert into backfill (id, namespace, schedule_id, job_id, state, spec, anchor_at, calendars, from_at, to_at, newest_first,
             missing_only, active, reason, total, next_run_at, live, created_by, created_at, finished_at)
           values ($1, 'default', $1, $2, 'done', '{}', 0, '{}', 0, 1, 0, 0, 1, 'r', 1, 0, 0, 'a', $3, $3)`,
          [backfill, job.jobId, at],
        );
        await db.query(
          `insert into backfill_fire (backfill_id, fire_at, run_id, ended_as) values ($1, 1, $1, 'succeeded')`,
          [backfill],
        );
      }
      await bench.pass();
      const kept = ['run_stat', 'orphan', 'store_size', 'backfill', 'backfill_fire'];
      assert.deepEqual(await Promise.all(kept.map((table) => bench.count(table))), [1, 1, 1, 2, 2]);
      const events = await db.query<{ action: string }>('select action from event order by id');
      assert.deepEqual(
        events.map(({ action }) => action),
        ['b', 'b', 'retention.remove'],
      );
      const [state] = await db.query<{ pass: string }>('select last_pass as pass from retention_state');
      assert.equal((JSON.parse(state?.pass ?? '{}') as { others: number }).others, 6);
    });

    test('a run that its backfill has not counted yet stays until it has', async (t) => {
      const bench = await setup(t);
      const job = await bench.job();
      const [id = ''] = await bench.archive([{ job, madeAt: bench.ago(90) }]);
      await bench.db.query(`update run_archive set trigger_kind = 'backfill'`);
      await bench.db.query(`insert into backfill_fire (backfill_id, fire_at, run_id) values ($1, 1, $2)`, [
        seedId(),
        id,
      ]);
      await bench.pass();
      assert.equal((await bench.left()).length, 1);
      await bench.db.query(`update backfill_fire set ended_as = 'succeeded'`);
      await bench.pass();
      assert.equal((await bench.left()).length, 0);
    });
  });
}
