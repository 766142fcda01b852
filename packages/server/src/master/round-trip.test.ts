// The round trip between a worker and its master, from the heartbeat to what is shown of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricName } from '../ports/metrics.ts';
import { workersPage } from '../store/worker-views.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';
import { FakeWorker } from './testing/fake-worker.ts';

test('a heartbeat is answered with how long it was held, and what the worker measures by that is shown and counted', async (t) => {
  const bench = await openBench();
  const observed: [MetricName, number][] = [];
  const metrics = {
    ...bench.context.metrics,
    observe: (name: MetricName, value: number) => void observed.push([name, value]),
  };
  const master = new Master({ ...bench.context, metrics });
  await master.start();
  t.after(async () => {
    const stopping = master.stop();
    await bench.clock.advance(5000);
    await stopping;
    await bench.close();
  });
  const worker = new FakeWorker(master.gateway);
  worker.connect();
  await bench.clock.advance(100);
  worker.heartbeat();
  await bench.clock.advance(200);
  // Said again, because no answer came: the time counts from the first.
  worker.heartbeat();
  await bench.clock.advance(2000);
  const [ack] = worker.of('heartbeatAck');
  assert.equal(ack?.heldMs, 500);
  worker.send({ type: 'heartbeat', nonce: ack.nonce, mainSeq: 2, stats: { roundTripMs: 12.5 } });
  await bench.clock.advance(2000);
  const { items } = await workersPage(bench.context.db, 'default', null, 10);
  assert.equal(items[0]?.stats.roundTripMs, 12.5);
  const metric = 'tidewheel_worker_round_trip_seconds';
  assert.deepEqual(
    observed.filter(([name]) => name === metric),
    [[metric, 0.0125]],
  );
});
