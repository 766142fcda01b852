// What the other read models promise, on any engine: single runs, logs, jobs, schedules, workers, the overview. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jobsPage, jobView, namespaceNames } from '../job-views.ts';
import { logsPage, logStart } from '../log-views.ts';
import { overviewOf } from '../overview.ts';
import { schedulesNamed } from '../run-filters.ts';
import { runView } from '../run-views.ts';
import { logsAppend } from '../runs-report.ts';
import { runsInsert } from '../runs-submit.ts';
import { firesPage } from '../fire-ledger.ts';
import { schedulesPage, scheduleView } from '../schedule-views.ts';
import { sessionDrain, sessionEnd } from '../sessions.ts';
import { workersPage } from '../worker-views.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession } from './seed.ts';
import { ViewBench } from './view-bench.ts';

export function testViews(engine: string, open: () => Promise<RunsSetup>): void {
  describe(`read models on ${engine}`, () => {
    let bench: ViewBench;
    before(async () => {
      bench = new ViewBench(await open());
    });
    after(() => bench.setup.close());

    test('a run tells all its attempts, its output and its error', async () => {
      const job = await seedJob(bench.db, { retry: { attempts: 2, initial: 0 } });
      const sessionId = await seedSession(bench.db, bench.masterId);
      const run = newRun(job, { payload: '{"n":1}' });
      await runsInsert(bench.db, [run]);
      const error = { kind: 'thrown', message: 'no' };
      await bench.report(await bench.claim(job, sessionId), { outcome: 'failed', output: null, error });
      const second = await bench.claim(job, sessionId);
      const between = await runView(bench.db, bench.definitions, 'default', run.id);
      assert.deepEqual(
        between?.attempts.map((attempt) => attempt.outcome),
        ['failed', null],
      );
      await bench.report(second);
      const view = await runView(bench.db, bench.definitions, 'default', run.id);
      assert.deepEqual(
        view?.attempts.map((attempt) => [attempt.attempt, attempt.outcome, attempt.error]),
        [
          [1, 'failed', error],
          [2, 'succeeded', null],
        ],
      );
      assert.deepEqual([view?.payload, view?.output, view?.waitingFor], [{ n: 1 }, { done: true }, null]);
      assert.equal(await runView(bench.db, bench.definitions, 'foreign', run.id), null);
    });

    test('a waiting run says what it waits for', async () => {
      const job = await seedJob(bench.db, { retry: { attempts: 3, initial: 60_000, jitter: 'none' } });
      const queue = `queue-${job.laneId}`;
      const run = newRun(job);
      await runsInsert(bench.db, [run]);
      const reason = async (id = run.id) =>
        (await runView(bench.db, bench.definitions, 'default', id))?.waitingFor ?? '';
      assert.match(
        await reason(),
        new RegExp(`^No connected worker serves the queue "${queue}"|^No worker is connected`),
      );
      await seedSession(bench.db, bench.masterId, 60_000, { queues: [queue], handlers: ['task:other'] });
      assert.equal(await reason(), `No connected worker of the queue "${queue}" has the handler "task:noop".`);
      const sessionId = await seedSession(bench.db, bench.masterId, 60_000, { queues: [queue], slots: 1 });
      assert.match(await reason(), /^It is next/);
      const claimed = await bench.claim(job, sessionId);
      assert.match(await reason(), /has been handed the run/);
      const second = newRun(job);
      await runsInsert(bench.db, [second]);
      assert.equal(await reason(second.id), 'All slots are busy: 1 of 1 on 1 worker that can run it.');
      await bench.report(claimed, { outcome: 'failed', output: null, error: { kind: 'exit', message: '1' } });
      assert.match(await reason(), /^Attempt 1 did not succeed; the next one follows at \d{4}-/);
      const later = newRun(job, { delayMs: 5000 });
      await runsInsert(bench.db, [later]);
      assert.match(await reason(later.id), /^It is scheduled for \d{4}-/);
      await sessionDrain(bench.db, sessionId);
      assert.equal(await reason(second.id), '1 worker could run it, but it is draining.');
      await bench.db.query('update lane set paused = 1 where id = $1', [job.laneId]);
      assert.match(await reason(second.id), /is paused/);
    });

    test('a log is read in pages over all attempts in order', async () => {
      const job = await seedJob(bench.db, { retry: { attempts: 2, initial: 0 } });
      const sessionId = await seedSession(bench.db, bench.masterId);
      await runsInsert(bench.db, [newRun(job)]);
      const attempts: { attempt: number; attemptId: string }[] = [];
      let runId = '';
      for (const outcome of ['failed', 'succeeded'] as const) {
        const claimed = await bench.claim(job, sessionId);
        runId = claimed.id;
        const { attemptId } = claimed;
        attempts.push({ attempt: claimed.attempt, attemptId });
        const line = (seq: number) =>
          ({ type: 'log', runId, attemptId, seq, stream: 'stdout', offsetMs: seq, text: `${outcome} ${seq}` }) as const;
        await logsAppend(bench.db, [line(1), line(2), line(3)]);
        await bench.report(claimed, { outcome, error: null });
      }
      const first = await logsPage(bench.db, runId, attempts, logStart, 4);
      assert.deepEqual(
        first.items.map((chunk) => chunk.text),
        ['failed 1', 'failed 2', 'failed 3', 'succeeded 1'],
      );
      assert.deepEqual(first.next, { attempt: 2, seq: 1 });
      const second = await logsPage(bench.db, runId, attempts, { attempt: 2, seq: 1 }, 4);
      assert.deepEqual(
        second.items.map((chunk) => chunk.text),
        ['succeeded 2', 'succeeded 3'],
      );
      assert.equal(second.next, null);
    });

    test('jobs are listed by name, searched in any case, with the number of their schedules', async () => {
      const word = seedId().slice(-6);
      const a = await seedJob(bench.db, { name: `Find-${word}-a` });
      await seedJob(bench.db, { name: `Find-${word}-b` });
      await seedSchedule(bench.db, a, { every: 60_000 }, 0);
      const page = await jobsPage(bench.db, {
        namespace: 'default',
        contains: `find-${word}`.toUpperCase(),
        after: null,
        limit: 1,
      });
      assert.deepEqual(
        page.items.map((job) => [job.name, job.scheduleCount, job.kind]),
        [[`Find-${word}-a`, 1, 'task']],
      );
      assert.equal(page.next, `Find-${word}-a`);
      const rest = await jobsPage(bench.db, {
        namespace: 'default',
        contains: `find-${word}`,
        after: page.next,
        limit: 5,
      });
      assert.deepEqual(
        rest.items.map((job) => job.name),
        [`Find-${word}-b`],
      );
      assert.equal((await jobView(bench.db, 'default', a.name))?.id, a.jobId);
      assert.equal(await jobView(bench.db, 'foreign', a.name), null);
      assert.ok((await namespaceNames(bench.db)).includes('default'));
    });

    test('a schedule tells its last fire that made a run and the state of that run', async () => {
      const job = await seedJob(bench.db);
      const scheduleId = await seedSchedule(bench.db, job, { every: 60_000 }, 0);
      const [row] = await bench.db.query<{ name: string }>('select name from schedule where id = $1', [scheduleId]);
      const name = row?.name ?? '';
      assert.equal((await scheduleView(bench.db, 'default', name))?.lastFireAt, null);
      const run = newRun(job, { trigger: 'schedule', scheduleId });
      await runsInsert(bench.db, [run]);
      const insert = `insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at) values ($1, $2, $3, $4, $5, now_ms())`;
      await bench.db.query(insert, [scheduleId, 1000, 'fired', null, run.id]);
      await bench.db.query(insert, [scheduleId, 2000, 'skipped', 'overlap', null]);
      const view = await scheduleView(bench.db, 'default', name);
      assert.deepEqual([view?.lastFireAt, view?.lastRunState, view?.job], [1000, 'ready', job.name]);
      await bench.cancel(run.id);
      const page = await schedulesPage(bench.db, {
        namespace: 'default',
        job: job.name,
        state: 'enabled',
        after: null,
        limit: 10,
      });
      assert.deepEqual(
        page.items.map((one) => [one.name, one.lastRunState]),
        [[name, 'canceled']],
      );
      const fires = await firesPage(bench.db, scheduleId, null, 1);
      assert.deepEqual([fires.items[0]?.outcome, fires.items[0]?.reason, fires.next], ['skipped', 'overlap', 2000]);
      const [fired] = (await firesPage(bench.db, scheduleId, 2000, 5)).items;
      assert.deepEqual([fired?.runId, fired?.runState, fired?.startedAt], [run.id, 'canceled', null]);
      assert.equal(typeof fired?.dueAt, 'number');
      assert.deepEqual(await bench.idsOf({ schedules: await schedulesNamed(bench.db, 'default', name) }), [run.id]);
    });

    test('workers are listed with what they run; those that are long gone are not', async () => {
      const { sessionId } = await bench.oneOfEach();
      const gone = await seedSession(bench.db, bench.masterId);
      await sessionEnd(bench.db, gone);
      const found = async () => {
        const all: Awaited<ReturnType<typeof workersPage>>['items'] = [];
        let after: Parameters<typeof workersPage>[2] = null;
        do {
          const page: Awaited<ReturnType<typeof workersPage>> = await workersPage(bench.db, 'default', after, 3);
          all.push(...page.items);
          after = page.next;
        } while (after !== null);
        return new Map(all.map((worker) => [worker.sessionId, worker]));
      };
      const workers = await found();
      assert.deepEqual([workers.get(sessionId)?.running, workers.get(sessionId)?.slots], [1, 10]);
      assert.equal(workers.get(gone)?.state, 'dead');
      await bench.db.query('update session set ended_at = ended_at - 3600000 where id = $1', [gone]);
      assert.equal((await found()).has(gone), false);
    });

    test('the overview counts what waits, runs and has finished, and what needs attention', async () => {
      const before = await overviewOf(bench.db, 'default');
      const { failed, job } = await bench.oneOfEach();
      const scheduleId = await seedSchedule(bench.db, job, { every: 60_000 }, 0);
      const after = await overviewOf(bench.db, 'default');
      assert.equal(after.waiting, before.waiting + 1);
      assert.equal(after.running, before.running + 1);
      assert.equal(after.recent.succeeded, before.recent.succeeded + 1);
      assert.equal(after.recent.failed, before.recent.failed + 1);
      assert.equal(after.recent.canceled, before.recent.canceled + 1);
      assert.equal(after.series.length, 60);
      assert.equal(after.series.at(-1)?.succeeded, after.recent.succeeded);
      assert.equal(after.workers.live, before.workers.live + 1);
      assert.equal(after.workers.busy, before.workers.busy + 1);
      assert.equal(after.schedules.enabled, before.schedules.enabled + 1);
      assert.ok(after.nextFires.length > 0);
      assert.equal(after.attention.find((one) => one.kind === 'failed-run')?.id, failed.id);
      assert.ok(after.attention.some((one) => one.kind === 'no-worker'));
      assert.ok(after.oldestWaitingMs !== null && after.oldestWaitingMs >= 0);
      await bench.db.query(`update schedule set state = 'paused', next_fire_at = null where id = $1`, [scheduleId]);
      const paused = await overviewOf(bench.db, 'default');
      assert.equal(paused.schedules.paused, before.schedules.paused + 1);
      assert.ok(paused.attention.some((one) => one.kind === 'paused-schedule'));
      assert.deepEqual((await overviewOf(bench.db, 'foreign')).waiting, 0);
    });
  });
}
