// A whole master on the real store, with a worker that is spoken for by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MasterMessage } from '@tidewheel/protocol';
import { stateOf } from '../store/testing/seed.ts';
import { Master } from './master.ts';
import { finish, openMaster, submitOne } from './testing/bench-master.ts';
import { FakeWorker } from './testing/fake-worker.ts';

test('a schedule fires on time, its run reaches a worker, and its result ends it', async () => {
  const { bench, master, clock, worker } = await openMaster({
    name: 'noop',
    task: 'noop',
    schedules: [{ name: 'tick', every: '10s' }],
  });
  worker.connect();
  await clock.advance(9900);
  assert.equal(worker.of('assign').length, 0);
  await clock.advance(200);
  const [assign] = worker.of('assign');
  assert.ok(assign);
  assert.equal(assign.schedule, 'tick');
  assert.equal(assign.job, 'noop');
  worker.result(assign);
  await clock.settle();
  assert.equal(await stateOf(bench.context.db, assign.runId), 'succeeded');
  assert.deepEqual(worker.of('ack')[0]?.attemptIds, [assign.attemptId]);
  worker.heartbeat();
  await clock.advance(10_000);
  assert.equal(worker.of('assign').length, 2);
  const ledger = await bench.context.db.query<{ outcome: string }>('select outcome from fire');
  assert.deepEqual(
    ledger.map((fire) => fire.outcome),
    ['fired', 'fired'],
  );
  await finish(bench, master);
});

test('a submitted run is assigned directly when a worker is free, without waiting for a poll', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(3100);
  const before = bench.statements();
  const { runId } = await submitOne(master, clock);
  assert.equal(worker.of('assign')[0]?.runId, runId);
  assert.equal(bench.statements() - before, 1, 'one transaction and no claim');
  await finish(bench, master);
});

test('a worker never gets more than its slots, and the next run comes as soon as a result is in', async () => {
  const { bench, master, clock } = await openMaster();
  const worker = new FakeWorker(master.gateway, { slots: 2 });
  worker.connect();
  await clock.advance(3100);
  for (let run = 0; run < 4; run += 1) await submitOne(master, clock);
  assert.equal(worker.of('assign').length, 2);
  const [first] = worker.of('assign');
  assert.ok(first);
  worker.result(first);
  await clock.settle();
  assert.equal(worker.of('assign').length, 3);
  await finish(bench, master);
});

test('a worker that says it has no room gets nothing, though its slots are empty, until it says so', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  worker.send({ type: 'ready', free: 0 });
  await clock.advance(3100);
  await submitOne(master, clock);
  await clock.advance(3100);
  assert.equal(worker.of('assign').length, 0);
  worker.send({ type: 'ready', free: 1 });
  await clock.settle();
  assert.equal(worker.of('assign').length, 1);
  await finish(bench, master);
});

test('after a broken connection the worker resumes, and what never arrived is delivered again', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(3100);
  await submitOne(master, clock);
  const [assign] = worker.of('assign');
  assert.ok(assign);
  worker.cut();
  worker.received.length = 0;
  worker.connect({ resume: true, holding: [] });
  await clock.settle();
  assert.equal(worker.of('welcome')[0]?.resumed, true);
  assert.equal(worker.of('assign')[0]?.attemptId, assign.attemptId);
  worker.cut();
  worker.received.length = 0;
  const gone = '01900000-0000-7000-8000-00000000dead';
  worker.connect({ resume: true, holding: [assign.attemptId, gone] });
  await clock.settle();
  assert.deepEqual(worker.of('welcome')[0]?.stale, [gone]);
  assert.equal(worker.of('assign').length, 0);
  await finish(bench, master);
});

test('a lease that is not renewed ends the session; the run goes to another worker and the late result is stale', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(3100);
  const { runId } = await submitOne(master, clock);
  const [lost] = worker.of('assign');
  assert.ok(lost);
  const second = new FakeWorker(master.gateway, { worker: 'second' });
  second.connect();
  for (let beat = 0; beat < 6; beat += 1) {
    await clock.advance(3000);
    second.heartbeat();
  }
  const [again] = second.of('assign');
  assert.equal(again?.runId, runId);
  assert.equal(again?.attempt, 2);
  assert.notEqual(again?.attemptId, lost.attemptId);
  worker.result(lost);
  await clock.settle();
  assert.deepEqual(worker.of('stale').at(-1)?.attemptIds, [lost.attemptId]);
  assert.equal(await stateOf(bench.context.db, runId), 'running');
  await finish(bench, master);
});

test('heartbeats with an old nonce renew nothing', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  for (let beat = 0; beat < 6; beat += 1) {
    worker.heartbeat('not the fresh one');
    await clock.advance(3000);
  }
  assert.equal(worker.of('heartbeatAck').length, 0);
  const [session] = await bench.context.db.query<{ state: string }>('select state from session');
  assert.equal(session?.state, 'dead');
  await finish(bench, master);
});

test('a connection whose lease ran out is closed, so that it is offered no more work', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(25_000);
  assert.equal(worker.closed?.code, 'SESSION_DEAD');
  await finish(bench, master);
});

test('heartbeats with the fresh nonce keep the session for as long as they come', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  for (let beat = 0; beat < 20; beat += 1) {
    worker.heartbeat();
    await clock.advance(3000);
  }
  assert.equal(worker.of('heartbeatAck').length, 20);
  assert.equal(worker.closed, null);
  await finish(bench, master);
});

