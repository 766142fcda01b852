import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import type { MetricName } from '../ports/metrics.ts';
import { PretendCoordinator } from '../ports/testing/pretend-coordinator.ts';
import { leaseRows } from '../store/lease-rows.ts';
import { termBegin } from '../store/terms.ts';
import { seedId } from '../store/testing/seed.ts';
import type { MasterContext } from './deps.ts';
import { Elector } from './elector.ts';
import { fireWatch } from './fire-watch.ts';
import type { Duty, Leader } from './duty.ts';
import { LeaderDuties } from './leader-duties.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';

async function setup(t: TestContext, dutiesOf: (context: MasterContext) => Duty[]) {
  const bench = await openBench();
  const coordinator = new PretendCoordinator(bench.clock).connect();
  const context = { ...bench.context, coordinator };
  const elector = new Elector(context);
  const duties = new LeaderDuties(context, elector, dutiesOf(context));
  t.after(async () => {
    const stopping = Promise.all([duties.stop(), elector.stop()]);
    await bench.clock.advance(5000);
    await stopping;
    assert.deepEqual(bench.fatal, []);
    await bench.close();
  });
  await duties.start();
  await elector.start();
  await bench.clock.advance(500);
  return { ...bench, context, elector, duties, coordinator };
}

test('a duty runs while this master leads, and no longer', async (t) => {
  const seen: number[] = [];
  const duty: Duty = {
    name: 'counting',
    begin: (leader) => async () => {
      seen.push(await leader.transaction(() => Promise.resolve(leader.term)));
      return 100;
    },
  };
  const { elector, clock } = await setup(t, () => [duty]);
  await clock.advance(1000);
  assert.ok(seen.length >= 10);
  await elector.stepDown();
  const before = seen.length;
  await clock.advance(4000);
  assert.equal(seen.length, before);
  await clock.advance(4000);
  assert.ok(seen.length > before, 'it leads again when nobody else does');
  assert.deepEqual(new Set(seen), new Set([1, 2]));
});

test('a write of a deposed leader is refused as a whole, and its master learns of it by that', async (t) => {
  const leaders: Leader[] = [];
  const { elector, clock, context } = await setup(t, (own) => [
    {
      name: 'writing',
      begin: (leader) => {
        leaders.push(leader);
        return async () => {
          await leader.transaction((tx) =>
            tx.query(`insert into meta (key, value) values ($1, 'written')`, [
              `${leader.term} at ${own.clock.monotonicMs()}`,
            ]),
          );
          return 1000;
        };
      },
    },
  ]);
  await clock.advance(2000);
  const other = { masterId: seedId(), address: 'http://b', origin: 'elsewhere', token: 1 };
  await context.db.transaction((tx) => termBegin(tx, context.identity, other));
  const written = async () => (await context.db.query(`select key from meta where key like '1 at %'`)).length;
  const before = await written();
  assert.ok(before > 0);
  await clock.advance(5000);
  assert.equal(await written(), before);
  assert.notEqual(elector.term?.term, 1);
  assert.equal(leaders[0]?.trusted(), false);
});

test('while nobody can lead every fire happens', async (t) => {
  const bench = await openBench();
  const connection = new PretendCoordinator(bench.clock).connect();
  const master = new Master({ ...bench.context, coordinator: connection });
  const job = { name: 'noop', task: 'noop', schedules: [{ name: 'tick', every: '1s' }] };
  await master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [job] }), { role: 'operator' });
  await master.start();
  connection.mode = 'broken';
  await bench.clock.advance(60_000);
  assert.equal(master.elector.term, null);
  const [fires] = await bench.context.db.query<{ count: number }>('select count(*) as count from fire');
  assert.ok((fires?.count ?? 0) >= 59, `${fires?.count} fires`);
  t.after(async () => {
    const stopping = master.stop();
    await bench.clock.advance(5000);
    await stopping;
    await bench.close();
  });
});

test('the fire watch tells of a lost and a stray ledger row: a metric each minute, one event', async (t) => {
  const bench = await openBench();
  const gauges = new Map<string, number>();
  const metrics = {
    ...bench.context.metrics,
    set: (name: MetricName, value: number, labels = {}) => gauges.set(name + JSON.stringify(labels), value),
  };
  const context = { ...bench.context, metrics, coordinator: leaseRows(bench.context) };
  const master = new Master(context);
  const job = { name: 'noop', task: 'noop', schedules: [{ name: 'tick', every: '10s' }] };
  await master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [job] }), { role: 'operator' });
  await master.start();
  await bench.clock.advance(125_000);
  const missing = 'tidewheel_audit_findings{"finding":"missing"}';
  assert.equal(gauges.get(missing), 0);
  const lost = 'delete from fire where fire_at = (select min(fire_at) from fire)';
  await context.db.query(lost);
  await bench.clock.advance(180_000);
  assert.equal(gauges.get(missing), 1);
  const events = await context.db.query<{ subject: string; detail: string }>(
    `select subject, detail from event where action = 'fires.findings' and namespace = 'default'`,
  );
  assert.deepEqual(
    events.map(({ subject }) => subject),
    ['tick'],
  );
  assert.match(events[0]?.detail ?? '', /"missing":1/);
  t.after(async () => {
    const stopping = master.stop();
    await bench.clock.advance(5000);
    await stopping;
    await bench.close();
  });
});

test('a namespace without schedules is audited and nothing is told of it', async (t) => {
  const { context } = await setup(t, () => []);
  const leader: Leader = {
    term: 1,
    trusted: () => true,
    prepared: () => assert.fail('nothing is prepared'),
    transaction: () => assert.fail('there is nothing to tell'),
  };
  await context.db.query(`insert into namespace (name, created_at) values ('empty', 0)`);
  assert.ok((await fireWatch(context).begin(leader)()) >= 60_000);
});
