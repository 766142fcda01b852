import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { poolDefinitionSchema } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { openMetrics } from '../drivers/system/metrics.ts';
import { StoreUnavailable, type Database } from '../ports/database.ts';
import { poolsDelete, poolsWrite } from '../store/pools.ts';
import { newRun, seedId, seedJob } from '../store/testing/seed.ts';
import { runsInsert } from '../store/runs-submit.ts';
import { ScalingAnswers } from './scaling-figures.ts';
import { scalingGauges } from './scaling-gauges.ts';
import { openBench } from './testing/bench-context.ts';

async function setup(t: TestContext) {
  const bench = await openBench();
  t.after(() => bench.close());
  const { db } = bench.context;
  const job = await seedJob(db);
  const definition = poolDefinitionSchema.parse({
    name: 'p',
    queues: [`queue-${job.laneId}`],
    labels: { pool: 'p' },
    max: 9,
  });
  await poolsWrite(db, 'default', [{ id: seedId(), definition, source: 'test' }]);
  return { bench, db, job, clock: bench.clock };
}

const pool = { kind: 'pool', namespace: 'default', pool: 'p' } as const;

test('however many ask, the store is asked once a second', async (t) => {
  const { bench, db, job, clock } = await setup(t);
  const answers = new ScalingAnswers(bench.context);
  assert.equal((await answers.of(pool))?.waitingRuns, 0);
  const before = bench.queries();
  await Promise.all(Array.from({ length: 50 }, () => answers.of(pool)));
  assert.equal(bench.queries(), before);
  await runsInsert(db, [newRun(job)]);
  await clock.advance(1001);
  assert.equal((await answers.of(pool))?.waitingRuns, 1);
  assert.equal(await answers.of({ ...pool, pool: 'q' }), null);
});

test('a pool that was deleted is gone from the metrics, and so are all while the store does not answer', async (t) => {
  const { bench, db, clock } = await setup(t);
  let silent = false;
  const flaky: Database = {
    ...db,
    query: (sql, params) => (silent ? Promise.reject(new StoreUnavailable('gone')) : db.query(sql, params)),
  };
  const answers = new ScalingAnswers({ ...bench.context, db: flaky });
  const metrics = openMetrics({ process: false });
  const wanted = async (): Promise<string[]> => {
    await clock.advance(2000);
    const text = await metrics.text(await answers.gauges());
    return text.split('\n').filter((line) => /^tidewheel_(pool_wanted|queue_waiting_runs)/.test(line));
  };
  const [ofPool, ofQueue] = await wanted();
  assert.equal(ofPool, 'tidewheel_pool_wanted_workers{namespace="default",pool="p"} 0');
  assert.match(ofQueue ?? '', /^tidewheel_queue_waiting_runs\{namespace="default",queue="queue-/);
  silent = true;
  assert.deepEqual(await wanted(), []);
  silent = false;
  assert.equal((await wanted()).length, 2);
  await poolsDelete(db, 'default', ['p']);
  assert.deepEqual(await wanted(), [ofQueue]);
});

test('there are only so many series, and the busiest queues have them', async () => {
  const lanes = Array.from({ length: serverLimits.scalingSeries + 5 }, (_, index) => ({
    namespace: 'default',
    queue: `q${index}`,
    selector: {},
    waitingRuns: index,
    runningRuns: 0,
    oldestWaitMs: 0,
    runMs: 1,
  }));
  const gauges = await scalingGauges({ lanes, workers: [], pools: [] });
  const waiting = gauges.find(({ name }) => name === 'tidewheel_queue_waiting_runs')?.series;
  assert.equal(waiting?.length, serverLimits.scalingSeries);
  assert.equal(waiting.at(-1)?.value, 5);
});
