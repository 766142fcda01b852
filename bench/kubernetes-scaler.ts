// What the scaler of Kubernetes takes of its own: from an order to the request at the API server, from a change of a pod to its being observed,
// and for the pods of a large pool. On loopback, over HTTPS, with the API server of the tests in the same process.
//
//   node --conditions=source bench/kubernetes-scaler.ts

import { performance } from 'node:perf_hooks';
import { podListSchema } from '../packages/server/src/drivers/kubernetes/api-objects.ts';
import { startCluster } from '../packages/server/src/drivers/kubernetes/testing/cluster.ts';
import { serverLimits } from '../packages/server/src/core/limits.ts';

const rounds = 100;
const many = 5000;

function said(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  console.log(`${what}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms (${times.length})`);
}

const cluster = await startCluster({ boundMs: 30_000, hearMs: 1000 });
const { api, scaler } = cluster;

const pool = cluster.pool('small', { replicas: 3 });
api.controllers.settle();
await scaler.observe(pool);
const orders: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const sent = Promise.withResolvers<number>();
  api.stage(
    ({ method, path }) => method === 'PATCH' && path.endsWith('/scale'),
    () => sent.resolve(performance.now()),
  );
  const startedMs = performance.now();
  await scaler.apply(pool, { count: 4 + round, release: [], keep: [] });
  orders.push((await sent.promise) - startedMs);
}
said('from an order for more to the request at the API server', orders);

api.controllers.settle();
const observed: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const pod = [...api.state.pods.values()][round % api.state.pods.size];
  if (pod === undefined) break;
  const ready = round % 2 === 1;
  const startedMs = performance.now();
  api.controllers.become(pod, { phase: 'Running', ready });
  for (;;) {
    const { machines } = await scaler.observe(pool);
    if (machines.find(({ worker }) => worker === pod.metadata.name)?.state === (ready ? 'ready' : 'starting')) break;
  }
  observed.push(performance.now() - startedMs);
  api.controllers.become(pod, { phase: 'Running', ready: true });
}
said('from a change of a pod to its being observed, reading the scale included', observed);

const release = [...api.state.pods.values()].slice(0, 20).map(({ metadata }) => metadata.name);
const shrunk: number[] = [];
const startedMs = performance.now();
await scaler.apply(pool, { count: 83, release, keep: [] });
shrunk.push(performance.now() - startedMs);
said('to let 20 of 103 pods go (marks, a second for controllers to hear of them, look, number)', shrunk);

const large = cluster.pool('large', { replicas: many });
api.controllers.settle();
const listedMs = performance.now();
const fleet = await scaler.observe(large);
console.log(`to list ${fleet.machines.length} pods: ${Math.round(performance.now() - listedMs)} ms`);
const again: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const beganMs = performance.now();
  await scaler.observe(large);
  again.push(performance.now() - beganMs);
}
said(`to observe ${many} pods that are followed`, again);

// As large as pods are: what a container is made of, and who has changed what.
const [some] = api.state.pods.values();
const padding = Array.from({ length: 40 }, (_, index) => ({
  name: `VARIABLE_${index}`,
  value: 'x'.repeat(60),
  from: { key: 'a', path: 'b' },
}));
const page = JSON.stringify({
  metadata: { resourceVersion: '1' },
  items: Array.from({ length: serverLimits.scalerPage }, () => ({ ...some, padding })),
});
const read: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const beganMs = performance.now();
  podListSchema.parse(JSON.parse(page));
  read.push(performance.now() - beganMs);
}
said(
  `to read one page of ${serverLimits.scalerPage} pods of ${Math.round(page.length / serverLimits.scalerPage)} bytes, at once`,
  read,
);
if (api.faults.length > 0) console.log('not of the published interface:', api.faults);
await cluster.close();
