// An API server that says no, later, something else or nothing: what becomes of orders and of what is seen.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '@tidewheel/protocol';
import type { Clock } from '../../ports/clock.ts';
import type { Fleet, ScaledPool, Scaler } from '../../ports/scaler.ts';
import { systemClock } from '../system/clock.ts';
import { clusterAccess } from './cluster-access.ts';
import { kubernetesScaler } from './kubernetes-scaler.ts';
import { sharedCertificates, startCluster, type TestCluster } from './testing/cluster.ts';
import type { SeenRequest } from './testing/published-api.ts';

async function setup(
  t: TestContext,
  replicas = 3,
  boundMs = 10_000,
  clock: Clock = systemClock,
): Promise<TestCluster & { pool_: ScaledPool }> {
  const cluster = await startCluster({ boundMs, clock });
  t.after(async () => {
    await cluster.close();
    assert.deepEqual(cluster.api.faults, []);
  });
  const pool = cluster.pool('crunch', { replicas });
  cluster.api.controllers.settle();
  return { ...cluster, pool_: pool };
}

const isScalePatch = ({ method, path }: SeenRequest): boolean => method === 'PATCH' && path.endsWith('/scale');
const isScaleRead = ({ method, path }: SeenRequest): boolean => method === 'GET' && path.endsWith('/scale');
const isWatch = ({ query }: SeenRequest): boolean => query['watch'] === 'true';
const isList = (request: SeenRequest): boolean => request.path.endsWith('/pods') && !isWatch(request);

async function observed(scaler: Scaler, pool: ScaledPool, wanted: (fleet: Fleet) => boolean): Promise<Fleet> {
  for (;;) {
    const fleet = await scaler.observe(pool);
    if (wanted(fleet)) return fleet;
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.code, 'SCALER_FAILED');
  let text = '';
  for (let one: unknown = error; one instanceof Error; one = one.cause) text += `${one.message}\n${one.stack}\n`;
  assert.doesNotMatch(text, /the-token-of-the-test/, 'a secret stands in an error');
  return error.message;
}

test('a number that somebody has changed meanwhile is looked at anew', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  const workload = cluster.workloadOf(pool);
  api.stage(isScalePatch, () => {
    workload.replicas = 7;
    api.state.touch(workload);
  });
  await scaler.apply(pool, { count: 5, release: [], keep: [] });
  assert.equal(workload.replicas, 5);
  assert.equal(api.requestsLike('PATCH', /\/scale$/).length, 2);
});

test('a number that changes again and again is given up after five tries', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  const workload = cluster.workloadOf(pool);
  api.stage(isScalePatch, () => api.state.touch(workload), 100);
  assert.match(
    await failure(scaler.apply(pool, { count: 5, release: [], keep: [] })),
    /somebody else 5 times in a row/,
  );
  assert.equal(workload.replicas, 3);
});

test('what the watch has missed is listed anew when its version is too old', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  assert.equal((await scaler.observe(pool)).machines.length, 3);
  for (const goneBy of ['event', 'status'] as const) {
    api.goneBy = goneBy;
    const lists = api.requests.filter(isList).length;
    const [gone] = api.controllers.podsOf(cluster.workloadOf(pool));
    assert.ok(gone);
    api.silent = true;
    api.state.remove(gone);
    api.state.compact();
    api.silent = false;
    api.cutAll();
    // The watch knows that it was cut, and whoever asks waits for its next attempt.
    await pause(5);
    const fleet = await observed(scaler, pool, ({ machines }) =>
      machines.every(({ worker }) => worker !== gone.metadata.name),
    );
    assert.equal(fleet.machines.length, 2);
    assert.equal(api.requests.filter(isList).length, lists + 1);
    api.controllers.settle();
    await observed(scaler, pool, ({ machines }) => machines.length === 3);
  }
});

