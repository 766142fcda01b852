// KEDA before two masters of one cluster: whichever it asks by gRPC answers alike, and so do the numbers over HTTP and for Prometheus.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyRequestSchema, type ScalingFigures } from '@tidewheel/protocol';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { kedaClient } from '../packages/server/src/keda/testing/keda-client.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { createDatabase } from './support/postgres.ts';

const pool = { metadata: { namespace: 'default', pool: 'heavy' } };

test('every master answers a scaler alike, and one that stops ends its streams', { timeout: 90_000 }, async () => {
  const database = await createDatabase();
  after(() => database.drop());
  const flags = { store: database.url, listen: '127.0.0.1:0', 'keda-listen': '127.0.0.1:0', 'store-pool': '4' };
  const config = readConfig({ flags, env: {}, file: null });
  const open = () => compose(config, { version: 'test', log: silentLog, fatal: (error) => assert.fail(String(error)) });
  const systems: [System, System] = [await open(), await open()];
  after(() => Promise.all(systems.map((system) => system.stop())));
  const [first, second] = systems;

  const apply = applyRequestSchema.parse({
    jobs: [{ name: 'crunch', queue: 'heavy', task: 'nobody-runs-this' }],
    pools: [{ name: 'heavy', queues: ['heavy'], labels: { pool: 'heavy' }, slots: 2, max: 30, enabled: false }],
  });
  await first.master.definitions.apply('default', 'test', apply, { role: 'admin' });
  const ask = systems.map(({ kedaPort }) => kedaClient(`127.0.0.1:${kedaPort}`));
  after(() => ask.forEach((client) => client.close()));
  assert.deepEqual(await Promise.all(ask.map((client) => client.isActive(pool))), [false, false]);
  const activity = ask.map((client) => client.streamIsActive(pool));
  assert.deepEqual(await Promise.all(activity.map((stream) => stream.next())), [false, false]);

  const { secret } = await first.store.createToken({ name: 'scaler', role: 'operator', namespace: 'default' });
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  for (let run = 0; run < 12; run += 1) {
    const { status } = await fetch(`${first.address}/v1/namespaces/default/runs`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ job: 'crunch' }),
    });
    assert.equal(status, 201);
  }
  // Both have heard of the work; what they kept from before is a second old at most.
  assert.deepEqual(await Promise.all(activity.map((stream) => stream.next())), [true, true]);
  const metric = { name: 'tidewheel-workers', whole: 8, float: 8 };
  // Twelve runs of unknown length are twelve slots: of two each, four fifths of them busy.
  assert.deepEqual(await Promise.all(ask.map((client) => client.getMetrics(pool))), [[metric], [metric]]);
  const spec = [{ name: 'tidewheel-workers', whole: 1, float: 1 }];
  assert.deepEqual(await Promise.all(ask.map((client) => client.getMetricSpec(pool))), [spec, spec]);
  const queue = { metadata: { queue: 'heavy', slots: '3' } };
  for (const client of ask) assert.deepEqual(await client.getMetrics(queue), [{ ...metric, whole: 4, float: 4 }]);

  for (const path of ['pools/heavy/metrics', 'queues/heavy/metrics?slots=2&wait=10s']) {
    const [one, other] = await Promise.all(
      systems.map(async ({ address }) => {
        const response = await fetch(`${address}/v1/namespaces/default/${path}`, { headers });
        return (await response.json()) as ScalingFigures;
      }),
    );
    assert.deepEqual({ ...one, oldestWaitSeconds: 0 }, { ...other, oldestWaitSeconds: 0 });
    assert.partialDeepStrictEqual(one, { waitingRuns: 12, waitingWorkSeconds: 120, liveWorkers: 0, basis: 'backlog' });
  }
  const series = /^tidewheel_(?:pool|queue)_(?!oldest)\w+\{namespace="default",.*\d$/gm;
  const [mine, theirs] = await Promise.all(
    systems.map(async ({ address }) => (await (await fetch(`${address}/metrics`)).text()).match(series)),
  );
  assert.deepEqual(mine, theirs);
  assert.ok(mine);
  assert.ok(mine.includes('tidewheel_pool_wanted_workers{namespace="default",pool="heavy"} 8'), mine.join('\n'));
  assert.ok(mine.includes('tidewheel_queue_waiting_work_seconds{namespace="default",queue="heavy"} 120'));

  // As KEDA does: all addresses of a headless service, in turn.
  const balanced = kedaClient(`ipv4:${systems.map(({ kedaPort }) => `127.0.0.1:${kedaPort}`).join()}`);
  after(() => balanced.close());
  assert.equal(await balanced.isActive(pool), true);
  await second.stop();
  assert.equal(await activity[1]?.next(), null);
  for (let asked = 0; asked < 6; asked += 1) assert.deepEqual(await balanced.getMetrics(pool), [metric]);
});
