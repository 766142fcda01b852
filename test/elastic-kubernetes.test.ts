// A pool in Kubernetes, from the first run to the last pod: a real master with its leader's duties, real workers of the SDK in place of the
// containers, and an API server, controllers and nodes that keep to the published rules.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PoolInput } from '@tidewheel/protocol';
import { createClient, type Client } from '@tidewheel/sdk';
import { compose } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { deletionCost, safeToEvict } from '../packages/server/src/drivers/kubernetes/pod-facts.ts';
import { type ApiServer, startApiServer } from '../packages/server/src/drivers/kubernetes/testing/api-server.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { PodWorkers } from './elastic/pod-workers.ts';
import { makeCertificates } from './support/certificates.ts';
import { eventually, scratch } from './support/tidewheel.ts';

const base64 = (path: string): string => readFileSync(path).toString('base64');

async function setup(
  t: TestContext,
  pool: Partial<PoolInput> = {},
): Promise<{ api: ApiServer; client: Client; nodes: PodWorkers }> {
  const home = scratch(t);
  const certificates = makeCertificates(home);
  const api = await startApiServer(certificates);
  api.state.addWorkload({
    kind: 'Deployment',
    namespace: 'work',
    name: 'crunch',
    replicas: 0,
    selector: { app: 'crunch' },
    firstOrdinal: 0,
    template: 'aaa',
  });
  const kubeconfig = join(home, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'test',
      clusters: [
        { name: 'c', cluster: { server: api.url, 'certificate-authority-data': base64(certificates.caFile) } },
      ],
      users: [{ name: 'u', user: { token: api.token } }],
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  const defects: unknown[] = [];
  const flags = {
    store: `sqlite:${join(home, 'store.db')}`,
    listen: '127.0.0.1:0',
    'scaler-kubernetes': kubeconfig,
    heartbeat: '1s',
    'session-ttl': '6s',
  };
  const system = await compose(readConfig({ flags, env: {}, file: null }), {
    version: 'test',
    log: silentLog,
    fatal: (error) => defects.push(error),
  });
  const { secret: token } = await system.store.createToken({ name: 'test', role: 'admin', namespace: '*' });
  const client = createClient({ addresses: [system.address], token });
  const ofWorkers = await system.store.createToken({ name: 'pods', role: 'worker', namespace: 'default' });
  const nodes = new PodWorkers(api, { addresses: [system.address], token: ofWorkers.secret, slots: 2 });
  t.after(async () => {
    await nodes.close();
    await system.stop();
    assert.equal(await api.connections(), 0, 'a stopped master holds connections to the API server');
    await api.close();
    assert.deepEqual(api.faults, []);
    assert.deepEqual(defects, []);
  });
  await client.apply({
    jobs: [{ name: 'piece', task: 'piece' }],
    pools: [
      {
        name: 'crunch',
        labels: { pool: 'crunch' },
        slots: 2,
        max: 4,
        policy: { wait: '1s', in: { stabilize: '2s', cooldown: '500ms' } },
        driver: { kind: 'kubernetes', namespace: 'work', name: 'crunch' },
        ...pool,
      },
    ],
    source: 'test',
  });
  await eventually('the leader has looked', async () => (await client.pools.get('crunch')).status !== null);
  return { api, client, nodes };
}

async function finished(client: Client, runs: readonly string[]): Promise<void> {
  await eventually(
    'every run has ended',
    async () =>
      (await Promise.all(runs.map((id) => client.runs.get(id)))).every(({ finishedAt }) => finishedAt !== null),
    60_000,
  );
  for (const id of runs) assert.equal((await client.runs.get(id)).state, 'succeeded');
}

test('pods come with the first run, and go one by one when they are idle, none that works', {
  timeout: 180_000,
}, async (t) => {
  const { api, client, nodes } = await setup(t);
  const ordered = Promise.withResolvers<number>();
  api.stage(
    ({ method, path }) => method === 'PATCH' && path.endsWith('/scale'),
    () => ordered.resolve(performance.now()),
  );
  const startedMs = performance.now();
  // Long ones among short ones, so that pods become idle one after the other.
  const runs: string[] = [];
  const load = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1)
      runs.push((await client.trigger('piece', { ms: index % 8 === 0 ? 5000 : 300 + 40 * index })).id);
  };
  const size = (pods: number): Promise<boolean> =>
    eventually(`${pods} pods`, async () => nodes.pods().length === pods, 60_000);
  const order = (workers: number) => client.pools.order('crunch', { kind: 'scale', workers, reason: 'test' });
  await load(24);
  const tookMs = (await ordered.promise) - startedMs;
  t.diagnostic(`from the first run to the order at the API server: ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 5000, `${Math.round(tookMs)} ms from the first run to the order`);
  await size(4);
  await load(24);
  for (const workers of [3, 2]) {
    await order(workers);
    await size(workers);
  }
  await finished(client, runs);
  await order(0);
  await size(0);
  assert.equal(nodes.truth.length, runs.length, 'each run was begun once');
  assert.equal(new Set(nodes.truth.map(({ run }) => run)).size, runs.length);
  assert.ok(nodes.truth.every(({ ended, attempt }) => ended && attempt === 1));
  assert.equal(nodes.ends.length, 4);
  assert.deepEqual(
    nodes.ends.filter(({ busy }) => busy > 0),
    [],
  );
});

test('a pod that works is marked, and one that is to end drains while another one comes', {
  timeout: 180_000,
}, async (t) => {
  const { api, client, nodes } = await setup(t, { max: 2 });
  const { id } = await client.trigger('piece', { ms: 15_000 });
  const first = await eventually('it runs', async () => nodes.truth.find(({ run }) => run === id));
  const pod = await eventually('it is marked', async () =>
    nodes.pods().find(({ metadata }) => metadata.name === first.pod && metadata.annotations?.[safeToEvict] === 'false'),
  );
  assert.equal(pod.metadata.annotations?.[deletionCost], '100');
  api.controllers.disrupt(pod, 'TerminationByKubelet', 'Pod was terminated in response to imminent node shutdown.');
  await eventually(
    'another one comes',
    async () => nodes.pods().some(({ metadata }) => metadata.name !== first.pod),
    20_000,
  );
  await eventually('it takes nothing new', async () => {
    const { items } = await client.workers.list({}).page();
    return items.find(({ worker }) => worker === first.pod)?.state === 'draining';
  });
  const { id: next } = await client.trigger('piece', { ms: 100 });
  await finished(client, [next, id]);
  assert.notEqual(nodes.truth.find(({ run }) => run === next)?.pod, first.pod);
  assert.deepEqual(
    nodes.truth.filter(({ run }) => run === id).map(({ ended, attempt }) => [ended, attempt]),
    [[true, 1]],
  );
});
