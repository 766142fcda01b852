// What backfills promise, on any engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ErrorCode, limits, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { backfillFiresForget, type LedgerPlace } from '../../store/backfill-runs.ts';
import { auditFires } from '../fire-audit.ts';
import type { MasterContext } from '../deps.ts';
import { BackfillBench, minute, past } from './backfill-bench.ts';

const times = (count: number, from = past) => Array.from({ length: count }, (_, index) => from + index * minute);

async function refused(code: ErrorCode, pointer: string | null, work: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, String(error));
  assert.deepEqual([error.code, error.faults[0]?.pointer ?? null], [code, pointer], error.message);
  return error;
}

export function testBackfills(
  engine: string,
  open: () => Promise<{ context: MasterContext; close: () => Promise<void> }>,
) {
  describe(`backfills on ${engine}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let bench: BackfillBench;
    let tests = 0;

    before(async () => {
      opened = await open();
    });
    after(() => opened.close());
    beforeEach(() => {
      tests += 1;
      bench = new BackfillBench(opened.context, `backfills-${tests}`);
    });

    test('each nominal time of the range gets one run, the oldest first, and never more at once than was asked for', async () => {
      await bench.apply({});
      const { id, total } = await bench.begin({ active: 3 });
      assert.equal(total, 10);
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['running', 3, 0, 3, 0, 0]);
      await bench.end('succeeded', 1);
      await bench.end('failed', 1);
      assert.deepEqual(await bench.progress(id), ['running', 3, 0, 1, 1, 1]);
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['running', 5, 0, 3, 1, 1]);
      assert.equal(await bench.complete(id), 3);
      assert.deepEqual(await bench.madeFor(), times(10));
      assert.deepEqual(await bench.progress(id), ['done', 10, 0, 0, 9, 1]);
      assert.ok((await bench.view(id)).finishedAt);
    });

    test('the newest first goes backward through the same times', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 4, order: 'newest' });
      await bench.complete(id);
      assert.deepEqual(await bench.madeFor(), times(10).toReversed());
    });

    test('a run tells its logical time and its data interval, brings the payload, and gives way to runs of the present', async () => {
      await bench.apply({ cron: '*/10 * * * *', payload: { from: 'schedule' } }, { priority: 7 });
      await bench.begin({ from: past, to: past + 1, active: 9 });
      await bench.begin({ from: past, to: past + 1, active: 9, payload: 'own' });
      await bench.settle();
      const [first, second] = await bench.unfinished();
      assert.deepEqual(
        [first?.fire_at, first?.previous_fire_at, first?.next_fire_at, first?.priority, first?.payload],
        [past, past - 10 * minute, past + 10 * minute, 6, '{"from":"schedule"}'],
      );
      assert.equal(second?.payload, '"own"');
    });

    test('what one step leaves is taken up at once, not at the next poll', async () => {
      await bench.apply({});
      const count = serverLimits.backfillStep + 5;
      const { id } = await bench.begin({ to: past + count * minute, active: limits.backfillActive });
      const master = bench.master();
      while ((await bench.view(id)).decided < count) assert.ok((await master.look()) < 100);
      await bench.end('succeeded');
      for (let steps = 0; (await bench.view(id)).state === 'running'; steps += 1) {
        assert.ok((await master.look()) < 100);
        assert.ok(steps < 4);
      }
      assert.ok((await master.look()) > 100);
    });

    test('a rate spreads the runs over time', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 100, rate: 60 });
      const master = bench.master();
      const waitMs = await master.look();
      assert.deepEqual(await bench.progress(id), ['running', 1, 0, 1, 0, 0]);
      assert.ok(waitMs > 0 && waitMs <= 1000, String(waitMs));
      await bench.context.db.query('update backfill set next_run_at = next_run_at - 3000 where id = $1', [id]);
      await master.look();
      assert.ok((await bench.view(id)).decided <= 4);
    });

    test('only what is missing is made when that was asked for', async () => {
      await bench.apply({});
      const first = await bench.begin({ to: past + 4 * minute, active: 10 });
      await bench.settle();
      await bench.end('succeeded', 2);
      await bench.end('failed', 1);
      const [retried] = await bench.context.db.query<{ id: string; job_id: string }>(
        `select id, job_id from run_archive where namespace = $1 and state = 'failed'`,
        [bench.namespace],
      );
      const second = await bench.begin({ missingOnly: true, active: 10 });
      await bench.settle();
      // Two have succeeded, one has failed, one is under way.
      assert.deepEqual(await bench.progress(second.id), ['running', 10, 2, 8, 0, 0]);
      assert.deepEqual((await bench.madeFor()).slice(4), times(8, past + 2 * minute));
      await bench.context.db.query(
        `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
           retry_of, attempt, finished_at, attempts)
         select $2, namespace, job_id, job_version_id, lane_id, 'succeeded', 0, 0, 0, 'retry', id, 1, 0, '[]'
         from run_archive where id = $1`,
        [retried?.id ?? '', bench.context.identity.next()],
      );
      await bench.end('canceled');
      await bench.settle();
      const third = await bench.begin({ missingOnly: true, active: 10 });
      await bench.complete(third.id);
      assert.equal((await bench.view(third.id)).leftOut, 3);
      assert.equal((await bench.view(first.id)).state, 'done');
    });

    test('the ledger of a backfill that ended long ago is forgotten as its runs are, and what still has one is not made again', async () => {
      await bench.apply({});
      const done = await bench.begin({ to: past + 4 * minute, active: 10 });
      await bench.complete(done.id);
      const passed = await bench.begin({ missingOnly: true, to: past + 2 * minute });
      await bench.complete(passed.id);
      const live = await bench.begin({ active: 1 });
      await bench.settle();
      const { db } = bench.context;
      const kept = async (id: string) =>
        (
          await db.query<{ fire_at: number }>(
            'select fire_at from backfill_fire where backfill_id = $1 order by fire_at',
            [id],
          )
        ).map((row) => row.fire_at);
      const forget = async (keepMs: number) => {
        const portion = (after: LedgerPlace | null) =>
          db.transaction((tx) => backfillFiresForget(tx, keepMs, { after, max: 3 }));
        for (let next: LedgerPlace | null = (await portion(null)).next; next !== null; )
          next = (await portion(next)).next;
      };
      await forget(3_600_000);
      assert.deepEqual([await kept(done.id), await kept(passed.id)], [times(4), times(2)]);
      // One run goes from the archive, and one that was tried again.
      const ofRun = `(select run_id from backfill_fire where backfill_id = $1 and fire_at = $2)`;
      await db.query(
        `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
           retry_of, attempt, finished_at, attempts)
         select $3, namespace, job_id, job_version_id, lane_id, 'succeeded', 0, 0, 0, 'retry', id, 1, 0, '[]'
         from run_archive where id = ${ofRun}`,
        [done.id, past, bench.context.identity.next()],
      );
      await db.query(`delete from run_archive where id = ${ofRun}`, [done.id, past]);
      await db.query(`delete from run_archive where id = ${ofRun}`, [done.id, past + 3 * minute]);
      await forget(-1000);
      assert.deepEqual([await kept(done.id), await kept(passed.id)], [times(3), []]);
      assert.deepEqual(await kept(live.id), times(1));
      assert.deepEqual(await bench.progress(done.id), ['done', 4, 0, 0, 4, 0]);
      const again = await bench.begin({ missingOnly: true, to: past + 4 * minute, active: 10 });
      await bench.settle();
      assert.equal((await bench.view(again.id)).leftOut, 3);
    });

    test('a thousand times that need no run are passed over in steps', async () => {
      await bench.apply({});
      const count = serverLimits.backfillStep * 2 + 5;
      const range = { to: past + count * minute, active: limits.backfillActive };
      await bench.complete((await bench.begin(range)).id);
      const again = await bench.begin({ ...range, missingOnly: true });
      await bench.complete(again.id);
      assert.deepEqual(await bench.progress(again.id), ['done', count, count, 0, 0, 0]);
    });

    test('a canceled backfill makes nothing more and counts what ends; with its runs, it ends them', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 4 });
      await bench.settle();
      const cancel = (runs: boolean) => bench.backfills.cancel(bench.namespace, 'bob', id, { reason: 'wrong', runs });
      assert.equal((await cancel(false)).state, 'canceled');
      await bench.end('succeeded', 1);
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['canceled', 4, 0, 3, 1, 0]);
      await cancel(true);
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['canceled', 4, 0, 0, 1, 3]);
      const [row] = await bench.context.db.query<{ live: number }>('select live from backfill where id = $1', [id]);
      assert.equal(row?.live, 0);
      const [run] = await bench.context.db.query<{ cancel_reason: string }>(
        `select cancel_reason from run_archive where namespace = $1 and state = 'canceled'`,
        [bench.namespace],
      );
      assert.equal(run?.cancel_reason, 'wrong');
      const events = await bench.context.db.query<{ action: string; actor: string }>(
        `select action, actor from event where namespace = $1 and action like 'backfill%' order by id`,
        [bench.namespace],
      );
      assert.deepEqual(
        events.map((event) => `${event.action} ${event.actor}`),
        ['backfill.create ann', 'backfill.cancel bob'],
      );
    });

    test('a backfill that is done cannot be canceled', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 10 });
      await bench.complete(id);
      await refused('CONFLICT', null, bench.backfills.cancel(bench.namespace, 'bob', id, { reason: '', runs: false }));
    });

    test('a master that dies at any boundary of a step leaves no double and no gap', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 2 });
      const points = ['backfill.before', 'backfill.locked', 'backfill.before-commit', 'backfill.committed'] as const;
      for (let round = 0; round < 12; round += 1) {
        const point: Failpoint = points[round % points.length] ?? 'backfill.before';
        const reach = (name: Failpoint): void => {
          if (name === point) throw new Error('the master died');
        };
        await assert.rejects(bench.master({ failpoints: { reach } }).look(), /died/);
        assert.ok((await bench.unfinished()).length <= 2);
        await bench.end('succeeded', 1);
      }
      assert.equal(await bench.complete(id), 2);
      assert.deepEqual(await bench.madeFor(), times(10));
    });

    test('it uses the schedule as it was when it was asked for, paused or not, and the job as it is', async () => {
      await bench.apply({ cron: '*/2 * * * *' });
      await bench.definitions.schedulePause(bench.namespace, 'ann', 's', 'not now');
      const { id, total } = await bench.begin({ active: 2 });
      await bench.settle();
      await bench.apply({ cron: '*/3 * * * *' }, { priority: 50 });
      await bench.end('succeeded');
      await bench.settle();
      assert.equal((await bench.unfinished())[0]?.priority, 49);
      await bench.complete(id);
      assert.deepEqual([total, await bench.madeFor()], [5, times(10).filter((_, index) => index % 2 === 0)]);
    });

    test('it waits while its job is disabled, and ends when its schedule is deleted', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 2 });
      await bench.apply({}, { enabled: false });
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['running', 0, 0, 0, 0, 0]);
      await refused('CONFLICT', null, bench.begin({}));
      await bench.apply({}, { enabled: true });
      await bench.context.db.query('update backfill set next_run_at = 0 where id = $1', [id]);
      await bench.settle();
      await bench.apply({}, { schedules: [] });
      await bench.end('succeeded', 1);
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['canceled', 2, 0, 1, 1, 0]);
      await bench.end('failed');
      await bench.settle();
      assert.deepEqual(await bench.progress(id), ['canceled', 2, 0, 0, 1, 1]);
    });

    test('the ledger of the schedule and its audit know nothing of a backfill', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 10 });
      await bench.settle();
      const audit = () => auditFires(bench.context.db, { namespace: bench.namespace, from: past - 1, graceMs: 0 });
      assert.deepEqual([(await audit()).clean, (await audit()).schedules[0]?.unexpected], [true, 0]);
      await bench.complete(id);
      assert.ok((await audit()).clean);
    });

    test('a range that makes no sense is refused at its place', async () => {
      await bench.apply({});
      const soon = Date.now() + 86_400_000 * 365 * 50;
      await refused('VALIDATION_FAILED', '/to', bench.begin({ to: past }));
      await refused('VALIDATION_FAILED', '/to', bench.begin({ to: soon }));
      await refused('VALIDATION_FAILED', '/from', bench.begin({ from: past + 1, to: past + 2 }));
      await refused('NOT_FOUND', null, bench.backfills.begin(bench.namespace, 'ann', 'none', bench.order({}), null));
      await bench.apply({ cron: '* * * * * *' });
      const second = await refused('VALIDATION_FAILED', '/to', bench.begin({ from: past - 20 * 86_400_000 }));
      assert.match(second.message, /more than 1000000/);
      await bench.apply({ cron: undefined, every: '1m' });
      const early = await refused('VALIDATION_FAILED', '/from', bench.begin({}));
      assert.match(early.message, /anchor/);
    });

    test('a dry run counts and shows the first times in order, and makes nothing', async () => {
      await bench.apply({ timezone: 'Asia/Shanghai' });
      const order = bench.order({ order: 'newest', dryRun: true });
      const preview = await bench.backfills.preview(bench.namespace, 's', order);
      assert.deepEqual(preview, {
        schedule: 's',
        total: 10,
        timezone: 'Asia/Shanghai',
        times: times(10).toReversed(),
      });
      await bench.settle();
      assert.deepEqual(await bench.madeFor(), []);
    });

    test('the same key begins one backfill, and is refused for another request', async () => {
      await bench.apply({});
      const { id } = await bench.begin({ active: 2 }, 'key');
      assert.equal((await bench.begin({ active: 2 }, 'key')).id, id);
      await refused('IDEMPOTENCY_MISMATCH', null, bench.begin({ active: 3 }, 'key'));
      assert.notEqual((await bench.begin({ active: 2 }, 'other')).id, id);
    });

    test('masters that look at the same time make each time one run', async () => {
      await bench.apply({});
      const { id, total } = await bench.begin({ to: past + 90 * minute, active: 7 });
      const most = await bench.complete(
        id,
        Array.from({ length: 4 }, () => bench.master()),
      );
      assert.ok(most <= 7, String(most));
      assert.deepEqual([total, (await bench.madeFor()).toSorted((a, b) => a - b)], [90, times(90)]);
    });
  });
}
