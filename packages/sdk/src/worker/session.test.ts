// The session core against a scripted master on a virtual clock: what each side says is written out, nothing waits.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { MasterMessage } from '@tidewheel/protocol';
import { assignOf, heartbeatMs, id, setup, trustMs, types, welcomeOf } from './scripted-master.test.ts';
import { workerLimits } from './worker-limits.ts';

test('a worker greets, is welcomed, and asks for as much work as it has slots', async () => {
  const { session, connections, clock, latest } = setup();
  const started = session.start();
  assert.equal(connections.length, 1);
  latest().open();
  const [hello] = latest().heardOf('hello');
  assert.deepEqual(
    { resume: hello?.resume, holding: hello?.holding, slots: hello?.slots },
    { resume: false, holding: [], slots: 2 },
  );
  latest().say(welcomeOf());
  clock.advance(0);
  assert.deepEqual(latest().heard(), [{ type: 'ready', free: 2 }]);
  await started;
});

test('results of one tick travel in one frame, with the freed slots behind them', () => {
  const { session, welcomed, clock, doings, done } = setup();
  const master = welcomed();
  master.heard();
  master.say(assignOf(1), assignOf(2));
  session.started(id(1));
  session.started(id(2));
  session.log(id(1), 'stdout', 3, 'hello\n');
  done(1);
  done(2);
  assert.deepEqual(master.heard(), []);
  clock.advance(0);
  const heard = master.heard();
  assert.equal(types(heard), 'log result result ready');
  assert.deepEqual(heard.at(-1), { type: 'ready', free: 2 });
  assert.deepEqual(doings, [`start ${id(1)}`, `start ${id(2)}`]);
});

test('the start of an attempt that goes on is told', () => {
  const { session, welcomed, clock } = setup();
  const master = welcomed();
  master.heard();
  master.say(assignOf(1));
  session.started(id(1));
  clock.advance(0);
  assert.equal(types(master.heard()), 'started ready');
});

test('an assignment that comes twice runs once, whether it runs, has finished, or is over: then nobody knows its outcome any more', () => {
  const { welcomed, clock, doings, done } = setup();
  const master = welcomed();
  master.say(assignOf(1), assignOf(1));
  clock.advance(0);
  done(1);
  clock.advance(0);
  master.heard();
  master.say(assignOf(1));
  clock.advance(0);
  assert.deepEqual(types(master.heard()), 'result ready', 'what is known is said again');
  master.say({ type: 'ack', attemptIds: [id(1)] }, assignOf(1));
  clock.advance(0);
  assert.deepEqual(doings, [`start ${id(1)}`]);
  const [forgotten] = master.heardOf('result');
  assert.deepEqual([forgotten?.outcome, forgotten?.error?.kind], ['failed', 'forgotten']);
  master.say({ type: 'stale', attemptIds: [id(1)] });
  clock.advance(60_000);
  assert.equal(master.heardOf('result').length, 0);
});

test('more assignments than slots wait their turn, and can be canceled before it comes', () => {
  const { welcomed, clock, doings, done } = setup();
  const master = welcomed();
  master.say(assignOf(1), assignOf(2), assignOf(3), assignOf(4));
  assert.deepEqual(doings, [`start ${id(1)}`, `start ${id(2)}`]);
  master.say({ type: 'cancel', attemptId: id(3), reason: 'no' });
  done(1);
  assert.deepEqual(doings.slice(2), [`start ${id(4)}`]);
  clock.advance(0);
  assert.deepEqual(
    master.heardOf('result').map(({ attemptId, outcome }) => `${attemptId} ${outcome}`),
    [`${id(3)} canceled`, `${id(1)} succeeded`],
  );
});

test('a cancel reaches the runner once, and the result is still reported', () => {
  const { session, welcomed, clock, doings } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  const cancel: MasterMessage = { type: 'cancel', attemptId: id(1), reason: 'enough' };
  master.say(cancel, cancel);
  session.result({ attemptId: id(1), outcome: 'canceled', output: null, error: null, durationMs: 5 });
  master.say(cancel);
  clock.advance(0);
  assert.deepEqual(doings.slice(1), [`cancel ${id(1)} enough`]);
  assert.equal(master.heardOf('result')[0]?.outcome, 'canceled');
});

test('heartbeats carry the nonce of the last answer, and a repeated answer renews nothing', () => {
  const { clock, welcomed, session } = setup();
  const master = welcomed();
  clock.advance(heartbeatMs);
  master.say({ type: 'heartbeatAck', nonce: 'n1' });
  clock.advance(heartbeatMs);
  assert.deepEqual(
    master.heardOf('heartbeat').map(({ nonce }) => nonce),
    ['n0', 'n1'],
  );
  // The answer to the first heartbeat comes again: it must not count for the second.
  master.say({ type: 'heartbeatAck', nonce: 'n1' }, { type: 'heartbeatAck', nonce: 'n0' });
  clock.advance(heartbeatMs);
  assert.deepEqual(
    master.heardOf('heartbeat').map(({ nonce }) => nonce),
    ['n1'],
  );
  assert.equal(session.state, 'live');
  clock.advance(heartbeatMs);
  assert.notEqual(session.state, 'live', 'two heartbeats without a fresh answer: the connection is given up');
});

