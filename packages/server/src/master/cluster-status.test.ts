// The cluster's state as masters on one store tell it.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { applyRequestSchema, clusterStatusSchema } from '@tidewheel/protocol';
import { PretendCoordinator } from '../ports/testing/pretend-coordinator.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';
import { FakeWorker } from './testing/fake-worker.ts';

async function setup(t: TestContext, count: number) {
  const bench = await openBench();
  const coordinator = new PretendCoordinator(bench.clock);
  const masters = Array.from({ length: count }, (_, index) => {
    const connection = coordinator.connect();
    const settings = { ...bench.context.settings, address: `http://127.0.0.1:${7070 + index}` };
    return { connection, master: new Master({ ...bench.context, settings, coordinator: connection }) };
  });
  t.after(async () => {
    const stopping = Promise.all(masters.map(({ master }) => master.stop()));
    await bench.clock.advance(10_000);
    await stopping;
    assert.deepEqual(bench.fatal, []);
    await bench.close();
  });
  for (const { master } of masters) await master.start();
  await bench.clock.advance(10_000);
  const status = async () => {
    const [first] = masters;
    assert.ok(first);
    const answer = first.master.clusterStatus();
    await bench.clock.advance(1000);
    return clusterStatusSchema.parse(await answer);
  };
  return { ...bench, masters, status };
}

test('masters are shown with who leads, since when, and how busy they are', async (t) => {
  const { masters, status, clock } = await setup(t, 3);
  const [first] = masters;
  assert.ok(first);
  const job = { name: 'noop', task: 'noop', schedules: [{ name: 'tick', every: '1s' }] };
  await first.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [job] }), {
    role: 'operator',
  });
  const worker = new FakeWorker(first.master.gateway);
  worker.connect();
  for (let beat = 0; beat < 5; beat += 1) {
    await clock.advance(3000);
    worker.heartbeat();
  }
  const { masters: shown, term, elections, degraded, store, coordinator } = await status();
  assert.deepEqual(
    shown.map(({ address }) => address),
    ['http://127.0.0.1:7070', 'http://127.0.0.1:7071', 'http://127.0.0.1:7072'],
  );
  const [leader, ...others] = shown.filter(({ role }) => role === 'leader');
  assert.equal(others.length, 0);
  assert.equal(leader?.standing, 'trusted');
  assert.deepEqual([term, elections.length, elections[0]?.masterId], [1, 1, leader?.id]);
  assert.equal(shown.find(({ address }) => address === 'http://127.0.0.1:7070')?.sessions, 1);
  const firesPerSecond = shown.reduce((sum, one) => sum + one.firesPerSecond, 0);
  assert.ok(firesPerSecond > 0.5 && firesPerSecond < 1.5, `${firesPerSecond} fires a second`);
  assert.deepEqual([store.engine, store.role, coordinator.kind], ['sqlite', 'single', 'etcd']);
  assert.deepEqual(degraded, []);
});

test('an outage of the coordinator is told, by the master that is asked and by the leader', async (t) => {
  const { masters, status, clock } = await setup(t, 2);
  for (const { connection } of masters) connection.mode = 'silent';
  await clock.advance(20_000);
  const { degraded, coordinator, masters: shown } = await status();
  assert.equal(coordinator.latencyMs, null);
  assert.equal(shown.find(({ role }) => role === 'leader')?.standing, 'until-fenced');
  assert.deepEqual(
    degraded.map(({ what }) => what),
    ['leader-untrusted', 'coordinator-unreachable'],
  );
});

test('a master that stops is shown no more, and another one leads', async (t) => {
  const { masters, status, clock } = await setup(t, 2);
  const leading = masters.find(({ master }) => master.elector.term !== null);
  const asked = masters.find((one) => one !== leading);
  assert.ok(leading !== undefined && asked !== undefined);
  const stopping = leading.master.stop();
  await clock.advance(5000);
  await stopping;
  const { masters: shown, elections } = await status();
  assert.deepEqual(
    shown.map(({ id, role }) => [id, role]),
    [[asked.master.id, 'leader']],
  );
  assert.deepEqual(
    elections.map(({ reason }) => reason),
    [null, 'stopped'],
  );
});
