import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import type { Assign } from '@tidewheel/protocol';
import { systemClock } from '../system-clock.ts';
import { attemptOf, execute } from './executor-harness.test.ts';
import { HttpExecutor, httpLimits } from './http-executor.ts';

type Http = Extract<Assign['handler'], { kind: 'http' }>;

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function call(handler: Partial<Http> & { url: string }, fields: Partial<Assign> = {}) {
  const assign = attemptOf({ kind: 'http', method: 'GET', headers: {}, expect: ['2xx'], ...handler }, fields);
  return { ...execute(new HttpExecutor(systemClock), assign), assign };
}

test('a call carries the run, the attempt and the payload; the answer is the output', async (t) => {
  const url = await serve(t, ({ method, headers }, response, body) => {
    const {
      'idempotency-key': key,
      'x-tidewheel-attempt': attempt,
      'x-tidewheel-fence': fence,
      'x-own': own,
      'content-type': type,
    } = headers;
    response.writeHead(201, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ method, key, attempt, fence, own, type, body }));
  });
  const { ended, output, assign } = call(
    { url, method: 'POST', headers: { 'X-Own': 'yes' } },
    { payload: '{"a":1}', attempt: 2 },
  );
  assert.deepEqual(JSON.parse((await ended).output ?? ''), {
    status: 201,
    contentType: 'application/json; charset=utf-8',
    truncated: false,
    body: {
      method: 'POST',
      key: assign.runId,
      attempt: '2',
      fence: assign.attemptId,
      own: 'yes',
      type: 'application/json',
      body: '{"a":1}',
    },
  });
  assert.match(output.system, /^POST http.*: 201 Created after \d+ ms\n$/);
});

test('a body of the job goes before the payload: text as it is, anything else as JSON; GET carries none', async (t) => {
  const url = await serve(t, ({ headers }, response, body) => response.end(`${headers['content-type']} ${body}`));
  const said = async (handler: Partial<Http>): Promise<unknown> =>
    (JSON.parse((await call({ url, ...handler }, { payload: '1' }).ended).output ?? '') as { body: unknown }).body;
  assert.equal(
    await said({ method: 'PUT', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    'application/x-www-form-urlencoded a=b',
  );
  assert.equal(await said({ method: 'PATCH', body: { a: [1] } }), 'application/json {"a":[1]}');
  assert.equal(await said({ method: 'GET' }), 'undefined ');
});

test('the status decides: classes and numbers that are expected succeed, the rest fails with what was said', async (t) => {
  const url = await serve(t, (request, response) =>
    response.writeHead(Number(request.url?.slice(1)), { location: '/elsewhere' }).end('out of order'),
  );
  assert.equal((await call({ url: `${url}/404`, expect: ['2xx', 404] }).ended).outcome, 'succeeded');
  const { outcome, error } = await call({ url: `${url}/503` }).ended;
  assert.equal(outcome, 'failed');
  assert.equal(error?.kind, 'http-status');
  assert.equal(error.message, 'the answer was 503 Service Unavailable to /elsewhere, expected 2xx: out of order');
  assert.equal((await call({ url: `${url}/302` }).ended).error?.kind, 'http-status', 'redirects are not followed');
  assert.equal((await call({ url: `${url}/302`, expect: ['3xx'] }).ended).outcome, 'succeeded');
});

test('a large answer is kept in part, and its rest is not waited for', async (t) => {
  const url = await serve(t, (_, response) => {
    // Never ends.
    response.write('x'.repeat(2 * httpLimits.bodyBytes));
  });
  const { body, truncated } = JSON.parse((await call({ url }).ended).output ?? '') as {
    body: string;
    truncated: boolean;
  };
  assert.deepEqual([body.length, truncated], [httpLimits.bodyBytes, true]);
});

test('a cancel or time limit breaks the request off', async (t) => {
  const url = await serve(t, () => undefined);
  const { outcome, error } = await call({ url }, { runTimeoutMs: 30 }).ended;
  assert.equal(outcome, 'timed-out');
  assert.match(error?.message ?? '', /^over its time limit of 30ms; the request was broken off/);
});

test('nobody there is a failure with the reason', async (t) => {
  const url = await serve(t, (_, response) => response.destroy());
  const { error } = await call({ url }).ended;
  assert.equal(error?.kind, 'http-unreachable');
  assert.match(error.message, /other side closed|ECONNRESET/);
});
