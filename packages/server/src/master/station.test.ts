// Several masters on one store and workers that are spoken for by hand, which go where they are sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyRequestSchema, Refusal } from '@tidewheel/protocol';
import type { MasterState } from '../core/spread.ts';
import { masterWant } from '../store/masters.ts';
import { seedId } from '../store/testing/seed.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';
import { FakeWorker } from './testing/fake-worker.ts';

async function cluster(size: number) {
  const bench = await openBench();
  const { clock } = bench;
  const masters = new Map<string, Master>();
  for (let index = 0; index < size; index += 1) {
    const address = `http://m${index}:7070`;
    masters.set(address, new Master({ ...bench.context, settings: { ...bench.context.settings, address } }));
  }
  const list = [...masters.values()];
  const [first] = list;
  assert.ok(first);
  const apply = applyRequestSchema.parse({
    jobs: [{ name: 'noop', task: 'noop', schedules: [{ name: 'tick', every: '10s' }] }],
  });
  await first.definitions.apply('default', 'test', apply, { role: 'operator' });
  for (const master of list) await master.start();
  await clock.advance(4000);
  const workers: { worker: FakeWorker; at: string; moves: number }[] = [];
  const connect = async (address: string, count: number) => {
    for (let index = 0; index < count; index += 1) {
      const gateway = masters.get(address)?.gateway;
      assert.ok(gateway);
      const one = { worker: new FakeWorker(gateway, { slots: 1 }), at: address, moves: 0 };
      one.worker.connect();
      workers.push(one);
      await clock.settle();
      await follow();
    }
  };
  /** Workers go where they were sent, as the SDK does: to one of the preferred masters, with `moved`. */
  const follow = async () => {
    for (const one of workers) {
      const bye = one.worker.of('bye').at(-1);
      if (one.worker.closed === null || bye === undefined) continue;
      const [to] = bye.prefer ?? [];
      const gateway = to === undefined ? undefined : masters.get(to)?.gateway;
      assert.ok(gateway && to !== undefined, JSON.stringify(bye));
      assert.equal(bye.code, 'REBALANCE');
      const welcomed = one.worker.of('welcome').length > 0;
      one.worker.received.splice(
        0,
        one.worker.received.length,
        ...one.worker.of('assign'),
        ...one.worker.of('welcome'),
      );
      one.worker.go(gateway, {
        moved: true,
        resume: welcomed,
        holding: one.worker.of('assign').map((run) => run.attemptId),
      });
      one.at = to;
      one.moves += 1;
    }
    await clock.settle();
  };
  /** Lets time pass, with heartbeats. */
  const live = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      for (const { worker } of workers) worker.heartbeat();
      await clock.advance(1000);
      await follow();
    }
  };
  const counts = () => list.map((master) => master.gateway.count);
  const order = async (master: Master | undefined, wanted: MasterState) => {
    assert.ok(master);
    const answer = await bench.context.db.transaction((tx) =>
      masterWant(tx, master.id, { wanted, reason: 'test', by: 'ann' }),
    );
    bench.context.signals.publish('masters', null);
    await clock.settle();
    await follow();
    return answer.kind;
  };
  const rowOf = async (master: Master | undefined) => {
    const rows = await bench.context.db.query<{ drained: number; sessions: number }>(
      'select drained, sessions from master where id = $1',
      [master?.id ?? ''],
    );
    return rows[0];
  };
  const stop = async () => {
    for (const master of list) {
      const stopping = master.stop();
      await clock.advance(5000);
      await stopping;
    }
    assert.deepEqual(bench.fatal, []);
    await bench.close();
  };
  return { bench, clock, list, workers, connect, live, counts, order, rowOf, stop };
}

test('workers that all arrive at one master are spread, and none is sent on twice', async () => {
  const { workers, connect, live, counts, stop } = await cluster(3);
  for (let round = 0; round < 6; round += 1) {
    await connect('http://m0:7070', 10);
    await live(4000);
  }
  const [most = 0] = counts().toSorted((a, b) => b - a);
  assert.ok(most <= 30, counts().join(' '));
  assert.equal(
    counts().reduce((sum, count) => sum + count, 0),
    60,
  );
  assert.ok(workers.every(({ moves }) => moves <= 1));
  await stop();
});

test('idle workers of a crowded master move slowly to a new one, and then stay', async () => {
  const { workers, connect, live, counts, list, order, stop } = await cluster(2);
  assert.equal(await order(list[1], 'cordoned'), 'done');
  await connect('http://m0:7070', 40);
  assert.deepEqual(counts(), [40, 0]);
  await order(list[1], 'active');
  // Whoever has just come is left in peace.
  await live(30_000);
  assert.deepEqual(counts(), [40, 0]);
  await live(42_000);
  const [left = 0] = counts();
  assert.ok(left < 40 && left >= 40 - 3 * 15, 'a few at a time');
  await live(60_000);
  const settled = counts();
  assert.ok(Math.max(...settled) <= 24, settled.join(' '));
  await live(60_000);
  assert.deepEqual(counts(), settled, 'nobody moves back and forth');
  assert.ok(workers.every(({ moves }) => moves <= 1));
  await stop();
});

