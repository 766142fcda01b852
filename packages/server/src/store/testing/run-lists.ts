// What run lists promise, on any engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunSummary } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import { storeNow } from '../jobs.ts';
import { jobIdsNamed } from '../run-filters.ts';
import { runsPage } from '../run-views.ts';
import { runsFinish } from '../runs-finish.ts';
import { runsInsert } from '../runs-submit.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob } from './seed.ts';
import { ViewBench } from './view-bench.ts';

export function testRunLists(engine: string, open: () => Promise<RunsSetup>): void {
  describe(`run lists on ${engine}`, () => {
    let bench: ViewBench;
    before(async () => {
      bench = new ViewBench(await open());
    });
    after(() => bench.setup.close());

    test('a run list merges unfinished and finished runs, newest first, with names and workers', async () => {
      const each = await bench.oneOfEach();
      const jobIds = [each.job.jobId];
      const { items, next } = await bench.list({ jobIds });
      assert.deepEqual(
        items.map((run) => [run.id, run.state]),
        [
          [each.ready.id, 'ready'],
          [each.running.id, 'running'],
          [each.canceled.id, 'canceled'],
          [each.failed.id, 'failed'],
          [each.succeeded.id, 'succeeded'],
        ],
      );
      assert.equal(next, null);
      const byState = new Map(items.map((run): [string, RunSummary] => [run.state, run]));
      assert.equal(byState.get('failed')?.error?.message, 'exit code 1');
      assert.equal(byState.get('succeeded')?.job, each.job.name);
      assert.match(byState.get('succeeded')?.worker ?? '', /^w_/);
      assert.equal(byState.get('running')?.worker, byState.get('succeeded')?.worker);
      assert.equal(byState.get('ready')?.worker, null);
      assert.equal(byState.get('succeeded')?.attemptsMax, 1);
      assert.notEqual(byState.get('succeeded')?.finishedAt, null);
    });

    test('a run list is read in pages that neither repeat nor miss a run', async () => {
      const each = await bench.oneOfEach();
      const jobIds = [each.job.jobId];
      const seen: string[] = [];
      let before: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof bench.list>> = await bench.list({ jobIds }, before, 2);
        seen.push(...page.items.map((run) => run.id));
        before = page.next;
      } while (before !== null);
      assert.deepEqual(seen, await bench.idsOf({ jobIds }));
    });

    test('a run list is filtered by state, job name, worker and queue', async () => {
      const each = await bench.oneOfEach();
      const jobIds = await jobIdsNamed(bench.db, 'default', each.job.name);
      assert.deepEqual(jobIds, [each.job.jobId]);
      assert.deepEqual(await bench.idsOf({ jobIds, states: ['failed'] }), [each.failed.id]);
      assert.deepEqual(await bench.idsOf({ jobIds, states: ['running'] }), [each.running.id]);
      assert.deepEqual(await bench.idsOf({ jobIds, states: ['ready', 'canceled'] }), [each.ready.id, each.canceled.id]);
      const [failed] = (await bench.list({ states: ['failed'] })).items;
      assert.equal(failed?.id, each.failed.id);
      const worker = failed?.worker ?? '';
      assert.deepEqual(await bench.idsOf({ worker }), [each.running.id, each.failed.id, each.succeeded.id]);
      assert.deepEqual(await bench.idsOf({ worker: worker.replace('_', 'x') }), []);
      assert.deepEqual(await bench.idsOf({ jobIds: [] }), []);
      assert.deepEqual(await bench.idsOf({ jobIds, queue: `queue-${each.job.laneId}` }), await bench.idsOf({ jobIds }));
      assert.deepEqual(await bench.idsOf({ jobIds, queue: 'elsewhere' }), []);
    });

    test('a run list shows nothing of another namespace', async () => {
      await bench.oneOfEach();
      assert.deepEqual(await runsPage(bench.db, bench.definitions, { namespace: 'foreign' }, null, 10), {
        items: [],
        next: null,
      });
    });

    test('a run list is bounded by time, to the millisecond', async () => {
      const job = await seedJob(bench.db);
      const jobIds = [job.jobId];
      const made: { id: string; at: number }[] = [];
      for (let n = 0; n < 3; n += 1) {
        const id = `${(await storeNow(bench.db)).toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}${seedId().slice(13)}`;
        await runsInsert(bench.db, [newRun(job, { id })]);
        const [row] = await bench.db.query<{ created_at: number }>('select created_at from run where id = $1', [id]);
        made.push({ id, at: row?.created_at ?? 0 });
        await bench.setup.advance(50);
      }
      const [first, second, third] = made;
      assert.ok(first && second && third);
      assert.deepEqual(await bench.idsOf({ jobIds, createdBefore: second.at }), [first.id]);
      assert.deepEqual(await bench.idsOf({ jobIds, createdBefore: second.at + 1 }), [second.id, first.id]);
      assert.deepEqual(await bench.idsOf({ jobIds, createdAfter: second.at }), [third.id, second.id]);
      assert.deepEqual(await bench.idsOf({ jobIds, createdAfter: second.at + 1, createdBefore: third.at }), []);
    });

    test('a run that matches rarely is found among more rows than one scan looks at', async () => {
      const job = await seedJob(bench.db);
      const rare = newRun(job);
      const others = Array.from({ length: serverLimits.pageScanRows + 500 }, () => newRun(job));
      await runsInsert(bench.db, [rare, ...others]);
      const finished = {
        namespace: 'default',
        attemptId: null,
        startedAt: null,
        attempts: '[]',
        output: null,
        error: null,
      };
      await bench.db.transaction((tx) =>
        runsFinish(tx, bench.masterId, [
          { ...finished, id: rare.id, state: 'failed' },
          ...others.map(({ id }) => ({ ...finished, id, state: 'succeeded' as const })),
        ]),
      );
      const jobIds = [job.jobId];
      const { items, next } = await bench.list({ jobIds, states: ['failed'] });
      assert.deepEqual([items.map((run) => run.id), next], [[rare.id], null]);
      assert.equal((await bench.list({ jobIds, states: ['succeeded'] }, null, 10)).items.length, 10);
    });

    test('beside a large backlog, new, scheduled and finished runs are still found at once', async () => {
      const busy = await seedJob(bench.db);
      const quiet = await seedJob(bench.db);
      const scheduled = newRun(quiet, { delayMs: 60_000 });
      const done = newRun(quiet);
      await runsInsert(bench.db, [scheduled, done]);
      await bench.cancel(done.id);
      const many = Array.from({ length: serverLimits.pageScanRows + 500 }, () => newRun(busy));
      await runsInsert(bench.db, many);
      const newest = await bench.list({}, '01900001-0000-7000-8000-000000000000', 2);
      assert.deepEqual(
        newest.items.map((run) => run.id),
        [many.at(-1)?.id, many.at(-2)?.id],
      );
      assert.deepEqual(await bench.idsOf({ states: ['scheduled'] }), [scheduled.id]);
      assert.deepEqual(await bench.idsOf({ jobIds: [quiet.jobId] }), [done.id, scheduled.id]);
      assert.deepEqual(await bench.idsOf({ states: ['blocked'] }), []);
      assert.deepEqual(await runsPage(bench.db, bench.definitions, { namespace: 'foreign' }, null, 5), {
        items: [],
        next: null,
      });
      await bench.db.query('delete from run where job_id = $1', [busy.jobId]);
    });
  });
}
