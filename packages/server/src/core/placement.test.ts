// Which workers serve a lane, and how free slots are shared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { serves, shareSlots, type Capability, type Lane, type LaneDemand } from './placement.ts';

const lane: Lane = {
  id: 'l',
  namespace: 'n',
  queue: 'q',
  handler: 'shell',
  selector: { zone: 'a' },
  paused: false,
  weight: 1,
};
const worker: Capability = {
  namespace: 'n',
  queues: ['q', 'r'],
  handlers: ['shell', 'http'],
  labels: { zone: 'a', gpu: '1' },
};

test('a worker serves a lane when namespace, queue, handler and every selected label fit', () => {
  assert.equal(serves(worker, lane), true);
  assert.equal(serves({ ...worker, namespace: 'm' }, lane), false);
  assert.equal(serves({ ...worker, queues: ['r'] }, lane), false);
  assert.equal(serves({ ...worker, handlers: ['http'] }, lane), false);
  assert.equal(serves({ ...worker, labels: { zone: 'b' } }, lane), false);
  assert.equal(serves({ ...worker, labels: {} }, lane), false);
});

function demand(laneId: string, namespace: string, sessionIds: string[], weight = 1): LaneDemand {
  return { laneId, namespace, weight, sessionIds };
}

function countOf(grants: ReturnType<typeof shareSlots>, laneId: string): number {
  return grants.find((grant) => grant.laneId === laneId)?.sessionIds.length ?? 0;
}

test('one lane alone gets all free slots', () => {
  const grants = shareSlots(
    [demand('a', 'n', ['s', 't'])],
    [
      { sessionId: 's', free: 3 },
      { sessionId: 't', free: 2 },
    ],
    100,
    0,
  );
  assert.equal(countOf(grants, 'a'), 5);
});

test('namespaces share by weight, however many lanes each has', () => {
  const lanes = [demand('a1', 'a', ['s'], 3), demand('a2', 'a', ['s'], 3), demand('b1', 'b', ['s'], 1)];
  const grants = shareSlots(lanes, [{ sessionId: 's', free: 80 }], 1000, 0);
  assert.equal(countOf(grants, 'a1') + countOf(grants, 'a2'), 60);
  assert.equal(countOf(grants, 'b1'), 20);
});

test('slots come from the least busy session first', () => {
  const grants = shareSlots(
    [demand('a', 'n', ['s', 't'])],
    [
      { sessionId: 's', free: 1 },
      { sessionId: 't', free: 5 },
    ],
    4,
    0,
  );
  assert.deepEqual(grants[0]?.sessionIds, ['t', 't', 't', 't']);
});

test('never more than the free slots of a session, never more than asked, never a session that does not serve the lane', () => {
  const sessions = ['s0', 's1', 's2', 's3'];
  const lanes = fc.array(
    fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      weight: fc.integer({ min: 1, max: 4 }),
      serving: fc.subarray(sessions),
    }),
    { maxLength: 8 },
  );
  const frees = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(lanes, frees, fc.integer({ min: 1, max: 30 }), fc.nat(), (drawn, free, max, first) => {
      const demands = drawn.map((item, index) => demand(`l${index}`, item.namespace, item.serving, item.weight));
      const credits = sessions.map((sessionId, index) => ({ sessionId, free: free[index] ?? 0 }));
      const grants = shareSlots(demands, credits, max, first);
      const used = new Map<string, number>();
      for (const grant of grants) {
        const serving = demands.find((item) => item.laneId === grant.laneId)?.sessionIds ?? [];
        for (const sessionId of grant.sessionIds) {
          assert.ok(serving.includes(sessionId));
          used.set(sessionId, (used.get(sessionId) ?? 0) + 1);
        }
      }
      for (const credit of credits) assert.ok((used.get(credit.sessionId) ?? 0) <= credit.free);
      const spent = grants.reduce((sum, grant) => sum + grant.sessionIds.length, 0);
      const usable = credits.filter((credit) => demands.some((item) => item.sessionIds.includes(credit.sessionId)));
      assert.equal(
        spent,
        Math.min(
          max,
          usable.reduce((sum, credit) => sum + credit.free, 0),
        ),
      );
    }),
  );
});

test('a probe goes to the workers of the namespace that its queue names, whatever their queues, and to none that know no probes', () => {
  const lane = {
    id: 'l',
    namespace: 'tidewheel',
    queue: 'prod',
    handler: 'task:tidewheel.probe',
    selector: {},
    paused: false,
    weight: 1,
  };
  const worker = { namespace: 'prod', queues: ['gpu'], handlers: ['shell', 'task:tidewheel.probe'], labels: {} };
  assert.equal(serves(worker, lane), true);
  assert.equal(serves({ ...worker, namespace: 'test' }, lane), false);
  assert.equal(serves({ ...worker, handlers: ['shell'] }, lane), false);
  assert.equal(serves(worker, { ...lane, handler: 'shell' }), false);
});
