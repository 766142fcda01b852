// The client against a fake of the routes: what it asks, what it makes of the answers, and when it asks again.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createServer, type AddressInfo } from 'node:net';
import { limits, problemOf, Refusal, type RunView } from '@tidewheel/protocol';
import { z } from 'zod';
import { createClient } from '../node/create-client.ts';
import { task } from '../task.ts';
import { Client } from './client.ts';
import { clientLimits, type ClientPorts } from './client-ports.ts';
import { fakeApi, sendJson, sendRefusal } from './fake-api.test.ts';
import { Requests } from './requests.ts';
import { RunFailed } from './run-handle.ts';

const double = task({
  id: 'double',
  input: z.object({ n: z.number(), unit: z.string().default('m') }),
  output: z.object({ n: z.number() }),
  run: ({ input }) => ({ n: input.n * 2 }),
});

const runOf = (fields: Partial<RunView>): Partial<RunView> => ({
  id: 'r1',
  job: 'double',
  state: 'succeeded',
  error: null,
  ...fields,
});
const of = (body: unknown): Record<string, unknown> => body as Record<string, unknown>;

/** Where nothing listens: a port that was free a moment ago. */
async function addressOfNobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test('a trigger carries the input as it was given, the token, and a key of its own', async (t) => {
  const api = await fakeApi(t, (_, response) => sendJson(response, { runId: 'r1', created: true }));
  const client = createClient({ address: api.url, token: 'secret', namespace: 'ns' });
  const handle = await client.trigger(double, { n: 2 }, { delay: '10m', priority: 5 });
  assert.equal(handle.id, 'r1');
  const [asked] = api.asked;
  assert.equal(asked?.line, 'POST /v1/namespaces/ns/runs');
  assert.equal(asked.headers.authorization, 'Bearer secret');
  const { idempotencyKey, ...rest } = of(asked.body);
  assert.match(String(idempotencyKey), /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, { job: 'double', payload: { n: 2 }, delay: '10m', priority: 5 });
});

test('an input that the task would refuse is refused before anything is sent', async (t) => {
  const api = await fakeApi(t, (_, response) => sendJson(response, {}));
  const client = createClient({ address: api.url });
  // @ts-expect-error n is not a string
  await assert.rejects(client.trigger(double, { n: '2' }), (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.code, 'VALIDATION_FAILED');
    assert.equal(error.faults[0]?.pointer, '/n');
    return true;
  });
  // @ts-expect-error the input is missing
  await assert.rejects(client.trigger(double), { code: 'VALIDATION_FAILED' });
  const batch = client.triggerBatch(double, [{ input: { n: 1 } }, { input: { n: Number.NaN } }]);
  await assert.rejects(batch, (error) => error instanceof Refusal && error.faults[0]?.pointer === '/1/n');
  assert.equal(api.asked.length, 0);
});

test('the result is typed, waits until the run is final, and throws when it did not succeed', async (t) => {
  const answers = [runOf({ state: 'running' }), runOf({ output: { n: 4 } })];
  const api = await fakeApi(t, (_, response) => sendJson(response, answers.length > 1 ? answers.shift() : answers[0]));
  const client = createClient({ address: api.url });
  const { n } = await client.run<typeof double>('r1').result();
  assert.equal(n.toFixed(1), '4.0');
  assert.deepEqual(api.lines(), Array(2).fill('GET /v1/namespaces/default/runs/r1'));
  answers[0] = runOf({ state: 'failed', error: { kind: 'thrown', message: 'no' } });
  await assert.rejects(client.run('r1').result(), (error) => {
    assert.ok(error instanceof RunFailed);
    assert.equal(error.message, 'run r1 of double failed: no');
    assert.equal(error.error?.kind, 'thrown');
    return true;
  });
  answers[0] = runOf({ state: 'running' });
  await assert.rejects(client.run('r1').result({ timeoutMs: 60 }), { code: 'WAIT_TIMED_OUT' });
  const aborted = AbortSignal.abort(new Error('enough'));
  await assert.rejects(client.run('r1').result({ signal: aborted }), /enough/);
});

