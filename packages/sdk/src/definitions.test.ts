import assert from 'node:assert/strict';
import test from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { applyOf, definitionsOf } from './definitions.ts';
import { schedule } from './schedule.ts';
import { task } from './task.ts';

const a = task({ id: 'a', run: () => 1 });
const b = task({ id: 'b', run: () => 2 });
const hourly = schedule(b, { id: 'b-hourly', cron: '0 * * * *' });

test('each task is a job with its schedules, and a schedule brings its task along', () => {
  const { tasks, jobs } = definitionsOf([a], [hourly, hourly]);
  assert.deepEqual([...tasks.keys()], ['a', 'b']);
  const request = applyRequestSchema.parse(applyOf(jobs, { group: 'reports' }));
  assert.deepEqual(
    request.jobs.map((job) => [job.task, job.schedules.map(({ name }) => name)]),
    [
      ['a', []],
      ['b', ['b-hourly']],
    ],
  );
  assert.equal(request.source, 'code/reports');
});

test('one id for two things is refused', () => {
  assert.throws(() => definitionsOf([a, task({ id: 'a', run: () => 3 })], []), { code: 'DUPLICATE_NAME' });
  const other = schedule(a, { id: 'b-hourly', every: '1h' });
  assert.throws(() => definitionsOf([], [hourly, other]), { code: 'DUPLICATE_NAME' });
});