test('a worker fences itself before its lease can end, counted from the sending of the last answered heartbeat', () => {
  const { clock, welcomed, session, doings, latest } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  clock.advance(heartbeatMs);
  const sentAt = clock.now;
  // The answer is slow; what counts is when the heartbeat left.
  clock.advance(2_000);
  master.say({ type: 'heartbeatAck', nonce: 'n1' });
  const before = session.incarnation;
  // The worker reconnects, but no master answers any more.
  clock.advance(trustMs);
  assert.deepEqual(doings.slice(1), [`abandon ${id(1)} at ${sentAt + trustMs}`]);
  assert.notEqual(session.incarnation, before);
  latest().break();
  const [hello] = welcomed().heardOf('hello');
  assert.deepEqual({ resume: hello?.resume, holding: hello?.holding }, { resume: false, holding: [] });
});

test('after a pause longer than the lease nothing that arrived meanwhile is acted upon', () => {
  const { clock, welcomed, doings } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  clock.now += 30_000;
  master.say({ type: 'heartbeatAck', nonce: 'n1' }, assignOf(2));
  assert.deepEqual(doings, [`start ${id(1)}`, `abandon ${id(1)} at ${clock.now}`]);
});

test('a session resumes on another master with what it holds; claims that never arrived come again', () => {
  const { clock, welcomed, session, doings, connections, done, latest } = setup();
  const first = welcomed();
  first.say(assignOf(1), assignOf(2));
  session.started(id(1));
  session.started(id(2));
  done(2);
  clock.advance(0);
  first.break();
  session.log(id(1), 'stdout', 9, 'while away\n');
  clock.advance(workerLimits.reconnectBaseMs);
  assert.equal(connections.length, 2);
  assert.notEqual(latest().address, first.address);
  latest().open();
  const [hello] = latest().heardOf('hello');
  assert.deepEqual({ resume: hello?.resume, holding: hello?.holding }, { resume: true, holding: [id(1), id(2)] });
  latest().say(welcomeOf({ resumed: true, nonce: 'm0' }), assignOf(3));
  clock.advance(0);
  assert.deepEqual(
    doings,
    [1, 2, 3].map((n) => `start ${id(n)}`),
  );
  assert.equal(types(latest().heard()), 'started log result ready');
});

test('what a welcome calls stale is stopped and never reported', () => {
  const { clock, welcomed, session, doings, done } = setup();
  const first = welcomed();
  first.say(assignOf(1), assignOf(2));
  clock.advance(0);
  done(2);
  first.break();
  const second = welcomed({ resumed: true, stale: [id(1), id(2)] });
  assert.match(doings.at(-1) ?? '', new RegExp(`abandon ${id(1)}`));
  done(1);
  session.log(id(1), 'stdout', 1, 'too late\n');
  clock.advance(0);
  assert.equal(types(second.heard()), 'hello ready');
});

test('results are sent again until they are acknowledged, on the same connection and on the next', () => {
  const { clock, welcomed, done } = setup();
  const first = welcomed();
  first.say(assignOf(1));
  done(1);
  clock.advance(0);
  assert.equal(first.heardOf('result').length, 1);
  for (let beat = 1; beat <= 3; beat += 1) {
    clock.advance(heartbeatMs);
    first.say({ type: 'heartbeatAck', nonce: `n${beat}` });
  }
  assert.equal(first.heardOf('result').length, 1, 'again after two heartbeats without an acknowledgement');
  first.break();
  const second = welcomed({ resumed: true });
  assert.equal(second.heardOf('result').length, 1);
  second.say({ type: 'ack', attemptIds: [id(1)] });
  second.break();
  assert.equal(welcomed({ resumed: true }).heardOf('result').length, 0);
});

test('a dead session abandons its attempts and comes back as another, with finished results for the record', () => {
  const { clock, welcomed, session, doings, done, latest } = setup();
  const first = welcomed();
  const before = session.incarnation;
  first.say(assignOf(1), assignOf(2));
  session.log(id(2), 'stdout', 1, 'text\n');
  done(2);
  first.say({ type: 'bye', code: 'SESSION_DEAD', reason: 'expired', retry: false });
  assert.deepEqual(doings.slice(2), [`abandon ${id(1)} at ${clock.now}`]);
  const second = welcomed();
  assert.notEqual(session.incarnation, before);
  assert.equal(types(second.heard()), 'hello result ready');
  second.say({ type: 'stale', attemptIds: [id(2)] });
  second.break();
  assert.equal(types(welcomed({ resumed: true }).heard()), 'hello ready');
  assert.equal(latest().closed, false);
});

