import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorCatalogue, limits } from '@tidewheel/protocol';
import { InvariantBroken } from '../core/invariant.ts';
import { type Database, OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import { silentLog, type Log } from '../ports/log.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

test('a refusal is problem+json with code, remedy and the id of the request', async () => {
  const answer = await door.call('GET', 'jobs/nothing', { headers: { 'x-request-id': 'my-request.1' } });
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.equal(answer.headers.get('x-request-id'), 'my-request.1');
  assert.deepEqual(answer.problem(), {
    type: 'urn:tidewheel:error:NOT_FOUND',
    title: errorCatalogue.NOT_FOUND.title,
    status: 404,
    detail: 'there is no job "nothing" in the namespace "default"',
    code: 'NOT_FOUND',
    remedy: errorCatalogue.NOT_FOUND.remedy,
    requestId: 'my-request.1',
  });
});

test('a request id that could forge log lines is not taken over', async () => {
  const answer = await door.call('GET', 'jobs', { headers: { 'x-request-id': 'a b"c' } });
  assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
});

test('broken JSON is refused with line and column', async () => {
  const answer = await door.call('POST', 'runs', { body: '{\n  "job": tru }' });
  assert.deepEqual([answer.status, answer.problem().code], [400, 'BAD_REQUEST']);
  assert.deepEqual(answer.problem().errors?.[0]?.line, 2);
  assert.deepEqual(answer.problem().errors?.[0]?.column, 10);
});

test('another content type is refused', async () => {
  const answer = await door.call('POST', 'runs', { body: 'job=x', headers: { 'content-type': 'text/plain' } });
  assert.deepEqual([answer.status, answer.problem().code], [400, 'BAD_REQUEST']);
});

test('a body over the limit is refused before it is read', async () => {
  const body = JSON.stringify({ job: 'x', payload: 'x'.repeat(limits.bodyBytes) });
  const answer = await door.call('POST', 'runs', { body });
  assert.deepEqual([answer.status, answer.problem().code], [413, 'PAYLOAD_TOO_LARGE']);
});

test('somebody without credentials may send only a small body', async () => {
  const body = { code: 'x'.repeat(20_000) };
  const answer = await door.call('POST', '/v1/session/link', { token: null, body });
  assert.deepEqual([answer.status, answer.problem().code], [413, 'PAYLOAD_TOO_LARGE']);
});

test('a body that is nested without end is refused and harms nothing', async () => {
  const body = `{"job":"noop","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const answer = await door.call('POST', 'runs', { body });
  assert.deepEqual([answer.status, answer.problem().code], [400, 'BAD_REQUEST']);
  assert.equal((await door.call('GET', '/readyz')).status, 200);
});

test('faults in bodies, queries and paths are pointed at', async () => {
  const body = await door.call('POST', 'runs/batch', { body: { runs: [{ job: 'ok' }, { job: 'a b', extra: 1 }] } });
  assert.equal(body.problem().code, 'VALIDATION_FAILED');
  assert.deepEqual(
    body
      .problem()
      .errors?.map((fault) => fault.pointer)
      .toSorted(),
    ['/runs/1', '/runs/1/job'],
  );
  const query = await door.call('GET', 'runs?limit=1000&state=done');
  assert.deepEqual(
    query
      .problem()
      .errors?.map((fault) => fault.pointer)
      .toSorted(),
    ['/query/limit', '/query/state/0'],
  );
  const unknown = await door.call('GET', 'runs?stat=failed');
  assert.equal(unknown.problem().code, 'VALIDATION_FAILED');
  const missing = await door.call('POST', 'runs');
  assert.equal(missing.problem().code, 'VALIDATION_FAILED');
  const path = await door.call('GET', 'runs/not-an-id');
  assert.deepEqual([path.status, path.problem().errors?.[0]?.pointer], [404, '/path/id']);
  const put = await door.call('PUT', `jobs/${encodeURIComponent('-bad-')}`, { body: { name: '-bad-', task: 'x' } });
  assert.deepEqual([put.status, put.problem().code], [422, 'VALIDATION_FAILED']);
});

test('a cursor that is not ours is refused', async () => {
  for (const path of ['runs?cursor=abc', 'jobs?cursor=e30', 'workers?cursor=W10', 'schedules?cursor=%00']) {
    const { code, errors } = (await door.call('GET', path)).problem();
    assert.deepEqual([code, errors?.[0]?.pointer], ['VALIDATION_FAILED', '/query/cursor'], path);
  }
});

test('unknown paths and methods are not found', async () => {
  for (const [method, path] of [
    ['GET', '/v1/nothing'],
    ['PATCH', '/v1/namespaces/default/jobs'],
    ['POST', '/'],
    ['GET', '/v1/namespaces/default/jobs/a/b/c'],
  ] as const) {
    const answer = await door.call(method, path);
    assert.deepEqual([answer.status, answer.problem().code], [404, 'NOT_FOUND'], `${method} ${path}`);
  }
});

/** A door whose store fails as it is told to, once it has started. */
async function failing(failure: () => Error) {
  const errors: unknown[] = [];
  const fatal: unknown[] = [];
  let broken = false;
  const log: Log = { ...silentLog, error: (message, fields) => errors.push([message, fields]), child: () => log };
  const real = await openDoor();
  const fail = (): Promise<never> => Promise.reject(failure());
  const { db: whole } = real.bench.context;
  const db: Database = {
    dialect: whole.dialect,
    query: (sql, params) => (broken && sql.includes('from job') ? fail() : whole.query(sql, params)),
    transaction: (work) => whole.transaction(work),
    close: () => whole.close(),
  };
  const front = await openDoor({}, { db, log, fatal: (error) => fatal.push(error), master: real.master });
  // The tokens of the first door, for its store is asked.
  const call: OpenDoor['call'] = (method, path) => front.call(method, path, { token: real.tokens.operator });
  broken = true;
  return {
    call,
    errors,
    fatal,
    close: async () => {
      await front.close();
      await real.close();
    },
  };
}

test('a store that does not answer is UNAVAILABLE, an unknown outcome is OUTCOME_UNKNOWN, both may be retried', async () => {
  for (const [failure, code] of [
    [() => new StoreUnavailable('gone'), 'UNAVAILABLE'],
    [() => new OutcomeUnknown('perhaps'), 'OUTCOME_UNKNOWN'],
  ] as const) {
    const setup = await failing(failure);
    const answer = await setup.call('GET', 'jobs');
    assert.deepEqual([answer.status, answer.problem().code, answer.headers.get('retry-after')], [503, code, '1']);
    assert.deepEqual([setup.errors, setup.fatal], [[], []]);
    await setup.close();
  }
});

test('a defect is logged with the id of the request and answered without detail', async () => {
  const setup = await failing(() => new TypeError('secret internals'));
  const answer = await setup.call('GET', 'jobs');
  assert.deepEqual([answer.status, answer.problem().code], [500, 'INTERNAL']);
  assert.doesNotMatch(answer.text, /secret internals/);
  assert.equal(setup.errors.length, 1);
  assert.match(JSON.stringify(setup.errors), new RegExp(answer.problem().requestId ?? 'none'));
  assert.deepEqual(setup.fatal, []);
  await setup.close();
});

test('a broken invariant stops the process', async () => {
  const setup = await failing(() => new InvariantBroken('two suns'));
  assert.equal((await setup.call('GET', 'jobs')).problem().code, 'INTERNAL');
  assert.equal(setup.fatal.length, 1);
  await setup.close();
});
