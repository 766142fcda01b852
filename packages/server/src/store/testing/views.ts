// What the read models promise, on any engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunSummary } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Database } from '../../ports/database.ts';
import { DefinitionCache } from '../definition-cache.ts';
import { jobsPage, jobView, namespaceNames } from '../job-views.ts';
import { storeNow } from '../jobs.ts';
import { logsPage, logStart } from '../log-views.ts';
import { overviewOf } from '../overview.ts';
import { jobIdsNamed, schedulesNamed, type RunFilter } from '../run-filters.ts';
import { runsPage, runView } from '../run-views.ts';
import { runsClaim, type ClaimedRun } from '../runs-claim.ts';
import { runCancel } from '../runs-control.ts';
import { runsFinish } from '../runs-finish.ts';
import { logsAppend, resultsAccept, type SessionResult } from '../runs-report.ts';
import { runsInsert } from '../runs-submit.ts';
import { firesPage, schedulesPage, scheduleView } from '../schedule-views.ts';
import { sessionDrain, sessionEnd } from '../sessions.ts';
import { workersPage } from '../worker-views.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession, type SeededJob } from './seed.ts';

export function testViews(engine: string, open: () => Promise<RunsSetup>): void {
  describe(`read models on ${engine}`, () => {
    let setup: RunsSetup;
    let db: Database;
    const masterId = seedId();
    const definitions = new DefinitionCache();

    before(async () => {
      setup = await open();
      db = setup.db;
    });
    after(() => setup.close());

    function list(filter: Partial<RunFilter>, before: string | null = null, limit = 50) {
      return runsPage(db, definitions, { namespace: 'default', ...filter }, before, limit);
    }

    async function idsOf(filter: Partial<RunFilter>): Promise<string[]> {
      return (await list(filter)).items.map((run) => run.id);
    }

    async function claim(job: SeededJob, sessionId: string): Promise<ClaimedRun> {
      const [claimed] = await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]);
      assert.ok(claimed);
      return claimed;
    }

    function report(run: ClaimedRun, changes: Partial<SessionResult> = {}) {
      const { attemptId, sessionId } = run;
      const result: SessionResult = {
        type: 'result',
        runId: run.id,
        attemptId,
        sessionId,
        outcome: 'succeeded',
        output: '{"done":true}',
        error: null,
        durationMs: 5,
        ...changes,
      };
      return db.transaction((tx) => resultsAccept(tx, { masterId, definitions, fraction: () => 0.5 }, [result]));
    }

    /** One run each: ready, running, succeeded, failed, canceled, newest last. */
    async function oneOfEach() {
      const job = await seedJob(db);
      const sessionId = await seedSession(db, masterId, 60_000, { worker: `w_${seedId()}` });
      const runs = [newRun(job), newRun(job), newRun(job), newRun(job), newRun(job)] as const;
      const [succeeded, failed, canceled, running, ready] = runs;
      for (const run of [succeeded, failed]) {
        await runsInsert(db, [run]);
        const claimed = await claim(job, sessionId);
        if (run === succeeded) await report(claimed);
        else
          await report(claimed, { outcome: 'failed', output: null, error: { kind: 'exit', message: 'exit code 1' } });
      }
      await runsInsert(db, [canceled]);
      await db.transaction((tx) => runCancel(tx, masterId, 'default', canceled.id, 'not needed'));
      await runsInsert(db, [running]);
      await claim(job, sessionId);
      await runsInsert(db, [ready]);
      return { job, sessionId, succeeded, failed, canceled, running, ready };
    }

    test('a run list merges unfinished and finished runs, newest first, with names and workers', async () => {
      const each = await oneOfEach();
      const jobIds = [each.job.jobId];
      const { items, next } = await list({ jobIds });
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
      const each = await oneOfEach();
      const jobIds = [each.job.jobId];
      const seen: string[] = [];
      let before: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof list>> = await list({ jobIds }, before, 2);
        seen.push(...page.items.map((run) => run.id));
        before = page.next;
      } while (before !== null);
      assert.deepEqual(seen, await idsOf({ jobIds }));
    });

    test('a run list is filtered by state, job name, worker and queue', async () => {
      const each = await oneOfEach();
      const jobIds = await jobIdsNamed(db, 'default', each.job.name);
      assert.deepEqual(jobIds, [each.job.jobId]);
      assert.deepEqual(await idsOf({ jobIds, states: ['failed'] }), [each.failed.id]);
      assert.deepEqual(await idsOf({ jobIds, states: ['running'] }), [each.running.id]);
      assert.deepEqual(await idsOf({ jobIds, states: ['ready', 'canceled'] }), [each.ready.id, each.canceled.id]);
      const [failed] = (await list({ states: ['failed'] })).items;
      assert.equal(failed?.id, each.failed.id);
      const worker = failed?.worker ?? '';
      assert.deepEqual(await idsOf({ worker }), [each.running.id, each.failed.id, each.succeeded.id]);
      assert.deepEqual(await idsOf({ worker: worker.replace('_', 'x') }), []);
      assert.deepEqual(await idsOf({ jobIds: [] }), []);
      assert.deepEqual(await idsOf({ jobIds, queue: `queue-${each.job.laneId}` }), await idsOf({ jobIds }));
      assert.deepEqual(await idsOf({ jobIds, queue: 'elsewhere' }), []);
    });

    test('a run list shows nothing of another namespace', async () => {
      await oneOfEach();
      assert.deepEqual(await runsPage(db, definitions, { namespace: 'foreign' }, null, 10), { items: [], next: null });
    });

    test('a run list is bounded by time, to the millisecond', async () => {
      const job = await seedJob(db);
      const jobIds = [job.jobId];
      const made: { id: string; at: number }[] = [];
      for (let n = 0; n < 3; n += 1) {
        const id = `${(await storeNow(db)).toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}${seedId().slice(13)}`;
        await runsInsert(db, [newRun(job, { id })]);
        const [row] = await db.query<{ created_at: number }>('select created_at from run where id = $1', [id]);
        made.push({ id, at: row?.created_at ?? 0 });
        await setup.advance(50);
      }
      const [first, second, third] = made;
      assert.ok(first && second && third);
      assert.deepEqual(await idsOf({ jobIds, createdBefore: second.at }), [first.id]);
      assert.deepEqual(await idsOf({ jobIds, createdBefore: second.at + 1 }), [second.id, first.id]);
      assert.deepEqual(await idsOf({ jobIds, createdAfter: second.at }), [third.id, second.id]);
      assert.deepEqual(await idsOf({ jobIds, createdAfter: second.at + 1, createdBefore: third.at }), []);
    });

    test('a run that matches rarely is found among more rows than one scan looks at', async () => {
      const job = await seedJob(db);
      const rare = newRun(job);
      const others = Array.from({ length: serverLimits.pageScanRows + 500 }, () => newRun(job));
      await runsInsert(db, [rare, ...others]);
      const finished = {
        namespace: 'default',
        attemptId: null,
        startedAt: null,
        attempts: '[]',
        output: null,
        error: null,
      };
      await db.transaction((tx) =>
        runsFinish(tx, masterId, [
          { ...finished, id: rare.id, state: 'failed' },
          ...others.map(({ id }) => ({ ...finished, id, state: 'succeeded' as const })),
        ]),
      );
      const jobIds = [job.jobId];
      const { items, next } = await list({ jobIds, states: ['failed'] });
      assert.deepEqual([items.map((run) => run.id), next], [[rare.id], null]);
      assert.equal((await list({ jobIds, states: ['succeeded'] }, null, 10)).items.length, 10);
    });

    test('a run tells all its attempts, its output and its error', async () => {
      const job = await seedJob(db, { retry: { attempts: 2, initial: 0 } });
      const sessionId = await seedSession(db, masterId);
      const run = newRun(job, { payload: '{"n":1}' });
      await runsInsert(db, [run]);
      const error = { kind: 'thrown', message: 'no' };
      await report(await claim(job, sessionId), { outcome: 'failed', output: null, error });
      const second = await claim(job, sessionId);
      const between = await runView(db, definitions, 'default', run.id);
      assert.deepEqual(
        between?.attempts.map((attempt) => attempt.outcome),
        ['failed', null],
      );
      await report(second);
      const view = await runView(db, definitions, 'default', run.id);
      assert.deepEqual(
        view?.attempts.map((attempt) => [attempt.attempt, attempt.outcome, attempt.error]),
        [
          [1, 'failed', error],
          [2, 'succeeded', null],
        ],
      );
      assert.deepEqual([view?.payload, view?.output, view?.waitingFor], [{ n: 1 }, { done: true }, null]);
      assert.equal(await runView(db, definitions, 'foreign', run.id), null);
    });

    test('a waiting run says what it waits for', async () => {
      const job = await seedJob(db, { retry: { attempts: 3, initial: 60_000, jitter: 'none' } });
      const queue = `queue-${job.laneId}`;
      const run = newRun(job);
      await runsInsert(db, [run]);
      const reason = async (id = run.id) => (await runView(db, definitions, 'default', id))?.waitingFor ?? '';
      assert.match(
        await reason(),
        new RegExp(`^No connected worker serves the queue "${queue}"|^No worker is connected`),
      );
      await seedSession(db, masterId, 60_000, { queues: [queue], handlers: ['task:other'] });
      assert.equal(await reason(), `No connected worker of the queue "${queue}" has the handler "task:noop".`);
      const sessionId = await seedSession(db, masterId, 60_000, { queues: [queue], slots: 1 });
      assert.match(await reason(), /^It is next/);
      const claimed = await claim(job, sessionId);
      assert.match(await reason(), /has been handed the run/);
      const second = newRun(job);
      await runsInsert(db, [second]);
      assert.equal(await reason(second.id), 'All slots are busy: 1 of 1 on 1 worker that can run it.');
      await report(claimed, { outcome: 'failed', output: null, error: { kind: 'exit', message: '1' } });
      assert.match(await reason(), /^Attempt 1 did not succeed; the next one follows at \d{4}-/);
      const later = newRun(job, { delayMs: 5000 });
      await runsInsert(db, [later]);
      assert.match(await reason(later.id), /^It is scheduled for \d{4}-/);
      await sessionDrain(db, sessionId);
      assert.equal(await reason(second.id), '1 worker could run it, but it is draining.');
      await db.query('update lane set paused = 1 where id = $1', [job.laneId]);
      assert.match(await reason(second.id), /is paused/);
    });

    test('a log is read in pages over all attempts in order', async () => {
      const job = await seedJob(db, { retry: { attempts: 2, initial: 0 } });
      const sessionId = await seedSession(db, masterId);
      await runsInsert(db, [newRun(job)]);
      const attempts: { attempt: number; attemptId: string }[] = [];
      let runId = '';
      for (const outcome of ['failed', 'succeeded'] as const) {
        const claimed = await claim(job, sessionId);
        runId = claimed.id;
        const { attemptId } = claimed;
        attempts.push({ attempt: claimed.attempt, attemptId });
        const line = (seq: number) =>
          ({ type: 'log', runId, attemptId, seq, stream: 'stdout', offsetMs: seq, text: `${outcome} ${seq}` }) as const;
        await logsAppend(db, [line(1), line(2), line(3)]);
        await report(claimed, { outcome, error: null });
      }
      const first = await logsPage(db, runId, attempts, logStart, 4);
      assert.deepEqual(
        first.items.map((chunk) => chunk.text),
        ['failed 1', 'failed 2', 'failed 3', 'succeeded 1'],
      );
      assert.deepEqual(first.next, { attempt: 2, seq: 1 });
      const second = await logsPage(db, runId, attempts, { attempt: 2, seq: 1 }, 4);
      assert.deepEqual(
        second.items.map((chunk) => chunk.text),
        ['succeeded 2', 'succeeded 3'],
      );
      assert.equal(second.next, null);
    });

    test('jobs are listed by name, searched in any case, with the number of their schedules', async () => {
      const word = seedId().slice(-6);
      const a = await seedJob(db, { name: `Find-${word}-a` });
      await seedJob(db, { name: `Find-${word}-b` });
      await seedSchedule(db, a, { every: 60_000 }, 0);
      const page = await jobsPage(db, {
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
      const rest = await jobsPage(db, { namespace: 'default', contains: `find-${word}`, after: page.next, limit: 5 });
      assert.deepEqual(
        rest.items.map((job) => job.name),
        [`Find-${word}-b`],
      );
      assert.equal((await jobView(db, 'default', a.name))?.id, a.jobId);
      assert.equal(await jobView(db, 'foreign', a.name), null);
      assert.ok((await namespaceNames(db)).includes('default'));
    });

    test('a schedule tells its last fire that made a run and the state of that run', async () => {
      const job = await seedJob(db);
      const scheduleId = await seedSchedule(db, job, { every: 60_000 }, 0);
      const [row] = await db.query<{ name: string }>('select name from schedule where id = $1', [scheduleId]);
      const name = row?.name ?? '';
      assert.equal((await scheduleView(db, 'default', name))?.lastFireAt, null);
      const run = newRun(job, { trigger: 'schedule', scheduleId });
      await runsInsert(db, [run]);
      const insert = `insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at) values ($1, $2, $3, $4, $5, now_ms())`;
      await db.query(insert, [scheduleId, 1000, 'fired', null, run.id]);
      await db.query(insert, [scheduleId, 2000, 'skipped', 'overlap', null]);
      const view = await scheduleView(db, 'default', name);
      assert.deepEqual([view?.lastFireAt, view?.lastRunState, view?.job], [1000, 'ready', job.name]);
      await db.transaction((tx) => runCancel(tx, masterId, 'default', run.id, ''));
      const page = await schedulesPage(db, {
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
      const fires = await firesPage(db, scheduleId, null, 1);
      assert.deepEqual([fires.items[0]?.outcome, fires.items[0]?.reason, fires.next], ['skipped', 'overlap', 2000]);
      assert.deepEqual((await firesPage(db, scheduleId, 2000, 5)).items[0]?.runId, run.id);
      assert.deepEqual(await idsOf({ schedules: await schedulesNamed(db, 'default', name) }), [run.id]);
    });

    test('workers are listed with what they run; those that are long gone are not', async () => {
      const { sessionId } = await oneOfEach();
      const gone = await seedSession(db, masterId);
      await sessionEnd(db, gone);
      const found = async () => {
        const all: Awaited<ReturnType<typeof workersPage>>['items'] = [];
        let after: Parameters<typeof workersPage>[2] = null;
        do {
          const page: Awaited<ReturnType<typeof workersPage>> = await workersPage(db, 'default', after, 3);
          all.push(...page.items);
          after = page.next;
        } while (after !== null);
        return new Map(all.map((worker) => [worker.sessionId, worker]));
      };
      const workers = await found();
      assert.deepEqual([workers.get(sessionId)?.running, workers.get(sessionId)?.slots], [1, 10]);
      assert.equal(workers.get(gone)?.state, 'dead');
      await db.query('update session set ended_at = ended_at - 3600000 where id = $1', [gone]);
      assert.equal((await found()).has(gone), false);
    });

    test('the overview counts what waits, runs and has finished, and what needs attention', async () => {
      const before = await overviewOf(db, 'default');
      const { failed, job } = await oneOfEach();
      const scheduleId = await seedSchedule(db, job, { every: 60_000 }, 0);
      const after = await overviewOf(db, 'default');
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
      await db.query(`update schedule set state = 'paused', next_fire_at = null where id = $1`, [scheduleId]);
      const paused = await overviewOf(db, 'default');
      assert.equal(paused.schedules.paused, before.schedules.paused + 1);
      assert.ok(paused.attention.some((one) => one.kind === 'paused-schedule'));
      assert.deepEqual((await overviewOf(db, 'foreign')).waiting, 0);
    });
  });
}