test('a watch that is cut off or closed goes on from where it was, without a new list', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  await scaler.observe(pool);
  api.bookmark();
  for (const end of [() => api.cutAll(), () => api.closeWatches()]) {
    end();
    const [pod] = api.controllers.podsOf(cluster.workloadOf(pool));
    assert.ok(pod);
    api.controllers.become(pod, { phase: 'Running', ready: false });
    await observed(scaler, pool, ({ machines }) => machines.some(({ state }) => state === 'starting'));
    api.controllers.become(pod, { phase: 'Running', ready: true });
    await observed(scaler, pool, ({ machines }) => machines.every(({ state }) => state === 'ready'));
  }
  assert.equal(api.requests.filter(isList).length, 1);
  assert.equal(api.watches, 1);
});

test('a watch that has fallen silent is given up after a minute without a bookmark', { timeout: 20_000 }, async (t) => {
  const silences: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    timer: (delayMs, fire, more) => {
      if (delayMs !== 75_000) return systemClock.timer(delayMs, fire, more);
      silences.push(fire);
      return { cancel: () => silences.splice(silences.indexOf(fire), 1) };
    },
  };
  const { api, scaler, pool_: pool, ...cluster } = await setup(t, 3, 10_000, clock);
  assert.equal((await scaler.observe(pool)).machines.length, 3);
  const [gone] = api.controllers.podsOf(cluster.workloadOf(pool));
  assert.ok(gone);
  // As over a connection of which only one side knows that it is no more.
  api.silent = true;
  api.state.remove(gone);
  api.silent = false;
  assert.equal((await scaler.observe(pool)).machines.length, 3, 'nobody has told it');
  assert.equal(silences.length, 1);
  silences[0]?.();
  await observed(scaler, pool, ({ machines }) => machines.length === 2);
});

test('a watch that says something else is begun anew', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool } = await setup(t);
  api.stage(isWatch, { status: 200, body: '<html>\n' });
  api.stage(isWatch, { status: 200, body: '{"type":"ADDED","object":{"kind":"Pod"}}\n' });
  const fleet = await observed(scaler, pool, ({ machines }) => machines.length === 3 && api.watches === 1);
  assert.equal(fleet.machines.length, 3);
});

test('patience that is asked for is had', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  await scaler.observe(pool);
  const at: number[] = [];
  const when = (request: SeenRequest): boolean => isScaleRead(request) && at.push(performance.now()) > 0;
  api.stage(when, { status: 429, headers: { 'retry-after': '1' }, body: '{"message":"too many requests"}' });
  api.stage((request) => when(request) && at.length > 2, { status: 500 });
  await scaler.apply(pool, { count: 4, release: [], keep: [] });
  assert.equal(cluster.workloadOf(pool).replicas, 4);
  const [first = 0, second = 0] = at;
  assert.ok(second - first >= 1000, `${second - first} ms`);
});

test('more patience than there is time ends the call, and nothing is sent meanwhile', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, pool_: pool } = await setup(t, 3, 2000);
  await scaler.observe(pool);
  api.stage(isScaleRead, { status: 429, headers: { 'retry-after': '30' }, body: '{"message":"slow down"}' });
  assert.match(await failure(scaler.observe(pool)), /s of patience|429: slow down/);
  const sent = api.requests.length;
  assert.match(await failure(scaler.observe(pool)), /s of patience/);
  assert.equal(api.requests.length, sent);
});

test('reading is repeated after a passing failure, a change is not', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool_: pool, ...cluster } = await setup(t);
  api.stage(isScaleRead, 'cut');
  api.stage(isScaleRead, { status: 500, body: '{"message":"etcd is away"}' });
  await scaler.apply(pool, { count: 4, release: [], keep: [] });
  assert.equal(cluster.workloadOf(pool).replicas, 4);
  api.stage(isScalePatch, 'cut');
  const patches = api.requestsLike('PATCH', /\/scale$/).length;
  assert.match(await failure(scaler.apply(pool, { count: 5, release: [], keep: [] })), /no answer from https/);
  assert.equal(api.requestsLike('PATCH', /\/scale$/).length, patches + 1);
});