test('a worker hears of masters that came after its welcome, once', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  const settings = { ...bench.context.settings, address: 'http://other' };
  const other = new Master({ ...bench.context, settings });
  await other.start();
  // The newcomer announces itself: no reading of the table is due yet.
  await clock.advance(100);
  for (let beat = 0; beat < 2; beat += 1) {
    worker.heartbeat();
    await clock.advance(1000);
  }
  const told = worker.of('heartbeatAck').flatMap(({ masters }) => (masters === undefined ? [] : [masters]));
  assert.deepEqual(told, [[bench.context.settings.address, 'http://other']]);
  const stopping = other.stop();
  await clock.advance(1000);
  await stopping;
  await finish(bench, master);
});

test('a cancel reaches the worker, and its report ends the run as canceled', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(3100);
  const { runId } = await submitOne(master, clock);
  const canceled = await master.control.cancel('default', 'test', runId, 'not needed');
  assert.equal(canceled.outcome, 'requested');
  await clock.settle();
  const [cancel] = worker.of('cancel');
  assert.equal(cancel?.reason, 'not needed');
  const [assign] = worker.of('assign');
  assert.ok(assign);
  worker.result(assign, { outcome: 'canceled' });
  await clock.settle();
  assert.equal(await stateOf(bench.context.db, runId), 'canceled');
  assert.equal((await master.control.cancel('default', 'test', runId, 'again')).outcome, 'finished');
  await finish(bench, master);
});

test('a failed run comes back after its backoff, as the next attempt', async () => {
  const job = { name: 'noop', task: 'noop', retry: { attempts: 2, initial: '4s', jitter: 'none' as const } };
  const { bench, master, clock, worker } = await openMaster(job);
  worker.connect();
  await clock.advance(3100);
  const { runId } = await submitOne(master, clock);
  const [first] = worker.of('assign');
  assert.ok(first);
  worker.result(first, { outcome: 'failed', error: { kind: 'thrown', message: 'no' } });
  await clock.advance(3900);
  assert.equal(worker.of('assign').length, 1);
  await clock.advance(200);
  assert.equal(worker.of('assign')[1]?.attempt, 2);
  assert.equal(worker.of('assign')[1]?.runId, runId);
  await finish(bench, master);
});

test('the run of a worker that left while no master swept is not forgotten', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  const { runId } = await submitOne(master, clock);
  worker.cut();
  await master.stop();
  const { db } = bench.context;
  await db.query(`update session set state = 'dead', ended_at = now_ms()`);
  await clock.advance(2 * 86_400_000);
  assert.equal(await stateOf(db, runId), 'running');
  const later = new Master(bench.context);
  await later.start();
  await clock.advance(5000);
  assert.equal(await stateOf(db, runId), 'ready');
  await finish(bench, later);
});

test('a session goes on at its newest connection, even when the store answers an older hello last', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  const { db } = bench.context;
  const query = db.query.bind(db);
  const held = Promise.withResolvers<void>();
  let stalls = 1;
  // The first hello that resumes waits for the store; the newer ones do not.
  db.query = async (sql, params) => {
    if (sql.includes("state <> 'dead' and expires_at > now_ms()") && stalls-- > 0) await held.promise;
    return query(sql, params);
  };
  const halfOpen = new FakeWorker(master.gateway, worker.hello);
  halfOpen.connect({ resume: true });
  await clock.settle();
  const newest = new FakeWorker(master.gateway, worker.hello);
  newest.connect({ resume: true });
  await clock.settle();
  assert.equal(newest.of('welcome').length, 1);
  held.resolve();
  await clock.settle();
  assert.equal(stalls < 1, true, 'an older hello was held back');
  assert.equal(newest.closed, null, 'the newest connection stays');
  assert.equal(halfOpen.closed?.code, 'CONFLICT');
  await submitOne(master, clock);
  assert.equal(newest.of('assign').length, 1);
  await finish(bench, master);
});

test('a worker that speaks before its hello is sent away, and harms no other', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.settle();
  const rude = new FakeWorker(master.gateway);
  rude.connect();
  rude.send(rude.hello);
  await clock.settle();
  assert.equal(rude.closed?.code, 'PROTOCOL_ERROR');
  assert.equal(worker.closed, null);
  await submitOne(master, clock);
  await clock.advance(3100);
  assert.equal(worker.of('assign').length, 1);
  await finish(bench, master);
});

test('a worker that stood still before its hello is asked to come again, not refused for good', async () => {
  const { bench, master, clock } = await openMaster();
  const said: MasterMessage[] = [];
  const connection = {
    send: (messages: MasterMessage[]) => said.push(...messages),
    close: () => {},
    bufferedBytes: () => 0,
  };
  master.gateway.open(connection, { namespace: 'default', tokenName: 'test' });
  await clock.advance(10_000);
  assert.deepEqual(
    said.map((message) => message.type === 'bye' && [message.code, message.retry]),
    [['UNAVAILABLE', true]],
  );
  await finish(bench, master);
});

test('a master that stops says goodbye, settles what was reported, and its worker resumes at another', async () => {
  const { bench, master, clock, worker } = await openMaster();
  worker.connect();
  await clock.advance(3100);
  const { runId } = await submitOne(master, clock);
  const [assign] = worker.of('assign');
  assert.ok(assign);
  const other = new Master(bench.context);
  await other.start();
  const stopping = master.stop();
  await clock.advance(1000);
  await stopping;
  assert.equal(worker.of('bye')[0]?.code, 'SHUTTING_DOWN');
  const moved = new FakeWorker(other.gateway, { ...worker.hello });
  moved.connect({ resume: true, holding: [assign.attemptId] });
  await clock.settle();
  assert.equal(moved.of('welcome')[0]?.resumed, true);
  moved.result(assign);
  await clock.settle();
  assert.equal(await stateOf(bench.context.db, runId), 'succeeded');
  await finish(bench, other);
});
