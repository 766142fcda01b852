// What scalers are told, from real rows, on each engine. Test code only.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolDefinitionSchema, type PoolStatus } from '@tidewheel/protocol';
import { figuresOfPool, figuresOfQueue, type ScalingLoad } from '../../core/scaling/figures.ts';
import { poolsKeep, poolsWrite } from '../pools.ts';
import { attemptPeaks, workerPeaks } from '../pool-peaks.ts';
import { runsInsert } from '../runs-submit.ts';
import { scalingLoad } from '../scaling-load.ts';
import { sessionEnd, sessionGone } from '../sessions.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob, seedSession } from './seed.ts';
import { ViewBench } from './view-bench.ts';

const decided: PoolStatus = {
  at: 0,
  desired: 9,
  wanted: 7,
  bounds: [],
  explanation: '',
  starting: 0,
  ordered: null,
  driver: { state: 'none', failures: 0, error: null, retryAt: null },
  note: null,
  troubled: [],
  held: null,
  rollout: null,
};

export function testScalingLoad(engine: string, open: () => Promise<RunsSetup>): void {
  async function setup() {
    const bench = new ViewBench(await open());
    const job = await seedJob(bench.db);
    const queue = `queue-${job.laneId}`;
    const definition = poolDefinitionSchema.parse({
      name: 'p',
      queues: [queue],
      labels: { pool: 'p' },
      slots: 2,
      max: 9,
    });
    await poolsWrite(bench.db, 'default', [{ id: seedId(), definition, source: 'test' }]);
    const worker = (name: string, labels: Record<string, string>) =>
      seedSession(bench.db, bench.masterId, 60_000, { worker: name, labels, queues: [queue], slots: 2 });
    const pool = (load: ScalingLoad) => {
      const [found] = load.pools;
      assert.ok(found);
      return figuresOfPool(found, load);
    };
    return { bench, db: bench.db, job, queue, worker, pool };
  }

  test(`${engine}: a pool is told what waits and runs for it, and who works`, async () => {
    const { bench, db, job, worker, pool } = await setup();
    const own = await worker('own', { pool: 'p', zone: 'eu' });
    await worker('stranger', { pool: 'q' });
    await runsInsert(db, [newRun(job), newRun(job), newRun(job)]);
    await bench.claim(job, own);
    await bench.setup.advance(30);
    const figures = pool(await scalingLoad(db, 'default'));
    assert.ok(figures.oldestWaitSeconds > 0 && figures.oldestWaitSeconds < 60, String(figures.oldestWaitSeconds));
    assert.deepEqual(
      { ...figures, oldestWaitSeconds: 0 },
      {
        // Nothing is known of the length of its runs, so each counts as long as it may wait: one slot for each.
        wantedWorkers: 2,
        basis: 'backlog',
        liveWorkers: 1,
        drainingWorkers: 0,
        slots: 2,
        busySlots: 1,
        waitingRuns: 2,
        waitingWorkSeconds: 20,
        oldestWaitSeconds: 0,
        runningRuns: 1,
      },
    );
    await bench.setup.close();
  });

  test(`${engine}: seconds of work follow the length of runs that have ended`, async () => {
    const { bench, db, job, queue, worker } = await setup();
    const own = await worker('own', { pool: 'p' });
    await runsInsert(db, [newRun(job)]);
    const claimed = await bench.claim(job, own);
    await db.query('update run set started_at = now_ms() - 3000 where id = $1', [claimed.id]);
    await bench.report(claimed);
    await runsInsert(db, [newRun(job), newRun(job)]);
    const target = { kind: 'queue', namespace: 'default', queue, objective: { slots: 1, waitMs: 1000 } } as const;
    const figures = figuresOfQueue(target, await scalingLoad(db, 'default'));
    assert.ok(figures);
    assert.ok(figures.waitingWorkSeconds >= 6 && figures.waitingWorkSeconds < 8, String(figures.waitingWorkSeconds));
    assert.equal(figures.wantedWorkers, 2);
    assert.equal(figuresOfQueue({ ...target, queue: 'unused' }, await scalingLoad(db, 'default')), null);
    await bench.setup.close();
  });

  test(`${engine}: what the leader decided goes before the backlog, unless the pool is switched off`, async () => {
    const { bench, db, pool } = await setup();
    const [row] = await db.query<{ id: string; definition: string }>('select id, definition from pool');
    assert.ok(row);
    const memory = { outSince: null, inSince: null, lastOutAt: null, lastInAt: null, wishes: [] };
    await poolsKeep(db, [{ id: row.id, memory, status: decided, startupMs: null }]);
    const { wantedWorkers, basis } = pool(await scalingLoad(db, null));
    assert.deepEqual({ wantedWorkers, basis }, { wantedWorkers: 7, basis: 'decision' });
    const off = { ...(JSON.parse(row.definition) as object), enabled: false };
    await db.query('update pool set definition = $1', [JSON.stringify(off)]);
    assert.equal(pool(await scalingLoad(db, null)).basis, 'backlog');
    await bench.setup.close();
  });

  test(`${engine}: a lane that is paused has nothing to be worked off, and other namespaces do not count`, async () => {
    const { bench, db, job, pool } = await setup();
    await runsInsert(db, [newRun(job)]);
    await db.query('update lane set paused = 1');
    assert.partialDeepStrictEqual(pool(await scalingLoad(db, 'default')), { waitingRuns: 0, oldestWaitSeconds: 0 });
    assert.deepEqual(await scalingLoad(db, 'other'), { lanes: [], workers: [], pools: [] });
    await bench.setup.close();
  });

  test(`${engine}: peaks of attempts are kept with them, and peaks of workers a while after their end`, async () => {
    const { bench, db, job, queue, worker } = await setup();
    const pool = { labels: { pool: 'p' }, queues: [queue] };
    const own = await worker('own', { pool: 'p' });
    const usage = { memoryBytes: 123_000_000, cpuMs: 4000 };
    await runsInsert(db, [newRun(job), newRun(job), newRun(job)]);
    const first = await bench.claim(job, own);
    await db.query('update run set started_at = now_ms() - 2000 where id = $1', [first.id]);
    await bench.report(first, { usage });
    await bench.report(await bench.claim(job, own), { outcome: 'failed', output: null, error, usage });
    await bench.report(await bench.claim(job, own));
    const peaks = await attemptPeaks(db, 'default', pool);
    assert.deepEqual(
      peaks.map(({ job: name, memoryBytes }) => [name, memoryBytes]),
      [
        [job.name, usage.memoryBytes],
        [job.name, usage.memoryBytes],
      ],
    );
    assert.ok(peaks.some(({ cpu }) => cpu > 1.3 && cpu <= 2));
    assert.deepEqual(await attemptPeaks(db, 'default', { ...pool, queues: ['other'] }), []);

    const full = { peakMemoryBytes: 950, memoryLimitBytes: 1000 };
    const others = await Promise.all(
      ['full', 'killed', 'left', 'stranger', 'old'].map((name) =>
        worker(name, { pool: name === 'stranger' ? 'q' : 'p' }),
      ),
    );
    const told = [
      { peakMemoryBytes: 500, peakCpu: 0.5 },
      full,
      { peakMemoryBytes: 400, oomKills: 2 },
      full,
      full,
      { memoryBytes: 1 },
    ];
    for (const [index, id] of [own, ...others].entries())
      await db.query('update session set stats = $2 where id = $1', [id, JSON.stringify(told[index])]);
    const [broken, , left] = others;
    assert.ok(broken !== undefined && left !== undefined);
    await sessionGone(db, 'default', broken, { reason: 'crashed', detail: null });
    await sessionEnd(db, left);
    const found = (await workerPeaks(db, 'default', pool)).map(({ cpu, memoryBytes, starved }) => [
      cpu,
      memoryBytes,
      starved,
    ]);
    assert.deepEqual(
      found.toSorted((a, b) => Number(a[1]) - Number(b[1]) || Number(a[2]) - Number(b[2])),
      [
        [null, 400, true],
        [0.5, 500, false],
        // It said goodbye.
        [null, 950, false],
        [null, 950, true],
      ],
    );
    await bench.setup.close();
  });
}

const error = { kind: 'exit', message: 'exit code 1' };
