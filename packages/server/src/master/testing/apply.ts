// What applying a set of definitions promises, on any engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { jobDefinitionSchema } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import { DefinitionsBench, type DefinitionsSetup, fireDue, hello, minutely } from './definitions-bench.ts';

export function testApply(engine: string, open: () => Promise<DefinitionsSetup>): void {
  describe(`applying definitions on ${engine}`, () => {
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

    test('applying makes jobs with their first version, lane and schedules, and says so', async () => {
      const result = bench.apply([
        { name: 'a', ...hello, queue: 'q', schedules: [minutely] },
        { name: 'b', task: 'mail' },
      ]);
      assert.deepEqual(await bench.actions(result), ['job a create', 'schedule minutely create', 'job b create']);
      const made = await bench.job('a');
      assert.deepEqual([made?.version, made?.kind, made?.scheduleCount], [1, 'shell', 1]);
      const view = await bench.schedule('minutely');
      assert.deepEqual([view.state, view.job, view.version], ['enabled', 'a', 1]);
      const [version] = await bench.versionsOf('minutely');
      assert.deepEqual(version, { version: 1, state: 'enabled', valid_from: version?.cursor, cursor: version?.cursor });
      assert.equal(view.nextFireAt, (version?.cursor ?? 0) + 60_000);
      // By this the audit knows those that have had no time yet.
      assert.equal(view.createdAt, version?.cursor);
      assert.deepEqual(await bench.counts(), {
        namespace: 1,
        job: 2,
        job_version: 2,
        schedule: 1,
        schedule_version: 1,
        lane: 2,
        fire: 0,
        event: 3,
      });
      assert.deepEqual(bench.signals, ['schedules', 'changed']);
    });

    test('applying the same again changes nothing and announces nothing', async () => {
      const jobs = [
        { name: 'a', ...hello, payload: { b: 1, a: 2 }, schedules: [minutely, { name: 'once', in: '1s' }] },
      ];
      await bench.apply(jobs);
      await bench.rewind('once', 5000);
      await fireDue(bench.deps);
      const before = await bench.counts();
      bench.signals = [];
      assert.deepEqual(await bench.actions(bench.apply(jobs)), [
        'job a unchanged',
        'schedule minutely unchanged',
        'schedule once unchanged',
      ]);
      assert.deepEqual(await bench.counts(), before);
      assert.equal((await bench.schedule('once')).state, 'finished');
      assert.deepEqual(bench.signals, []);
    });

    test('a change of the spec makes a new version and tells the difference by pointer', async () => {
      await bench.apply([{ name: 'a', ...hello }]);
      const { changes } = await bench.apply([{ name: 'a', ...hello, retry: { attempts: 3 } }]);
      assert.deepEqual(changes, [
        {
          kind: 'job',
          name: 'a',
          action: 'update',
          differences: [{ pointer: '/retry/attempts', before: 1, after: 3 }],
        },
      ]);
      assert.equal((await bench.job('a'))?.version, 2);
      assert.equal(await bench.count('job_version'), 2);
    });

    test('a change of a schedule alone makes the definition newer without a new job version', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      assert.deepEqual(
        await bench.actions(bench.apply([{ name: 'a', ...hello, schedules: [{ ...minutely, every: '2m' }] }])),
        ['job a unchanged', 'schedule minutely update'],
      );
      assert.equal((await bench.job('a'))?.version, 2);
      assert.equal(await bench.count('job_version'), 1);
      assert.deepEqual(
        (await bench.versionsOf('minutely')).map((one) => one.version),
        [1, 2],
      );
    });

    test('pruning removes the jobs of the same source that are not named, and no other', async () => {
      await bench.apply(
        [
          { name: 'a', ...hello, schedules: [minutely] },
          { name: 'b', ...hello },
        ],
        { source: 'one' },
      );
      await bench.apply([{ name: 'c', ...hello }], { source: 'two' });
      assert.deepEqual(await bench.actions(bench.apply([{ name: 'b', ...hello }], { source: 'one' })), [
        'job b unchanged',
      ]);
      assert.deepEqual(await bench.actions(bench.apply([{ name: 'b', ...hello }], { source: 'one', prune: true })), [
        'job b unchanged',
        'job a delete',
        'schedule minutely delete',
      ]);
      assert.equal(await bench.job('a'), null);
      assert.ok(await bench.job('c'));
    });

    test('a job that another source declares is left alone, whatever else is applied with it', async () => {
      await bench.apply([{ name: 'a', ...hello }], { source: 'file' });
      const before = await bench.counts();
      const task = { name: 'a', task: 'a' };
      for (const options of [{}, { dryRun: true }]) {
        const work = bench.apply([{ name: 'b', ...hello }, task], { source: 'code/app', ...options });
        const refusal = await bench.refused('OTHER_SOURCE', ['/jobs/1/name'], work);
        assert.match(refusal.message, /the job "a" is declared by the source "file", not by "code\/app"/);
      }
      assert.deepEqual(await bench.counts(), before);
      // The same source goes on as before, and so does another one after it was deleted.
      await bench.apply([{ name: 'a', ...hello, priority: 1 }], { source: 'file' });
      await bench.apply([], { source: 'file', prune: true });
      assert.deepEqual(await bench.actions(bench.apply([task], { source: 'code/app' })), ['job a create']);
    });

    test('a job that was made by hand is not taken by an apply either', async () => {
      const definition = jobDefinitionSchema.parse({ name: 'a', ...hello });
      await bench.definitions.putJob(bench.namespace, 'ann', definition, { ifNoneMatch: true });
      await bench.refused('OTHER_SOURCE', ['/jobs/0/name'], bench.apply([{ name: 'a', ...hello }]));
    });

    test('a job is handed over on purpose, and belongs to its new source for pruning', async () => {
      await bench.apply([{ name: 'a', ...hello }], { source: 'one' });
      const { changes } = await bench.apply([{ name: 'a', ...hello }], { source: 'two', takeOver: true });
      assert.deepEqual(changes[0]?.differences, [{ pointer: '/source', before: 'one', after: 'two' }]);
      assert.equal(await bench.count('job_version'), 1);
      assert.deepEqual(await bench.actions(bench.apply([], { source: 'one', prune: true })), []);
      assert.deepEqual(await bench.actions(bench.apply([], { source: 'two', prune: true })), ['job a delete']);
    });

    test('a plan tells what would change and writes nothing', async () => {
      const jobs = [{ name: 'a', ...hello, schedules: [minutely] }];
      const planned = await bench.apply(jobs, { dryRun: true });
      assert.equal(planned.applied, false);
      assert.deepEqual(await bench.counts(), {
        namespace: 0,
        job: 0,
        job_version: 0,
        schedule: 0,
        schedule_version: 0,
        lane: 0,
        fire: 0,
        event: 0,
      });
      assert.deepEqual((await bench.apply(jobs)).changes, planned.changes);
    });

    test('one bad job refuses all, with the place of every fault', async () => {
      const jobs = [
        { name: 'a', ...hello, schedules: [{ name: 's', cron: '0 0 * *' }] },
        { name: 'b', ...hello, schedules: [{ name: 't', cron: '@daily', timezone: 'CST' }] },
        {
          name: 'a',
          ...hello,
          schedules: [
            { name: 's', every: '1m' },
            { name: 'u', in: 0 },
          ],
        },
        { name: 'd', ...hello, payload: 'x'.repeat(262_144) },
      ];
      await bench.refused(
        'INVALID_CRON',
        [
          '/jobs/0/schedules/0/cron',
          '/jobs/1/schedules/0/timezone',
          '/jobs/2/name',
          '/jobs/2/schedules/0/name',
          '/jobs/2/schedules/1/in',
          '/jobs/3/payload',
        ],
        bench.apply(jobs),
      );
      assert.equal(await bench.count('job'), 0);
      assert.deepEqual(bench.signals, []);
    });

    test('more schedules than one request may bring are refused', async () => {
      const jobs = Array.from({ length: serverLimits.applySchedules / 100 + 1 }, (_, index) => ({
        name: `job-${index}`,
        ...hello,
        schedules: Array.from({ length: 100 }, (_, place) => ({ name: `s-${index}-${place}`, every: '1h' })),
      }));
      await bench.refused('VALIDATION_FAILED', [], bench.apply(jobs));
      jobs.pop();
      assert.equal((await bench.apply(jobs)).changes.length, jobs.length * 101);
    });

    test('a schedule name of another job is refused, unless that job gives it up in the same request', async () => {
      await bench.apply([{ name: 'a', ...hello, schedules: [minutely] }]);
      const b = { name: 'b', ...hello, schedules: [{ ...minutely, every: '5m' }] };
      await bench.refused('DUPLICATE_NAME', ['/jobs/0/schedules/0/name'], bench.apply([b]));
      assert.deepEqual(await bench.actions(bench.apply([b, { name: 'a', ...hello }])), [
        'job b create',
        'schedule minutely create',
        'job a unchanged',
        'schedule minutely delete',
      ]);
      assert.equal((await bench.schedule('minutely')).job, 'b');
      assert.deepEqual(
        (await bench.versionsOf('minutely')).map((one) => one.state),
        ['enabled', 'deleted', 'enabled'],
      );
    });

    test('an instant in the past is refused when it is new, not when it was there before', async () => {
      const past = { name: 'once', at: '2020-01-01T00:00:00Z' };
      await bench.refused(
        'VALIDATION_FAILED',
        ['/jobs/0/schedules/0/at'],
        bench.apply([{ name: 'a', ...hello, schedules: [past] }]),
      );
      await bench.refused(
        'VALIDATION_FAILED',
        ['/jobs/0/schedules/0/at'],
        bench.apply([{ name: 'a', ...hello, schedules: [past] }], { dryRun: true }),
      );
      const at = Date.parse('2100-01-01T00:00:00Z');
      await bench.apply([{ name: 'a', ...hello, schedules: [{ name: 'once', at }] }]);
      // As if a century had passed: the instant that is stored is the old one.
      await bench.db.query(
        `update schedule set spec = replace(spec, '${at}', '1577836800000'), state = 'finished', next_fire_at = null where namespace = $1`,
        [bench.namespace],
      );
      const same = { name: 'once', at: Date.parse(past.at) };
      assert.deepEqual(
        await bench.actions(bench.apply([{ name: 'a', ...hello, schedules: [same] }], { dryRun: true })),
        ['job a unchanged', 'schedule once unchanged'],
      );
      assert.deepEqual(
        await bench.actions(bench.apply([{ name: 'a', ...hello, schedules: [{ ...same, description: 'over' }] }])),
        ['job a unchanged', 'schedule once update'],
      );
      assert.equal((await bench.schedule('once')).state, 'finished');
    });

    test('equal selectors share a lane, however they are written', async () => {
      await bench.apply([
        { name: 'a', ...hello, selector: { gpu: 'yes', zone: 'x' } },
        { name: 'b', ...hello, selector: { zone: 'x', gpu: 'yes' } },
      ]);
      assert.equal(await bench.count('lane'), 1);
    });

    test("a worker's token defines tasks and touches nothing else", async () => {
      await bench.apply([
        { name: 'shell', ...hello },
        { name: 'mail', task: 'mail' },
      ]);
      assert.deepEqual(await bench.actions(bench.apply([{ name: 'mail', task: 'mail', priority: 1 }], {}, 'worker')), [
        'job mail update',
      ]);
      await bench.refused('FORBIDDEN', ['/jobs/0'], bench.apply([{ name: 'new', ...hello }], {}, 'worker'));
      await bench.refused('FORBIDDEN', ['/jobs/0'], bench.apply([{ name: 'shell', task: 'mail' }], {}, 'worker'));
      await bench.refused(
        'FORBIDDEN',
        ['/prune'],
        bench.apply([{ name: 'mail', task: 'mail' }], { prune: true }, 'worker'),
      );
      assert.equal((await bench.job('shell'))?.version, 1);
    });
  });
}
