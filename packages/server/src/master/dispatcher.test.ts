import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { MasterMessage } from '@tidewheel/protocol';
import { runsClaim } from '../store/runs-claim.ts';
import { runsInsert } from '../store/runs-submit.ts';
import { newRun, seedId, seedJob, seedSession } from '../store/testing/seed.ts';
import { Changes } from './changes.ts';
import { Dispatcher } from './dispatcher.ts';
import { SessionLink } from './session-link.ts';
import { openBench } from './testing/bench-context.ts';

async function setup(t: TestContext) {
  const { context, clock, close } = await openBench();
  t.after(close);
  const dispatcher = new Dispatcher(context, new Changes(context.clock, context.signals));
  const job = await seedJob(context.db);
  const sessionId = await seedSession(context.db, context.masterId);
  await context.db.transaction((tx) => runsInsert(tx, [newRun(job)]));
  const sent: MasterMessage[] = [];
  const connection = {
    send: (messages: readonly MasterMessage[]) => void sent.push(...messages),
    close: () => undefined,
    bufferedBytes: () => 0,
  };
  const hello = {
    type: 'hello' as const,
    incarnation: sessionId,
    worker: 'w',
    version: '1',
    slots: 10,
    queues: ['default'],
    handlers: ['task:noop'],
    labels: {},
    host: 'here',
    pid: 1,
    holding: [],
    resume: false,
  };
  const link = new SessionLink(hello, 'default', connection, { nonce: 'n', atMs: clock.monotonicMs() });
  dispatcher.attach(link);
  const claimed = await runsClaim(context.db, job.laneId, [{ sessionId, attemptId: seedId() }]);
  assert.equal(claimed.length, 1);
  return { context, clock, dispatcher, claimed, link, sent };
}

test('a claim is handed to its worker when its commit is known', async (t) => {
  const { clock, dispatcher, claimed, link, sent } = await setup(t);
  await dispatcher.deliver(claimed, 'claim', clock.monotonicMs());
  assert.deepEqual(
    sent.map(({ type }) => type),
    ['assign'],
  );
  assert.equal(link.held.size, 1);
});

// Found by the simulator: a master that was frozen for 29 s between its claim and the answer handed the run to a worker, although
// another master had given it away meanwhile and its cancel was acknowledged.
test('a claim of before a long pause of the master is not handed over, but left to the comparing with the store', async (t) => {
  const { context, clock, dispatcher, claimed, link, sent } = await setup(t);
  const askedMs = clock.monotonicMs();
  await clock.advance(context.settings.sessionTtlMs);
  await dispatcher.deliver(claimed, 'claim', askedMs);
  assert.deepEqual(sent, []);
  assert.equal(link.missing(claimed[0]?.attemptId ?? '', clock.monotonicMs()), true);
});
