// A worker that masters send on to each other, with what it holds; and one that remembers which cluster it is of.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { MasterMessage } from '@tidewheel/protocol';
import { assignOf, id, setup, welcomeOf } from './scripted-master.test.ts';
import { workerLimits } from './worker-limits.ts';

const move = (...prefer: string[]): MasterMessage => ({
  type: 'bye',
  code: 'REBALANCE',
  reason: 'go on',
  retry: true,
  prefer,
});

test('a worker that is sent on resumes there with its work and says that it was sent; later it goes where it likes', () => {
  const { welcomed, session, latest, clock, doings } = setup();
  const first = welcomed();
  first.say(assignOf(1));
  session.started(id(1));
  first.say(move('http://m7'));
  clock.advance(workerLimits.reconnectBaseMs);
  assert.equal(latest().address, 'http://m7');
  latest().open();
  const [hello] = latest().heardOf('hello');
  assert.deepEqual([hello?.moved, hello?.resume, hello?.holding], [true, true, [id(1)]]);
  latest().say(welcomeOf({ resumed: true, nonce: 'n1' }));
  assert.deepEqual(doings, [`start ${id(1)}`], 'the attempt goes on');
  latest().break();
  clock.advance(workerLimits.reconnectMaxMs);
  latest().open();
  assert.equal(latest().heardOf('hello')[0]?.moved, undefined);
  assert.notEqual(latest().address, 'http://m7');
});

test('a worker that is sent on before its first welcome registers there anew', () => {
  const { session, latest, clock } = setup();
  void session.start();
  latest().open();
  const [refused] = latest().heardOf('hello');
  latest().say(move('http://m7'));
  clock.advance(workerLimits.reconnectBaseMs);
  latest().open();
  const [hello] = latest().heardOf('hello');
  assert.deepEqual([latest().address, hello?.resume, hello?.moved], ['http://m7', false, true]);
  assert.notEqual(hello?.incarnation, refused?.incarnation);
});

test('a worker whose master stops hears where the others are, and goes there like any other that was not sent', () => {
  const { welcomed, latest, clock } = setup();
  const first = welcomed();
  first.say({
    type: 'bye',
    code: 'SHUTTING_DOWN',
    reason: 'this master is stopping',
    retry: true,
    prefer: ['http://m9'],
  });
  const seen = new Set<string>();
  for (let round = 0; round < 20; round += 1) {
    clock.advance(workerLimits.reconnectMaxMs);
    latest().open();
    assert.equal(latest().heardOf('hello')[0]?.moved, undefined);
    seen.add(latest().address);
    latest().break();
  }
  assert.ok(seen.has('http://m9'), [...seen].join(' '));
});

test('nobody is sent from TLS to clear text', () => {
  const { welcomed, latest, clock } = setup({ addresses: ['https://m1', 'https://m2'] });
  welcomed().say(move('http://m7'));
  clock.advance(workerLimits.reconnectBaseMs);
  assert.match(latest().address, /^https:/);
});

test('the cluster of the first welcome is said ever after, and its refusal ends the worker', async () => {
  const { welcomed, session, latest, clock } = setup();
  const first = welcomed({ cluster: 'c1' });
  first.break();
  clock.advance(workerLimits.reconnectMaxMs);
  latest().open();
  assert.equal(latest().heardOf('hello')[0]?.cluster, 'c1');
  latest().say({ type: 'bye', code: 'WRONG_CLUSTER', reason: 'this is c2', retry: false });
  const end = await session.closed;
  assert.ok(end.kind === 'refused' && end.refusal.code === 'WRONG_CLUSTER');
});
