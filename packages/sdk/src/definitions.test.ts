import assert from 'node:assert/strict';
import test from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { calendar } from './calendar.ts';
import { applyOf, definitionsOf } from './definitions.ts';
import { schedule } from './schedule.ts';
import { task } from './task.ts';

const a = task({ id: 'a', run: () => 1 });
const b = task({ id: 'b', run: () => 2 });
const hourly = schedule(b, { id: 'b-hourly', cron: '0 * * * *' });

test('each task is a job with its schedules, and a schedule brings its task along', () => {
  const definitions = definitionsOf([a], [hourly, hourly]);
  assert.deepEqual([...definitions.tasks.keys()], ['a', 'b']);
  const request = applyRequestSchema.parse(applyOf(definitions, { group: 'reports' }));
  assert.deepEqual(
    request.jobs.map((job) => [job.task, job.schedules.map(({ name }) => name)]),
    [
      ['a', []],
      ['b', ['b-hourly']],
    ],
  );
  assert.equal(request.source, 'code/reports');
  // Said only when it is meant: masters that do not know it yet refuse it.
  assert.equal('takeOver' in applyOf(definitions, {}), false);
  assert.equal(applyOf(definitions, { takeOver: true }).takeOver, true);
});

test('one id for two things is refused', () => {
  assert.throws(() => definitionsOf([a, task({ id: 'a', run: () => 3 })], []), { code: 'DUPLICATE_NAME' });
  const other = schedule(a, { id: 'b-hourly', every: '1h' });
  assert.throws(() => definitionsOf([], [hourly, other]), { code: 'DUPLICATE_NAME' });
});

test('calendars go with the tasks that a program registers, and only when there are some', () => {
  const free = calendar({ id: 'free', weekdays: ['SAT', 'SUN'] });
  const request = applyRequestSchema.parse(applyOf(definitionsOf([a], [], [free, free]), {}));
  assert.deepEqual(request.calendars, [{ name: 'free', description: '', weekdays: ['SAT', 'SUN'] }]);
  assert.ok(!('calendars' in applyOf(definitionsOf([a], []), {})));
  assert.throws(() => definitionsOf([], [], [free, calendar({ id: 'free', dates: ['12-25'] })]), {
    code: 'DUPLICATE_NAME',
  });
});

test('a calendar that is not well defined is refused where it is written', () => {
  assert.throws(() => calendar({ id: 'c', dates: ['25 December'] }), { code: 'VALIDATION_FAILED' });
});