test('a task that lives elsewhere is triggered by its name, with the types of an import that is erased', async (t) => {
  const api = await fakeApi(t, ({ line }, response) => {
    sendJson(response, line.startsWith('POST') ? { runId: 'r1', created: true } : runOf({ output: { n: 6 } }));
  });
  const client = createClient({ address: api.url });
  const run = await client.trigger<typeof double>('double', { n: 3 });
  const { n } = await run.result();
  assert.equal(n / 2, 3);
  // @ts-expect-error n is not a string
  await client.trigger<typeof double>('double', { n: '3' });
  await client.trigger('anything', { what: 'ever' });
  await client.trigger('anything');
  assert.equal(api.asked.length, 5);
});

test('many runs travel in as few requests as the limits allow, each request with its key, answers in order', async (t) => {
  const api = await fakeApi(t, ({ body }, response) => {
    const runs = of(body)['runs'] as { payload: { n: number } }[];
    sendJson(response, { runs: runs.map(({ payload }) => ({ runId: `r${payload.n}`, created: true })) });
  });
  const client = createClient({ address: api.url });
  const items = Array.from({ length: limits.batchRuns + 1 }, (_, n) => ({ input: { n } }));
  const handles = await client.triggerBatch(double, items);
  assert.deepEqual(
    handles.map(({ id }) => id),
    items.map(({ input }) => `r${input.n}`),
  );
  assert.deepEqual(
    api.asked.map(({ body }) => (of(body)['runs'] as unknown[]).length),
    [limits.batchRuns, 1],
  );
  assert.equal(new Set(api.asked.map(({ headers }) => headers['idempotency-key'])).size, 2);
  const large = 'x'.repeat(200_000);
  await client.triggerBatch(
    'any',
    Array.from({ length: 30 }, (_, n) => ({ input: { n, large } })),
  );
  assert.equal(api.asked.length, 2 + 3);
});

test('a trigger whose answer was lost is repeated under the same key at another master', async (t) => {
  const first = await fakeApi(t, (_, response) => response.destroy());
  const second = await fakeApi(t, (_, response) => sendJson(response, { runId: 'r1', created: false }));
  const client = createClient({ addresses: [first.url, second.url] });
  const handle = await client.trigger(double, { n: 1 });
  assert.equal(handle.created, false);
  assert.equal(first.asked.length, 1);
  assert.equal(of(first.asked[0]?.body)['idempotencyKey'], of(second.asked[0]?.body)['idempotencyKey']);
  await client.trigger(double, { n: 2 });
  assert.equal(first.asked.length, 1, 'the master that answered is asked first');
});

test('what could be done twice is never repeated once it may have been done', async (t) => {
  const first = await fakeApi(t, (_, response) => response.destroy());
  const second = await fakeApi(t, (_, response) => sendJson(response, {}));
  const client = createClient({ addresses: [first.url, second.url] });
  await assert.rejects(client.schedules.trigger('nightly'), { code: 'UNREACHABLE' });
  assert.equal(second.asked.length, 0);
});

test('a request that never left is sent to another master, whatever it is', async (t) => {
  const api = await fakeApi(t, (_, response) => sendJson(response, { runId: 'r1', created: true }));
  const nobody = await addressOfNobody();
  await createClient({ addresses: [nobody, api.url] }).schedules.trigger('nightly');
  assert.deepEqual(api.lines(), ['POST /v1/namespaces/default/schedules/nightly/trigger']);
  await assert.rejects(createClient({ addresses: [nobody] }).server(), (error) => {
    return error instanceof Refusal && error.code === 'UNREACHABLE' && error.message.includes('ECONNREFUSED');
  });
});

test('a refusal arrives with its code, faults and request, and is not repeated unless it passes', async (t) => {
  const refusal = new Refusal('INVALID_CRON', 'no such hour', { faults: [{ pointer: '/cron', detail: '25' }] });
  const api = await fakeApi(t, (_, response) => sendRefusal(response, refusal));
  const client = createClient({ address: api.url });
  await assert.rejects(client.schedules.preview('0 25 * * *'), {
    code: 'INVALID_CRON',
    message: 'no such hour',
    faults: refusal.faults,
  });
  assert.equal(api.asked.length, 1);
  const broken = await fakeApi(t, (_, response) => sendRefusal(response, new Refusal('INTERNAL', 'something broke')));
  await assert.rejects(
    createClient({ address: broken.url }).schedules.trigger('a'),
    /something broke \(request req-1\)/,
  );
  assert.equal(broken.asked.length, 1);
  const proxy = await fakeApi(t, (_, response) =>
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
  );
  await assert.rejects(createClient({ address: proxy.url }).schedules.trigger('a'), { code: 'UNAVAILABLE' });
});