test('a hello that was never answered is not repeated under the same incarnation', () => {
  const { session, latest, clock } = setup();
  void session.start();
  latest().open();
  const first = latest().heardOf('hello')[0]?.incarnation;
  clock.advance(workerLimits.connectMs + workerLimits.reconnectBaseMs);
  latest().open();
  const second = latest().heardOf('hello')[0];
  assert.notEqual(second?.incarnation, first);
  assert.equal(second?.resume, false);
});

test('start rejects when the master refuses the worker for good', async () => {
  const { session, latest } = setup();
  const started = session.start();
  latest().open();
  latest().say({ type: 'bye', code: 'PROTOCOL_VERSION', reason: 'too old', retry: false });
  await assert.rejects(started, { code: 'PROTOCOL_VERSION' });
  assert.equal((await session.closed).kind, 'refused');
});

test('drain takes no new work, waits for results and text to be acknowledged, says goodbye', async () => {
  const { session, welcomed, clock, done } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  session.log(id(1), 'stdout', 1, 'text\n');
  const drained = session.drain();
  clock.advance(0);
  assert.equal(types(master.heard()), 'hello ready drain log');
  done(1);
  clock.advance(0);
  assert.equal(types(master.heard()), 'result');
  master.say({ type: 'ack', attemptIds: [id(1)] });
  clock.advance(0);
  assert.equal(session.state, 'live', 'the text is not stored yet');
  master.say({ type: 'logAck', attemptId: id(1), seq: 1 });
  clock.advance(0);
  assert.equal(types(master.heard()), 'bye');
  await drained;
  assert.deepEqual(await session.closed, { kind: 'drained' });
});

test('stop abandons what runs and says goodbye at once', async () => {
  const { session, welcomed, doings } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  master.heard();
  await session.stop();
  await session.stop();
  assert.match(doings.at(-1) ?? '', /abandon/);
  assert.deepEqual(master.heard(), [{ type: 'bye', reason: 'stopped' }]);
  assert.equal(master.closed, true);
});

test('a main loop that stands still asks for no work until it moves again', () => {
  const { welcomed, clock, runner } = setup();
  const master = welcomed();
  runner.mainSeq = () => 7;
  const beats = (count: number) => {
    for (let beat = 0; beat < count; beat += 1) {
      clock.advance(heartbeatMs);
      master.say({ type: 'heartbeatAck', nonce: `x${clock.now}` });
    }
  };
  beats(3);
  assert.deepEqual(master.heardOf('ready').at(-1), { type: 'ready', free: 0 });
  runner.mainSeq = () => clock.now;
  beats(1);
  assert.deepEqual(master.heardOf('ready').at(-1), { type: 'ready', free: 2 });
});

test('addresses of other masters are learned as they come, but never from TLS to clear text', () => {
  const { welcomed, clock, connections, session } = setup({ addresses: ['https://m1'] });
  const master = welcomed();
  clock.advance(heartbeatMs);
  master.say({ type: 'heartbeatAck', nonce: 'n1', masters: ['http://evil', 'https://m2'] });
  master.break();
  for (let tries = 0; tries < 4; tries += 1) {
    clock.advance(workerLimits.reconnectMaxMs);
    connections.at(-1)?.break();
  }
  assert.deepEqual(new Set(connections.map(({ address }) => address)), new Set(['https://m1', 'https://m2']));
  assert.equal(session.state, 'waiting');
});

test('the round trip to the master is told with the next heartbeat, less the time for which the master held the last', () => {
  const { welcomed, clock } = setup();
  const master = welcomed();
  clock.advance(heartbeatMs);
  assert.equal(master.heardOf('heartbeat')[0]?.stats.roundTripMs, undefined);
  clock.advance(540);
  master.say({ type: 'heartbeatAck', nonce: 'n1', heldMs: 512 });
  clock.advance(heartbeatMs - 540);
  assert.equal(master.heardOf('heartbeat')[0]?.stats.roundTripMs, 28);
  // A master of an older version does not say how long it held it: what was measured last stays.
  master.say({ type: 'heartbeatAck', nonce: 'n2' });
  clock.advance(heartbeatMs);
  const [later] = master.heardOf('heartbeat');
  assert.deepEqual([later?.nonce, later?.stats.roundTripMs], ['n2', 28]);
  // Of the way to another master nothing is known yet.
  master.break();
  welcomed({ resumed: true }).heard();
});

test('a worker whose machine ends drains, and hands over in time what it could not finish', async () => {
  const { session, welcomed, clock, doings } = setup();
  const master = welcomed();
  master.say(assignOf(1));
  master.say({ type: 'drain', stopAfterMs: 5000 });
  clock.advance(0);
  assert.equal(types(master.heard()), 'hello ready drain');
  clock.advance(4999);
  assert.equal(session.state, 'live');
  clock.advance(1);
  assert.match(doings.at(-1) ?? '', /abandon/);
  assert.deepEqual(master.heard().at(-1), { type: 'bye', reason: 'stopped' });
  assert.deepEqual(await session.closed, { kind: 'stopped' });
});
