import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApplyResult, JobView, Page, ScheduleView } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

const definition = (name: string, more: object = {}) => ({ name, task: 'noop', ...more });

test('a job is made, read, changed and deleted under its ETag', async () => {
  const path = `jobs/${encodeURIComponent('billing/close-month')}`;
  const body = definition('billing/close-month');
  assert.equal((await door.call('GET', path)).status, 404);
  const made = await door.call('PUT', path, { body, headers: { 'if-none-match': '*' } });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('etag'), '"1"');
  const again = await door.call('PUT', path, { body, headers: { 'if-none-match': '*' } });
  assert.deepEqual([again.status, again.problem().code], [412, 'STALE_VERSION']);
  const unconditional = await door.call('PUT', path, { body });
  assert.deepEqual([unconditional.status, unconditional.problem().code], [428, 'VERSION_REQUIRED']);
  const changed = await door.call('PUT', path, { body: { ...body, priority: 5 }, headers: { 'if-match': '"1"' } });
  assert.deepEqual([changed.status, changed.headers.get('etag')], [200, '"2"']);
  assert.equal(changed.json<JobView>().definition['priority'], 5);
  const stale = await door.call('PUT', path, { body, headers: { 'if-match': '"1"' } });
  assert.equal(stale.problem().code, 'STALE_VERSION');
  const known = await door.call('GET', path, { headers: { 'if-none-match': '"2"' } });
  assert.deepEqual([known.status, known.text], [304, '']);
  assert.equal((await door.call('GET', path, { headers: { 'if-none-match': '"1"' } })).status, 200);
  assert.equal((await door.call('DELETE', path, { headers: { 'if-match': '"1"' } })).problem().code, 'STALE_VERSION');
  const gone = await door.call('DELETE', path, { headers: { 'if-match': '"2"' } });
  assert.deepEqual([gone.status, gone.text], [204, '']);
  assert.equal((await door.call('GET', path)).problem().code, 'NOT_FOUND');
});

test('a change that brings no schedules leaves them, one that brings an empty list removes them', async () => {
  const schedules = [{ name: 'keep-nightly', cron: '0 3 * * *' }];
  await door.call('PUT', 'jobs/keep', { body: definition('keep', { schedules }), headers: { 'if-none-match': '*' } });
  const count = async () => (await door.call('GET', 'jobs/keep')).json<JobView>().scheduleCount;
  assert.equal(await count(), 1);
  const before = (await door.call('GET', 'schedules/keep-nightly')).json<ScheduleView>();
  await door.call('PUT', 'jobs/keep', { body: definition('keep', { priority: 1 }), headers: { 'if-match': '*' } });
  assert.equal(await count(), 1);
  assert.equal((await door.call('GET', 'schedules/keep-nightly')).json<ScheduleView>().version, before.version);
  await door.call('PUT', 'jobs/keep', { body: definition('keep', { schedules: [] }), headers: { 'if-match': '*' } });
  assert.equal(await count(), 0);
});

test('the name in the path and in the body must agree', async () => {
  const answer = await door.call('PUT', 'jobs/one', { body: definition('two'), headers: { 'if-none-match': '*' } });
  assert.deepEqual([answer.status, answer.problem().errors?.[0]?.pointer], [422, '/name']);
});

test('a malformed If-Match is refused with what is wrong', async () => {
  for (const tag of ['1', 'W/"1"', '"1", "2"']) {
    const answer = await door.call('DELETE', 'jobs/one', { headers: { 'if-match': tag } });
    assert.equal(answer.problem().code, 'BAD_REQUEST', tag);
  }
});

test('apply is planned with dryRun, done as a whole, and refused as a whole', async () => {
  const jobs = [definition('apply-a'), definition('apply-b', { schedules: [{ name: 'apply-b-tick', every: '1m' }] })];
  const plan = await door.call('POST', 'apply', { body: { jobs, dryRun: true } });
  assert.deepEqual([plan.status, plan.json<ApplyResult>().applied], [200, false]);
  assert.equal((await door.call('GET', 'jobs/apply-a')).status, 404);
  const done = (await door.call('POST', 'apply', { body: { jobs } })).json<ApplyResult>();
  assert.deepEqual(
    done.changes.map((change) => [change.kind, change.name, change.action]),
    [
      ['job', 'apply-a', 'create'],
      ['job', 'apply-b', 'create'],
      ['schedule', 'apply-b-tick', 'create'],
    ],
  );
  const bad = [definition('apply-c'), definition('apply-d', { schedules: [{ name: 'x', cron: '61 * * * *' }] })];
  const refused = await door.call('POST', 'apply', { body: { jobs: bad } });
  assert.deepEqual([refused.status, refused.problem().code], [422, 'INVALID_CRON']);
  assert.match(refused.problem().errors?.[0]?.pointer ?? '', /^\/jobs\/1\/schedules\/0\/cron/);
  assert.equal((await door.call('GET', 'jobs/apply-c')).status, 404);
});

test('a worker may declare tasks and nothing else', async () => {
  const { worker: token } = door.tokens;
  const task = await door.call('POST', 'apply', { token, body: { jobs: [definition('by-worker')], source: 'worker' } });
  assert.equal(task.status, 200);
  const shell = { name: 'by-worker-shell', shell: { argv: ['rm', '-rf', '/'] } };
  const refused = await door.call('POST', 'apply', { token, body: { jobs: [shell], source: 'worker' } });
  assert.deepEqual([refused.status, refused.problem().code], [403, 'FORBIDDEN']);
});

test('jobs are listed by name in pages, and searched', async () => {
  for (const name of ['page-1', 'page-2', 'page-3']) {
    await door.call('PUT', `jobs/${name}`, { body: definition(name), headers: { 'if-none-match': '*' } });
  }
  const first = (await door.call('GET', 'jobs?q=PAGE-&limit=2')).json<Page<JobView>>();
  assert.deepEqual(
    first.items.map((job) => job.name),
    ['page-1', 'page-2'],
  );
  const rest = (await door.call('GET', `jobs?q=PAGE-&cursor=${first.nextCursor}`)).json<Page<JobView>>();
  assert.deepEqual(
    rest.items.map((job) => job.name),
    ['page-3'],
  );
  assert.equal(rest.nextCursor, null);
});
