// The histogram of late starts, as a whole master fills it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { noMetrics } from '../ports/metrics.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';
import { FakeWorker } from './testing/fake-worker.ts';

test('how late a run of a schedule starts is counted from its nominal time to the word of the worker, once', async () => {
  const bench = await openBench();
  const seen: [seconds: number, queue: string | undefined][] = [];
  const observe: typeof noMetrics.observe = (name, value, labels) => {
    if (name === 'tidewheel_start_lateness_seconds') seen.push([value, labels?.queue]);
  };
  const master = new Master({ ...bench.context, metrics: { ...noMetrics, observe } });
  const jobs = [{ name: 'noop', task: 'noop', schedules: [{ name: 'tick', every: '10s' }] }];
  await master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs }), { role: 'operator' });
  await master.start();
  await bench.clock.advance(12_000);
  const worker = new FakeWorker(master.gateway);
  worker.connect();
  await bench.clock.advance(50);
  const [assign] = worker.of('assign');
  assert.ok(assign);
  await bench.clock.advance(450);
  for (let again = 0; again < 2; again += 1)
    worker.send({ type: 'started', runId: assign.runId, attemptId: assign.attemptId });
  const [[seconds, queue] = [0, '']] = seen;
  assert.equal(seen.length, 1);
  assert.equal(queue, 'default');
  // Two seconds without a worker, half a second until it said so.
  assert.ok(seconds >= 2.5 && seconds < 2.7, `${seconds} s`);
  const stopping = master.stop();
  await bench.clock.advance(5000);
  await stopping;
  await bench.close();
});