test('a cordoned master takes no new workers and sends idle ones on; those at work stay', async () => {
  const { workers, clock, connect, live, counts, list, order, stop } = await cluster(2);
  await connect('http://m0:7070', 4);
  const submitted = list[0]?.intake.submit('default', [{ job: 'noop' }]);
  await clock.settle();
  await submitted;
  assert.equal(workers.filter(({ worker }) => worker.of('assign').length > 0).length, 1);
  await order(list[0], 'cordoned');
  await live(4000);
  assert.deepEqual(counts(), [1, 3]);
  await connect('http://m0:7070', 2);
  assert.deepEqual(counts(), [1, 5]);
  await stop();
});

test('a drained master hands all workers over with their work, rests, and says so; its fires come from the others', async () => {
  const { bench, workers, clock, connect, live, counts, list, order, rowOf, stop } = await cluster(2);
  await connect('http://m0:7070', 3);
  const submitted = list[0]?.intake.submit('default', [{ job: 'noop' }]);
  await clock.settle();
  await submitted;
  const busy = workers.find(({ worker }) => worker.of('assign').length > 0);
  assert.ok(busy);
  await order(list[0], 'draining');
  await live(5000);
  assert.deepEqual(counts(), [0, 3]);
  assert.deepEqual({ ...(await rowOf(list[0])) }, { drained: 1, sessions: 0 });
  const [assign] = busy.worker.of('assign');
  assert.ok(assign);
  assert.equal(busy.worker.of('welcome').at(-1)?.resumed, true);
  assert.deepEqual(busy.worker.of('stale'), [], 'the work was not taken away by the move');
  busy.worker.result(assign);
  await clock.advance(1000);
  assert.deepEqual(busy.worker.of('ack').at(-1)?.attemptIds, [assign.attemptId]);
  assert.equal(list[0]?.elector.term, null);
  const fires = async () => (await bench.context.db.query('select fire_at from fire')).length;
  const before = await fires();
  await live(20_000);
  assert.equal(await fires(), before + 2);
  await order(list[0], 'active');
  assert.deepEqual((await rowOf(list[0]))?.drained, 0);
  await stop();
});

test('the last master that works can be neither cordoned nor drained, and a drained one works when it is left alone', async () => {
  const { bench, clock, connect, counts, live, list, order, stop } = await cluster(2);
  assert.equal(await order(list[0], 'draining'), 'done');
  assert.equal(await order(list[1], 'draining'), 'last');
  assert.equal(await order(list[1], 'cordoned'), 'last');
  const leaving = list[1]?.stop();
  await clock.advance(20_000);
  await leaving;
  const before = (await bench.context.db.query('select fire_at from fire')).length;
  await connect('http://m0:7070', 1);
  await live(20_000);
  assert.deepEqual(counts(), [1, 0]);
  assert.ok((await bench.context.db.query('select fire_at from fire')).length > before);
  await stop();
});

test('of two masters that advertise one address the later one ends; what is left of an earlier life hinders nobody', async () => {
  const bench = await openBench();
  const { clock, context } = bench;
  const dead = seedId();
  await context.db.query(
    `insert into master (id, address, version, started_at, expires_at, renewed_at)
     values ($1, $2, 'test', now_ms() - 60000, now_ms() + 60000, now_ms())`,
    [dead, context.settings.address],
  );
  const first = new Master(context);
  await first.start();
  await clock.advance(40_000);
  assert.deepEqual(bench.fatal, []);
  const errors: unknown[] = [];
  const second = new Master({ ...context, fatal: (error) => errors.push(error) });
  await second.start();
  await clock.advance(40_000);
  assert.deepEqual(bench.fatal, []);
  const [error] = errors;
  assert.ok(error instanceof Refusal && error.code === 'ADDRESS_TAKEN');
  for (const master of [second, first]) {
    const stopping = master.stop();
    await clock.advance(5000);
    await stopping;
  }
  await bench.close();
});

test('a master whose database was changed beyond what it knows ends with its next renewal; one that was only added to is no reason', async () => {
  const { bench, clock, stop } = await cluster(1);
  const migrated = `insert into schema_migration (version, name, checksum, applied_at, usable_from)
    select max(version) + 1, 'of_tomorrow', '', now_ms(), case when $1 = 1 then max(version) end from schema_migration`;
  await bench.context.db.query(migrated, [1]);
  await clock.advance(20_000);
  assert.deepEqual(bench.fatal, []);
  await bench.context.db.query(migrated, [0]);
  await clock.advance(6000);
  console.log(
    bench.fatal,
    await bench.context.db.query('select * from schema_migration'),
    await bench.context.db.query('select * from master'),
  );
  const [error]: unknown[] = bench.fatal.splice(0);
  assert.ok(error instanceof Refusal && error.code === 'DATABASE_NEWER', String(error));
  await stop();
});

test('a worker of another cluster is refused for good and changes nothing; its own welcomes it back', async () => {
  const { bench, clock, list, workers, connect, stop } = await cluster(1);
  await connect('http://m0:7070', 1);
  const [one] = workers;
  const [welcome] = one?.worker.of('welcome') ?? [];
  assert.ok(list[0] && welcome?.cluster !== undefined);
  const stale = new FakeWorker(list[0].gateway, { cluster: seedId() });
  stale.connect();
  await clock.settle();
  const [bye] = stale.of('bye');
  assert.deepEqual([bye?.code, bye?.retry, stale.of('welcome').length], ['WRONG_CLUSTER', false, 0]);
  assert.equal((await bench.context.db.query('select id from session')).length, 1);
  const back = new FakeWorker(list[0].gateway, { cluster: welcome.cluster });
  back.connect();
  await clock.settle();
  assert.equal(back.of('welcome').length, 1);
  await stop();
});