test('a workload that is not there, rights that are missing and odd answers are told as they are', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, pool_: pool } = await setup(t);
  const { driver } = pool;
  assert.ok(driver.kind === 'kubernetes');
  const elsewhere = { ...pool, id: 'other', driver: { ...driver, name: 'absent' } };
  assert.match(await failure(scaler.observe(elsewhere)), /404: deployments\.apps "absent" not found/);
  const forbidden = 'deployments.apps "crunch" is forbidden: User "system:serviceaccount:t:t" cannot get resource';
  for (const [status, body, expected] of [
    [403, JSON.stringify({ message: forbidden }), /403: deployments\.apps "crunch" is forbidden/],
    [302, '', /302: redirects are not followed/],
    [200, '<html>', /what is not JSON/],
    [200, '{"metadata":{}}', /unexpected answer: \/metadata\/resourceVersion/],
    [200, 'x'.repeat(17 * 1024 * 1024), /larger than/],
  ] as const) {
    api.stage(isScaleRead, { status, body, headers: { location: 'https://elsewhere.example' } });
    assert.match(await failure(scaler.observe(pool)), expected);
  }
});

test('a token that was replaced is read again at once, one that is refused is told', { timeout: 20_000 }, async (t) => {
  const { api, scaler, account, pool_: pool } = await setup(t);
  await scaler.observe(pool);
  api.token = 'the-next-token';
  writeFileSync(join(account, 'token'), 'the-next-token\n');
  assert.equal((await scaler.observe(pool)).machines.length, 3);
  api.token = 'yet another';
  assert.match(await failure(scaler.observe(pool)), /401: Unauthorized/);
  rmSync(join(account, 'token'));
  assert.match(await failure(scaler.observe(pool)), /token cannot be read: ENOENT/);
  writeFileSync(join(account, 'token'), 'yet another');
  await observed(scaler, pool, ({ machines }) => machines.length === 3);
});

test('a server that the authority has not signed gets no credentials', { timeout: 20_000 }, async (t) => {
  const { api, account, options, pool_: pool } = await setup(t);
  const { otherCaFile } = sharedCertificates();
  const token = { file: join(account, 'token') };
  const sources = { server: api.url, servername: null, ca: { file: otherCaFile }, cert: null, key: null, token };
  const scaler = kubernetesScaler(options({ access: clusterAccess(sources, systemClock) }));
  const sent = api.requests.length;
  assert.match(await failure(scaler.observe(pool)), /self-signed certificate|unable to verify/);
  assert.equal(api.requests.length, sent);
  await scaler.close();
});

test('who shows a certificate needs no token', { timeout: 20_000 }, async (t) => {
  const { api, options, certificates, pool_: pool } = await setup(t);
  const { caFile, certFile, keyFile } = certificates;
  const [ca, cert, key] = [{ file: caFile }, { file: certFile }, { file: keyFile }];
  const sources = { server: api.url, servername: null, ca, cert, key, token: null };
  const scaler = kubernetesScaler(options({ access: clusterAccess(sources, systemClock) }));
  assert.equal((await scaler.observe(pool)).machines.length, 3);
  await scaler.close();
});

test('a port that speaks no TLS is a failure, not a hang', { timeout: 20_000 }, async (t) => {
  const { account, options, pool_: pool } = await setup(t);
  const plain = createServer((_, response) => response.end('hello'));
  t.after(() => {
    plain.closeAllConnections();
    plain.close();
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const server = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;
  const sources = {
    server,
    servername: null,
    ca: null,
    cert: null,
    key: null,
    token: { file: join(account, 'token') },
  };
  const scaler = kubernetesScaler(options({ access: clusterAccess(sources, systemClock), boundMs: 1000 }));
  assert.match(await failure(scaler.observe(pool)), /no answer|packet length|wrong version/);
  await scaler.close();
});

test('pods are listed in pages, and from the beginning when a page has been forgotten', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, pool_: pool } = await setup(t, 7);
  api.pageMost = 2;
  api.stage(
    ({ query }) => query['continue'] === 'page-1',
    () => api.forgetPages(),
  );
  const fleet = await observed(scaler, pool, ({ machines }) => machines.length === 7);
  assert.equal(new Set(fleet.machines.map(({ worker }) => worker)).size, 7);
  assert.equal(api.requests.filter(isList).length, 3 + 4);
});
