// What single changes promise, on any engine: put and delete with preconditions, pause and resume, and the rule that due fires
// are decided before a change. Test code only.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { applyRequestSchema, jobDefinitionSchema } from '@tidewheel/protocol';
import { type Database, OutcomeUnknown } from '../../ports/database.ts';
import type { Definitions } from '../definitions.ts';
import { DefinitionsBench, type DefinitionsSetup, hello, minutely } from './definitions-bench.ts';

export function testDefinitionChanges(engine: string, open: () => Promise<DefinitionsSetup>): void {
  describe(`changes of definitions on ${engine}`, () => {
    let setup: DefinitionsSetup;
    let bench: DefinitionsBench;
    let tests = 0;

    before(async () => {
      setup = await open();
    });
    after(() => setup.close());
    beforeEach(() => {
      tests += 1;
      bench = new DefinitionsBench(setup, `ns-${tests}`);
    });

    test('what is due is decided under the old spec before a change, in the same transaction', async () => {
      const jobs = (every: string, payload: string) => [
        {
          name: 'a',
          ...hello,
          schedules: [{ name: 'minutely', every, payload, misfire: { policy: 'all' as const, window: '1d' } }],
        },
      ];
      await bench.apply(jobs('1m', 'old'));
      await bench.rewind('minutely', 3 * 60_000 + 1000);
      bench.signals = [];
      await bench.apply(jobs('7m', 'new'));
      const runs = await bench.db.query<{ payload: string }>('select payload from run where namespace = $1', [
        bench.namespace,
      ]);
      assert.deepEqual(
        runs.map((run) => run.payload),
        ['"old"', '"old"', '"old"'],
      );
      const [, second] = await bench.versionsOf('minutely');
      assert.equal(second?.valid_from, second?.cursor);
      assert.equal((await bench.schedule('minutely')).nextFireAt, (second?.cursor ?? 0) + 7 * 60_000);
      assert.deepEqual([...new Set(bench.signals)], ['ready', 'scheduled', 'schedules', 'changed']);
      assert.equal((await bench.assertClean()).schedules[0]?.fired, 3);
    });

    test('a change of the job does not reach fires that were due before it', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      await bench.rewind('minutely', 61_000);
      await bench.apply([{ name: 'a', ...hello, priority: 7, schedules: [{ ...minutely, description: 'x' }] }]);
      const [run] = await bench.db.query<{ priority: number }>('select priority from run where namespace = $1', [
        bench.namespace,
      ]);
      assert.equal(run?.priority, 0);
    });

    test('a schedule too far behind refuses to be changed for now', async () => {
      await bench.apply([
        { name: 'a', ...hello, schedules: [{ name: 's', every: '1s', misfire: { policy: 'skip' } }] },
      ]);
      await bench.rewind('s', 86_400_000);
      const error = await bench.refused(
        'UNAVAILABLE',
        [],
        bench.apply([{ name: 'a', ...hello, schedules: [{ name: 's', every: '2s' }] }]),
      );
      assert.ok(error.retryAfterSeconds);
      assert.equal(await bench.count('fire'), 0);
    });

    test('a fixed rate keeps its beat over other changes, and begins anew when it changes itself', async () => {
      const jobs = (every: string, description: string) => [
        { name: 'a', ...hello, schedules: [{ name: 'm', every, description }] },
      ];
      await bench.apply(jobs('1h', ''));
      await bench.rewind('m', 60_000);
      const [made] = await bench.db.query<{ anchor_at: number }>(
        'select anchor_at from schedule where namespace = $1',
        [bench.namespace],
      );
      await bench.apply(jobs('1h', 'changed'));
      assert.equal((await bench.schedule('m')).nextFireAt, (made?.anchor_at ?? 0) + 3_600_000);
      await bench.apply(jobs('2h', 'changed'));
      const versions = await bench.versionsOf('m');
      assert.equal((await bench.schedule('m')).nextFireAt, (versions.at(-1)?.valid_from ?? 0) + 7_200_000);
    });

    test('a paused schedule fires nothing, and what it missed is not made up for when it resumes', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      const paused = await bench.definitions.schedulePause(bench.namespace, 'bob', 'minutely', 'maintenance');
      assert.deepEqual(
        [paused.state, paused.pausedReason, paused.pausedBy, paused.nextFireAt],
        ['paused', 'maintenance', 'bob', null],
      );
      await bench.rewind('minutely', 600_000);
      const resumed = await bench.definitions.scheduleResume(bench.namespace, 'bob', 'minutely');
      assert.deepEqual(
        [resumed.state, resumed.pausedReason, resumed.pausedBy, resumed.version],
        ['enabled', null, null, 3],
      );
      assert.equal(await bench.count('fire'), 0);
      assert.equal((await bench.assertClean()).schedules[0]?.expected, 0);
      const events = await bench.db.query<{ action: string; actor: string }>(
        'select action, actor from event where namespace = $1 order by id',
        [bench.namespace],
      );
      assert.deepEqual(events.slice(-2), [
        { action: 'schedule.pause', actor: 'bob' },
        { action: 'schedule.resume', actor: 'bob' },
      ]);
    });

    test('a pause decides what is due first', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      await bench.rewind('minutely', 61_000);
      await bench.definitions.schedulePause(bench.namespace, 'bob', 'minutely', 'x');
      assert.equal((await bench.assertClean()).schedules[0]?.fired, 1);
    });

    test('pausing twice and resuming twice change nothing the second time', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      const first = await bench.definitions.schedulePause(bench.namespace, 'bob', 'minutely', 'first');
      assert.deepEqual(await bench.definitions.schedulePause(bench.namespace, 'cid', 'minutely', 'second'), first);
      const resumed = await bench.definitions.scheduleResume(bench.namespace, 'bob', 'minutely');
      assert.deepEqual(await bench.definitions.scheduleResume(bench.namespace, 'bob', 'minutely'), resumed);
    });

    test('a pause by a person outlives changes of the definition, except of its own pause', async () => {
      const jobs = (change: object) => [{ name: 'a', ...hello, schedules: [{ ...minutely, ...change }] }];
      await bench.apply(jobs({}));
      await bench.definitions.schedulePause(bench.namespace, 'bob', 'minutely', 'by hand');
      await bench.apply(jobs({ description: 'changed' }));
      assert.equal((await bench.schedule('minutely')).pausedReason, 'by hand');
      await bench.apply(jobs({ paused: true }));
      await bench.apply(jobs({ paused: false }));
      assert.equal((await bench.schedule('minutely')).state, 'enabled');
      await bench.apply(jobs({ paused: true }));
      const view = await bench.schedule('minutely');
      assert.deepEqual([view.state, view.pausedReason, view.pausedBy], ['paused', 'paused in its definition', 'ann']);
      await bench.definitions.scheduleResume(bench.namespace, 'bob', 'minutely');
      assert.deepEqual(await bench.actions(bench.apply(jobs({ paused: true }))), [
        'job a unchanged',
        'schedule minutely unchanged',
      ]);
      assert.equal((await bench.schedule('minutely')).state, 'enabled');
    });

    test('a finished schedule can neither be paused nor resumed', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [{ name: 'once', in: '1s' }] }]);
      await bench.rewind('once', 1500);
      await bench.refused('CONFLICT', [], bench.definitions.schedulePause(bench.namespace, 'bob', 'once', 'x'));
      await bench.refused('CONFLICT', [], bench.definitions.schedulePause(bench.namespace, 'bob', 'once', 'x'));
      await bench.refused('NOT_FOUND', [], bench.definitions.scheduleResume(bench.namespace, 'bob', 'nothing'));
    });

    test('a pause that comes too late is refused together with the last fire, which is committed with the answer', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [{ name: 'once', in: '1s' }] }]);
      await bench.rewind('once', 1500);
      const before = await bench.count('event');
      bench.signals = [];
      await bench.refused('CONFLICT', [], bench.definitions.schedulePause(bench.namespace, 'bob', 'once', 'x'));
      assert.equal(await bench.count('fire'), 1);
      assert.equal((await bench.schedule('once')).state, 'finished');
      assert.ok(bench.signals.includes('ready'));
      assert.equal(await bench.count('event'), before);
    });

    test('a late pause whose commit was not acknowledged is neither refused nor done: nobody knows', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [{ name: 'once', in: '1s' }] }]);
      await bench.rewind('once', 1500);
      const late = bench.serviceOn({ ...bench.deps, db: unheard(bench.db, false) });
      await bench.refused('OUTCOME_UNKNOWN', [], late.schedulePause(bench.namespace, 'bob', 'once', 'x'));
      assert.equal(await bench.count('fire'), 0);
    });

    test('a trigger makes one run of the job with the payload of the schedule', async () => {
      await bench.apply([
        {
          name: 'a',
          ...hello,
          payload: 1,
          schedules: [
            { ...minutely, payload: { x: 1 } },
            { name: 'plain', every: '1h' },
          ],
        },
      ]);
      const before = await bench.schedule('minutely');
      await bench.definitions.scheduleTrigger(bench.namespace, 'bob', 'minutely');
      await bench.definitions.scheduleTrigger(bench.namespace, 'bob', 'plain');
      assert.deepEqual(bench.submitted, [
        { job: 'a', scheduleId: before.id, payload: { x: 1 } },
        { job: 'a', scheduleId: (await bench.schedule('plain')).id },
      ]);
      assert.deepEqual(await bench.schedule('minutely'), before);
      await bench.refused('NOT_FOUND', [], bench.definitions.scheduleTrigger(bench.namespace, 'bob', 'nothing'));
    });

    test('a definition that was read can be put back as it is, and nothing changes', async () => {
      await bench.apply([
        {
          name: 'a',
          http: { url: 'https://example.org/' },
          schedules: [{ name: 'daily', cron: '@daily', timezone: 'Asia/Shanghai' }],
        },
      ]);
      const before = await bench.counts();
      const view = await bench.job('a');
      const put = await bench.definitions.putJob(bench.namespace, 'ann', jobDefinitionSchema.parse(view?.definition), {
        ifMatch: 1,
      });
      assert.deepEqual([put.created, put.job], [false, view]);
      assert.deepEqual(await bench.counts(), before);
    });

    test('a put wants to know which version it changes', async () => {
      const put = (change: object, precondition: Parameters<Definitions['putJob']>[3]) =>
        bench.definitions.putJob(
          bench.namespace,
          'ann',
          jobDefinitionSchema.parse({ name: 'a', ...hello, ...change }),
          precondition,
        );
      await bench.refused('STALE_VERSION', [], put({}, { ifMatch: 1 }));
      assert.equal((await put({}, { ifNoneMatch: true })).created, true);
      await bench.refused('STALE_VERSION', [], put({}, { ifNoneMatch: true }));
      await bench.refused('VERSION_REQUIRED', [], put({ priority: 1 }, {}));
      assert.equal((await put({ priority: 1 }, { ifMatch: 1 })).job.version, 2);
      await bench.refused('STALE_VERSION', [], put({ priority: 2 }, { ifMatch: 1 }));
      assert.equal((await put({ priority: 2 }, { ifMatch: '*' })).job.version, 3);
      await bench.refused(
        'INVALID_CRON',
        ['/schedules/0/cron'],
        put({ schedules: [{ name: 's', cron: 'x' }] }, { ifMatch: 3 }),
      );
      await bench.refused('VERSION_REQUIRED', [], bench.definitions.deleteJob(bench.namespace, 'ann', 'a', {}));
      await bench.refused(
        'STALE_VERSION',
        [],
        bench.definitions.deleteJob(bench.namespace, 'ann', 'a', { ifMatch: 1 }),
      );
      await bench.definitions.deleteJob(bench.namespace, 'ann', 'a', { ifMatch: 3 });
      await bench.refused('NOT_FOUND', [], bench.definitions.deleteJob(bench.namespace, 'ann', 'a', { ifMatch: 3 }));
      assert.equal((await put({}, {})).created, true);
    });

    test('a deleted job leaves its history and frees its names', async () => {
      const jobs = [{ name: 'a', ...hello, schedules: [minutely] }];
      await bench.apply(jobs);
      const [before, times] = [await bench.job('a'), await bench.schedule('minutely')];
      await bench.rewind('minutely', 61_000);
      await bench.definitions.deleteJob(bench.namespace, 'ann', 'a', { ifMatch: 1 });
      await bench.apply(jobs);
      assert.notEqual((await bench.job('a'))?.id, before?.id);
      assert.notEqual((await bench.schedule('minutely')).id, times.id);
      const audit = await bench.assertClean();
      assert.deepEqual(
        audit.schedules.map((one) => one.fired).toSorted((x, y) => x - y),
        [0, 1],
      );
    });

    test('changes at the same time stand in line, and the last one holds', async () => {
      const jobs = (priority: number) => [
        { name: 'a', ...hello, priority, schedules: [{ ...minutely, every: `${priority}m` }] },
      ];
      await Promise.all(Array.from({ length: 8 }, (_, index) => bench.apply(jobs(index + 1))));
      const view = await bench.job('a');
      assert.equal(view?.version, 8);
      assert.deepEqual(
        (await bench.versionsOf('minutely')).map((one) => one.version),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      const { every } = (await bench.schedule('minutely')).definition;
      assert.equal(Number(view?.definition['priority']) * 60_000, every);
    });

    test('an unknown outcome is read back: answered when it was committed, told when it is not known', async () => {
      const request = (priority: number) => applyRequestSchema.parse({ jobs: [{ name: 'a', ...hello, priority }] });
      const committed = await bench
        .serviceOn({ ...bench.deps, db: unheard(bench.db, true) })
        .apply(bench.namespace, 'ann', request(1), {
          role: 'operator',
        });
      assert.deepEqual(
        committed.changes.map((change) => change.action),
        ['create'],
      );
      assert.deepEqual(bench.signals, ['schedules', 'changed']);
      const lost = bench
        .serviceOn({ ...bench.deps, db: unheard(bench.db, false) })
        .apply(bench.namespace, 'ann', request(2), { role: 'operator' });
      await bench.refused('OUTCOME_UNKNOWN', [], lost);
      assert.equal((await bench.job('a'))?.version, 1);
    });
  });
}

/** A store whose acknowledgements are lost. */
function unheard(db: Database, commits: boolean): Database {
  return {
    dialect: db.dialect,
    query: (sql, params) => db.query(sql, params),
    close: () => Promise.resolve(),
    transaction: async (work) => {
      const lost = new OutcomeUnknown('the acknowledgement was lost');
      await db.transaction(async (tx) => {
        await work(tx);
        if (!commits) throw lost;
      });
      throw lost;
    },
  };
}
