import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { storeSize } from '../store/store-size.ts';
import { seedJob, seedSchedule } from '../store/testing/seed.ts';
import { Master } from './master.ts';
import { SpaceWatch } from './space-watch.ts';
import { openBench } from './testing/bench-context.ts';

const mib = 2 ** 20;

function isFull(error: unknown): boolean {
  assert.ok(error instanceof Refusal, String(error));
  assert.deepEqual([error.code, error.status, error.retryAfterSeconds], ['STORE_FULL', 507, 30]);
  assert.match(error.message, /1\.0 MiB can still be written, and 10 MiB are kept/);
  return true;
}

test('below the reserve new runs are refused, with some room above it they are taken again', async (t) => {
  const bench = await openBench();
  t.after(() => bench.close());
  let free = 100 * mib;
  const gauges = new Map<string, number>();
  const space = new SpaceWatch({
    ...bench.context,
    diskFreeBytes: () => free,
    metrics: { ...bench.context.metrics, set: (name, value) => void gauges.set(name, value) },
    settings: { ...bench.context.settings, space: { budgetBytes: null, reserveBytes: 10 * mib } },
  });
  const at = async (bytes: number) => {
    free = bytes;
    await space.look();
    return space.now.level;
  };
  assert.equal(await at(100 * mib), 'ok');
  assert.equal(await at(30 * mib), 'filling');
  space.assertRoom();
  assert.equal(await at(1 * mib), 'full');
  assert.throws(() => space.assertRoom(), isFull);
  assert.equal(space.hasRoom, false);
  assert.equal(gauges.get('tidewheel_store_full'), 1);
  assert.equal(await at(10.5 * mib), 'full');
  assert.equal(await at(12 * mib), 'filling');
  space.assertRoom();
  assert.equal(gauges.get('tidewheel_store_full'), 0);
});

async function setup(t: TestContext) {
  const bench = await openBench();
  const { usedBytes } = await storeSize(bench.context.db);
  bench.context.settings.space = { budgetBytes: usedBytes + mib, reserveBytes: 10 * mib };
  const master = new Master(bench.context);
  t.after(async () => {
    const stopping = master.stop();
    await bench.clock.advance(5000);
    await stopping;
    await bench.close();
  });
  return { bench, master, db: bench.context.db };
}

test('a full store takes no runs and no backfills of anybody, and goes on with what it has promised', async (t) => {
  const { bench, master, db } = await setup(t);
  const job = await seedJob(db);
  await seedSchedule(db, job, { every: '1s' }, 0);
  await master.start();
  await bench.clock.advance(5000);
  await assert.rejects(master.intake.submit('default', [{ job: job.name }]), isFull);
  const range = { from: 0, to: 1, order: 'oldest-first', missingOnly: false, active: 1, reason: 'r' } as const;
  await assert.rejects(
    master.backfills.begin(
      'default',
      'ann',
      's',
      range as unknown as Parameters<typeof master.backfills.begin>[3],
      null,
    ),
    isFull,
  );
  const fired = await db.query(`select 1 from fire where outcome = 'fired'`);
  assert.ok(fired.length >= 4, `${fired.length} fires`);
  assert.equal((await db.query(`select 1 from run where trigger_kind = 'schedule'`)).length, fired.length);
  const { degraded } = await master.clusterStatus();
  assert.deepEqual(
    degraded.filter(({ what }) => what.startsWith('store')).map(({ what }) => what),
    ['store-full'],
  );
  const events = await db.query<{ action: string }>(`select action from event where subject = 'store'`);
  assert.deepEqual(events, [{ action: 'store.full' }]);
});

test('the status tells sizes, growth and when it will be full', async (t) => {
  const { bench, master, db } = await setup(t);
  bench.context.settings.space = { budgetBytes: 100 * mib, reserveBytes: 10 * mib };
  const now = bench.clock.wallMs();
  for (let hour = 24; hour > 0; hour -= 1)
    await db.query('insert into store_size (at, used_bytes) values ($1, $2)', [
      now - hour * 3_600_000,
      (24 - hour) * mib,
    ]);
  await master.start();
  await bench.clock.advance(1000);
  const status = await master.storeStatus();
  assert.equal(status.level, 'ok');
  assert.equal(Math.round((status.growthBytesPerDay ?? 0) / mib), 24);
  const days = ((status.fullAt ?? 0) - status.at) / 86_400_000;
  assert.ok(days > 3.4 && days < 3.8, `${days} days`);
  assert.ok(status.tables.length > 20);
  assert.equal(status.tables.find(({ table }) => table === 'store_size')?.rows, 25, 'times as keys are no rows');
  assert.deepEqual([status.engine, status.estimated, status.ledgerFrom, status.lastPass], ['sqlite', true, 0, null]);
  const { degraded } = await master.clusterStatus();
  assert.ok(degraded.some(({ detail }) => detail === 'at the rate of the last days there is room for 3 more days'));
});
