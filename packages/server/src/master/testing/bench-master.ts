// A whole master on the real store in memory, with a worker that is spoken for by hand.

import assert from 'node:assert/strict';
import { applyRequestSchema, type JobInput } from '@tidewheel/protocol';
import { Master } from '../master.ts';
import { openBench, type Bench } from './bench-context.ts';
import { FakeWorker } from './fake-worker.ts';

/** With one job `noop` when none is named. */
export async function openMaster(...jobs: JobInput[]) {
  const bench = await openBench();
  const master = new Master(bench.context);
  const apply = applyRequestSchema.parse({ jobs: jobs.length === 0 ? [{ name: 'noop', task: 'noop' }] : jobs });
  await master.definitions.apply('default', 'test', apply, { role: 'operator' });
  await master.start();
  await bench.clock.settle();
  return { bench, master, clock: bench.clock, worker: new FakeWorker(master.gateway) };
}

/** Stops it as a deployment would, and finds that nothing went wrong. */
export async function finish(bench: Bench, master: Master): Promise<void> {
  const stopping = master.stop();
  await bench.clock.advance(5000);
  await stopping;
  assert.deepEqual(bench.fatal, []);
  await bench.close();
}

export async function submitOne(
  master: Master,
  clock: Bench['clock'],
  request: Parameters<Master['intake']['submit']>[1][number] = { job: 'noop' },
) {
  const submitted = master.intake.submit('default', [request]);
  await clock.settle();
  const [result] = await submitted;
  assert.ok(result);
  return result;
}