test('a master that asks for time gets it, and one that is stopping is passed over', async () => {
  const answers = [
    new Refusal('TOO_MANY_REQUESTS', 'slowly', { retryAfterSeconds: 3 }),
    new Refusal('SHUTTING_DOWN', 'bye'),
    null,
  ];
  const waits: number[] = [];
  const ports: ClientPorts = {
    fetch: () => {
      const refusal = answers.shift() ?? null;
      if (refusal === null) return Promise.resolve(Response.json({ runId: 'r', created: true }));
      const { status, retryAfterSeconds } = refusal;
      const headers = { 'content-type': 'application/problem+json', 'retry-after': String(retryAfterSeconds ?? '') };
      return Promise.resolve(new Response(JSON.stringify(problemOf(refusal)), { status, headers }));
    },
    clock: {
      monotonicMs: () => 0,
      timer(delayMs, fire) {
        if (delayMs === clientLimits.requestMs) return { cancel: () => undefined };
        waits.push(delayMs);
        queueMicrotask(fire);
        return { cancel: () => undefined };
      },
    },
    fraction: () => 0.5,
    uuid: () => 'k',
  };
  await new Client(new Requests(['http://m1'], null, ports), 'ns').schedules.trigger('a');
  assert.deepEqual(waits, [3000 + 0.5 * clientLimits.retryBaseMs * 2, 0.5 * clientLimits.retryBaseMs * 4]);
});

test('lists are walked page by page, names are encoded, definitions carry their version', async (t) => {
  const api = await fakeApi(t, ({ line }, response) => {
    const second = line.includes('cursor=c1');
    sendJson(response, { items: second ? [3] : [1, 2], nextCursor: second ? null : 'c1' });
  });
  const client = createClient({ address: api.url, namespace: 'ns' });
  const seen: unknown[] = [];
  for await (const run of client.runs.list({ state: ['failed', 'lost'], job: 'a/b', limit: 2 })) seen.push(run);
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(api.lines(), [
    'GET /v1/namespaces/ns/runs?state=failed%2Clost&job=a%2Fb&limit=2',
    'GET /v1/namespaces/ns/runs?state=failed%2Clost&job=a%2Fb&cursor=c1&limit=2',
  ]);
  assert.deepEqual((await client.schedules.fires('a/b').page('c1')).items, [3]);
  assert.deepEqual(await client.workers.list().take(1), [1]);
  await client.jobs.put({ name: 'a/b', task: 't' }, 7);
  await client.jobs.put({ name: 'a/b', task: 't' }, 'none');
  await client.jobs.delete('a/b', 8);
  assert.deepEqual(api.lines().slice(2), [
    'GET /v1/namespaces/ns/schedules/a%2Fb/fires?cursor=c1',
    'GET /v1/namespaces/ns/workers?limit=200',
    'PUT /v1/namespaces/ns/jobs/a%2Fb',
    'PUT /v1/namespaces/ns/jobs/a%2Fb',
    'DELETE /v1/namespaces/ns/jobs/a%2Fb',
  ]);
  assert.deepEqual(
    api.asked.slice(-3).map(({ headers }) => headers['if-match'] ?? `none ${headers['if-none-match']}`),
    ['"7"', 'none *', '"8"'],
  );
});

test('configuration: options before environment before the default of dev', async (t) => {
  const api = await fakeApi(t, (_, response) => sendJson(response, { items: ['default'] }));
  t.after(() => {
    delete process.env['TIDEWHEEL_URL'];
    delete process.env['TIDEWHEEL_TOKEN'];
  });
  process.env['TIDEWHEEL_URL'] = api.url;
  process.env['TIDEWHEEL_TOKEN'] = 'from-env';
  await createClient().namespaces();
  assert.equal(api.asked[0]?.headers.authorization, 'Bearer from-env');
  await createClient({ token: null }).namespaces();
  assert.equal(api.asked[1]?.headers.authorization, undefined);
  delete process.env['TIDEWHEEL_URL'];
  assert.throws(() => createClient({ address: 'ftp://x' }), { code: 'INVALID_CONFIG' });
  assert.throws(() => createClient({ namespace: 'No' }), { code: 'INVALID_CONFIG' });
});
