import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { poolOrderSchema, type PoolInput, type PoolOrderInput } from '@tidewheel/protocol';
import { scalingBench } from './testing/scaling-bench.ts';

async function setup(t: TestContext, pool: Partial<PoolInput> = {}) {
  const bench = await scalingBench(pool);
  t.after(() => bench.end());
  const order = (input: PoolOrderInput) =>
    bench.master.pools.order('default', 'ann', 'main', poolOrderSchema.parse(input));
  /** What every one of these tests must find in the end. */
  const nothingLost = async (runs: number): Promise<void> => {
    assert.deepEqual(bench.platform.killed, []);
    assert.equal(bench.platform.executions.size, runs);
    assert.deepEqual([...new Set(bench.platform.executions.values())], [1], 'no run was begun twice');
    const [row] = await bench.context.db.query<{ ended: number }>(
      `select count(*) as ended from run_archive where state = 'succeeded' and namespace = 'default'`,
    );
    assert.equal(row?.ended, runs);
  };
  return { ...bench, order, nothingLost };
}

test('a pool scales from zero with the first run, and back to zero, and loses nothing', async (t) => {
  const { platform, trigger, live, view, decisions, nothingLost } = await setup(t);
  await live(5000);
  assert.equal(platform.machines.size, 0);
  const before = platform.calls;
  await trigger(12);
  await live(1500);
  assert.ok(
    platform.orders.some(({ count }) => count > 0),
    'ordered within the second',
  );
  assert.ok(platform.calls > before);
  await live(20_000);
  assert.equal(platform.finished, 12);
  const { status, startupMs } = await view();
  assert.equal(status?.driver.state, 'ok');
  assert.ok(startupMs !== null && startupMs >= 3000 && startupMs < 6000, `${startupMs} ms`);
  await live(300_000);
  assert.equal(platform.machines.size, 0);
  const told = await decisions();
  assert.ok(told.length >= 3 && told.length < 30, `${told.length} rows`);
  assert.ok(told.every(({ explanation }) => explanation.length > 20));
  await nothingLost(12);
});

test('who drains gets no work, and goes only when it is empty', async (t) => {
  const { platform, trigger, live, order, view, nothingLost } = await setup(t, { min: 3 });
  await live(10_000);
  assert.equal((await view()).workers.live, 3);
  platform.runMs = 30_000;
  await trigger(6);
  await live(2000);
  assert.equal((await view()).workers.busy, 6);
  await order({ kind: 'scale', workers: 1, reason: 'test' });
  await live(3000);
  assert.deepEqual([(await view()).workers.live, (await view()).workers.draining], [1, 2]);
  assert.equal(platform.machines.size, 3, 'nobody goes while it works');
  await trigger(2);
  await live(5000);
  const busy = [...platform.machines.values()].map(({ begun }) => begun.size);
  assert.deepEqual(busy, [2, 2, 2], 'those that came later wait for the one that stays');
  await live(40_000);
  assert.equal(platform.machines.size, 1);
  await live(60_000);
  await nothingLost(8);
});

test('who drains is taken back when it is needed after all, and works on at once', async (t) => {
  const { platform, trigger, live, order, view, context, nothingLost } = await setup(t, { min: 2 });
  await live(10_000);
  platform.runMs = 20_000;
  await trigger(4);
  await live(2000);
  await order({ kind: 'scale', workers: 1, reason: 'test' });
  await live(2000);
  assert.equal((await view()).workers.draining, 1);
  await order({ kind: 'scale', workers: 2, reason: 'no, after all' });
  await live(2000);
  assert.deepEqual([(await view()).workers.live, (await view()).workers.draining], [2, 0]);
  const [row] = await context.db.query<{ n: number }>(
    'select count(*) as n from session where cordoned_at is not null',
  );
  assert.equal(row?.n, 0);
  await trigger(4);
  await live(60_000);
  assert.equal(
    platform.orders.every(({ release }) => release.length === 0),
    true,
  );
  await nothingLost(8);
});

test('a new leader goes on with a drain that another one began, and starts nobody twice', async (t) => {
  const { platform, trigger, live, order, master, second, view, nothingLost } = await setup(t, { min: 3 });
  await live(10_000);
  platform.runMs = 25_000;
  await trigger(6);
  await live(2000);
  await order({ kind: 'scale', workers: 1, reason: 'test' });
  await live(1500);
  assert.equal((await view()).workers.draining, 2);
  const next = await second();
  for (const { worker } of platform.machines.values()) {
    const holding = [...platform.machines.values()].find((one) => one.worker === worker)?.begun.keys() ?? [];
    worker?.cut();
    worker?.go(next.gateway, { resume: true, holding: [...holding] });
  }
  void master.stop();
  await live(20_000);
  assert.equal(next.elector.view.standing, 'trusted');
  assert.equal(platform.machines.size, 3);
  await live(30_000);
  assert.equal(platform.machines.size, 1);
  assert.equal((await view()).workers.live, 1);
  await nothingLost(6);
});

