import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { noMetrics } from '../ports/metrics.ts';
import { signInLinkCreate } from '../store/sign-ins.ts';
import { startHttp } from './http-door.ts';
import { addressText, isLoopback, refusePublicClearText } from './listen-address.ts';
import { callAt, openDoor } from './testing/open-door.ts';
import { selfSigned } from './testing/self-signed.ts';

test('loopback is told from public addresses', () => {
  for (const host of ['127.0.0.1', '127.8.9.10', '::1', '[::1]', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '192.168.1.2',
    '127.0.0.1.example.org',
    'localhost.example.org',
    '1127.0.0.1',
    '',
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});

test('a public address needs TLS, or the risk accepted by name', () => {
  const open = { host: '0.0.0.0', port: 0, tls: null, insecurePublicHttp: false };
  assert.throws(
    () => refusePublicClearText(open),
    (error) => error instanceof Refusal && error.code === 'PUBLIC_WITHOUT_TLS',
  );
  refusePublicClearText({ ...open, insecurePublicHttp: true });
  refusePublicClearText({ ...open, tls: { key: '', cert: '' } });
  refusePublicClearText({ ...open, host: '127.0.0.1' });
  assert.equal(addressText('::1', 7070, false), 'http://[::1]:7070');
});

test('a door on a public address without TLS is refused before anything starts', async () => {
  await assert.rejects(
    openDoor({ host: '0.0.0.0' }),
    (error) => error instanceof Refusal && error.code === 'PUBLIC_WITHOUT_TLS',
  );
});

test('with TLS the door speaks HTTPS only, and its cookies are for HTTPS only', async () => {
  const tls = selfSigned();
  const door = await openDoor({ tls });
  const { address } = door.door;
  assert.match(address, /^https:/);
  const { path } = await signInLinkCreate(door.bench.context.db, systemIdentity, {
    name: 'a',
    role: 'viewer',
    namespace: 'default',
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', headers, ca: tls.cert, agent: false };
    const asked = request(`${address}/v1/session/link`, options, (response) => resolve(response.resume()));
    asked.on('error', reject);
    asked.end(JSON.stringify({ code: path.split('#')[1] }));
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
  assert.match(answer.headers['set-cookie']?.[0] ?? '', /; Secure/);
  await assert.rejects(fetch(`${address.replace('https', 'http')}/livez`));
  await door.close();
});

test('a port that is taken is told by its code, so that another can be tried', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await assert.rejects(openDoor({ port }), { code: 'EADDRINUSE' });
  taken.close();
});

test('a door can be stopped before it was started, and twice', async () => {
  const open = await openDoor();
  const { db, clock, signals, log, metrics, fatal } = open.bench.context;
  const settings = { host: '127.0.0.1', port: 0, tls: null, insecurePublicHttp: false, version: 'test' };
  const deps = { master: open.master, identity: systemIdentity, metricsText: () => '', settings };
  const never = startHttp({ ...deps, db, clock, signals, log, metrics, fatal });
  await never.stop();
  await never.start();
  assert.throws(() => never.address);
  await open.door.start();
  await Promise.all([open.door.stop(), open.door.stop()]);
  await open.close();
});

test('requests are measured by route and status, never by the names in their paths', async () => {
  const seen: unknown[] = [];
  const metrics = {
    ...noMetrics,
    observe: (name: string, _value: number, labels: unknown) => seen.push([name, labels]),
  };
  const door = await openDoor({}, { metrics });
  await door.call('GET', 'jobs/some-name');
  await door.call('POST', '/some/where');
  // An answer is read before it counts as sent.
  await door.close();
  const name = 'tidewheel_http_request_seconds';
  assert.deepEqual(seen, [
    [name, { route: 'GET /v1/namespaces/:ns/jobs/:name', status: '404' }],
    [name, { route: 'unknown', status: '404' }],
  ]);
});

test('a request under way is finished when the door closes, a new one is not taken', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const store = await openDoor();
  const { db: whole } = store.bench.context;
  const db: Database = {
    dialect: whole.dialect,
    query: async (sql, params) => {
      if (sql.includes('from job')) {
        arrived();
        await held;
      }
      return whole.query(sql, params);
    },
    transaction: (work) => whole.transaction(work),
    close: () => whole.close(),
  };
  const front = await openDoor({}, { db });
  const { address } = front.door;
  const slow = callAt(address, 'GET', 'jobs', { token: store.tokens.viewer });
  await inside;
  const stopping = front.door.stop();
  await assert.rejects(callAt(address, 'GET', '/livez', {}));
  release();
  assert.equal((await slow).status, 200);
  await stopping;
  await front.close();
  await store.close();
});

test('a request that never ends is cut when the door has waited long enough', async () => {
  const store = await openDoor();
  const { db: whole, clock } = store.bench.context;
  let arrived: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const db: Database = {
    dialect: whole.dialect,
    query: (sql, params) => {
      if (!sql.includes('from job')) return whole.query(sql, params);
      arrived();
      return new Promise(() => undefined);
    },
    transaction: (work) => whole.transaction(work),
    close: () => whole.close(),
  };
  const front = await openDoor({}, { db, clock });
  const slow = callAt(front.door.address, 'GET', 'jobs', { token: store.tokens.viewer });
  const cut = assert.rejects(slow);
  await inside;
  const stopping = front.door.stop();
  await store.bench.clock.advance(10_000);
  await cut;
  await stopping;
  await front.close();
  await store.close();
});