test('a driver that fails makes no storm: few calls, the last good state is kept, people are told, and then all goes on', async (t) => {
  const { platform, trigger, live, view, master } = await setup(t, { min: 2 });
  await live(10_000);
  platform.fault = 'refuses';
  const before = platform.calls;
  await trigger(50);
  await live(120_000);
  assert.ok(platform.calls - before <= 10, `${platform.calls - before} calls in two minutes`);
  assert.equal(platform.machines.size, 2);
  const { status } = await view();
  assert.deepEqual([status?.driver.state, status?.driver.error], ['paused', 'the platform says no']);
  assert.ok(status?.bounds.includes('driver'));
  const degraded = (await master.clusterStatus()).degraded.find(({ what }) => what === 'pool-driver-failing');
  assert.match(degraded?.detail ?? '', /default\/main failed \d+ times in a row: the platform says no/);
  platform.fault = null;
  await live(130_000);
  assert.equal((await view()).status?.driver.state, 'ok');
  assert.equal(
    (await master.clusterStatus()).degraded.some(({ what }) => what === 'pool-driver-failing'),
    false,
  );
});

test('a platform that does not answer holds up neither other duties nor further decisions, and has one call under way', async (t) => {
  const { platform, live, view } = await setup(t);
  await live(5000);
  platform.fault = 'silent';
  const before = platform.calls;
  await live(180_000);
  assert.equal(platform.calls - before, 1);
  const { status } = await view();
  assert.match(status?.driver.error ?? '', /no answer within 30000 ms/);
});

test('workers that keep dying hold no place, are told of, and are not ordered again and again', async (t) => {
  const { platform, trigger, live, view, master } = await setup(t);
  platform.fault = 'crashes';
  await trigger(4);
  await live(60_000);
  const counts = new Set(platform.orders.map(({ count }) => count));
  assert.ok(Math.max(...counts) <= 5, `told ${[...counts].join(', ')}`);
  assert.ok((await view()).status?.troubled.some(({ state, note }) => state === 'failing' && note === 'it crashes'));
  const degraded = (await master.clusterStatus()).degraded.find(({ what }) => what === 'pool-workers-failing');
  assert.match(degraded?.detail ?? '', /of the pool default\/main do not come up: it crashes/);
});

test('a pool at its maximum says so and what it costs in waiting', async (t) => {
  const { trigger, live, platform, master, view } = await setup(t, { max: 1 });
  platform.runMs = 10_000;
  await trigger(40);
  await live(30_000);
  assert.ok((await view()).status?.held);
  const degraded = (await master.clusterStatus()).degraded.find(({ what }) => what === 'pool-at-maximum');
  assert.match(
    degraded?.detail ?? '',
    /default\/main may have 1 workers and needs \d+: new runs wait .* s instead of .* s/,
  );
});

test('a frozen pool is left as it is, and goes on when the freeze is over', async (t) => {
  const { platform, trigger, live, order, view } = await setup(t);
  await order({ kind: 'freeze', for: '60s', reason: 'audit' });
  await trigger(10);
  await live(30_000);
  assert.equal(platform.machines.size, 0);
  assert.deepEqual((await view()).status?.bounds, ['frozen']);
  await live(60_000);
  assert.equal(platform.finished, 10);
  assert.deepEqual((await view()).orders, [], 'the order has ended');
});

test('a machine that ends soon has its worker drain, told by when, and another one comes in its place', async (t) => {
  const { platform, live, clock, view } = await setup(t, { min: 2 });
  await live(10_000);
  const [name = ''] = platform.machines.keys();
  const machine = platform.machines.get(name);
  assert.ok(machine);
  machine.endsAt = clock.wallMs() + 60_000;
  await live(6000);
  const drains = machine.worker?.of('drain') ?? [];
  assert.equal(drains.length, 1);
  const within = drains[0]?.stopAfterMs ?? 0;
  assert.ok(within > 45_000 && within < 58_000, `${within} ms`);
  assert.equal(platform.machines.size, 3);
  await live(20_000);
  assert.equal((await view()).workers.live, 2);
});

test('every worker is replaced by a rollout, one more than wanted at a time, with its progress told', async (t) => {
  const { platform, trigger, live, order, view, nothingLost } = await setup(t, { min: 3 });
  await live(10_000);
  const old = [...platform.machines.keys()];
  platform.runMs = 8000;
  await trigger(6);
  await live(2000);
  await order({ kind: 'rollout', surge: 1, reason: 'new image' });
  let most = 0;
  const left: number[] = [];
  for (let second = 0; second < 120 && (await view()).orders.length > 0; second += 1) {
    await live(1000);
    most = Math.max(most, platform.machines.size);
    left.push((await view()).status?.rollout?.left ?? 0);
  }
  assert.deepEqual((await view()).orders, []);
  assert.ok(most <= 4, `${most} machines at once`);
  assert.ok(left.includes(3) && left.includes(1), left.join(' '));
  const now = [...platform.machines.keys()];
  assert.equal(now.length, 3);
  assert.equal(
    now.some((name) => old.includes(name)),
    false,
  );
  await nothingLost(6);
});

test('a cluster without pools reads next to nothing of them, and a pool that rests costs little', async (t) => {
  const { live, apply, poolStatements, platform } = await setup(t);
  await live(10_000);
  const withPool = poolStatements();
  await live(60_000);
  const resting = (poolStatements() - withPool) / 60;
  assert.ok(resting < 1.5, `${resting} statements a second with a pool that rests`);
  await apply([]);
  await live(20_000);
  const without = poolStatements();
  await live(60_000);
  assert.ok(poolStatements() - without <= 2, `${poolStatements() - without} statements in a minute`);
  assert.equal(platform.machines.size, 0);
});
