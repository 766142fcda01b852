import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noScalingMemory, type PoolDecision } from '../scaling/scaling-input.ts';
import { type ActionFacts, actionsOf } from './pool-actions.ts';
import type { PoolMachine, PoolSession } from './pool-facts.ts';

const session = (worker: string, more: Partial<PoolSession> = {}): PoolSession => ({
  id: worker,
  namespace: 'default',
  worker,
  labels: {},
  slots: 2,
  draining: false,
  cordonedAt: null,
  releasedAt: null,
  endsAt: null,
  createdAt: 100,
  lastSeenAt: 1000,
  cpu: null,
  memoryShare: null,
  ...more,
});
const cordoned = (worker: string, more: Partial<PoolSession> = {}): PoolSession =>
  session(worker, { draining: true, cordonedAt: 500, ...more });
const machine = (worker: string, more: Partial<PoolMachine> = {}): PoolMachine => ({
  worker,
  state: 'ready',
  startedAt: null,
  endsAt: null,
  note: null,
  ...more,
});
const decision = (wanted: number, more: Partial<PoolDecision> = {}): PoolDecision => ({
  desired: wanted,
  wanted,
  bounds: [],
  explanation: '',
  memory: noScalingMemory,
  drain: [],
  undrain: [],
  inputs: {},
  ...more,
});
const act = (facts: Partial<ActionFacts> & { decision: PoolDecision }) =>
  actionsOf({ sessions: [], machines: [], held: [], rollout: null, max: 9, ...facts });
const holds = (sessionId: string, runs: number) => ({ sessionId, laneId: 'lane', runs, newestAt: 0 });

test('who drains still counts as a machine, so that the platform need not choose', () => {
  const actions = act({
    decision: decision(1, { drain: ['b'] }),
    sessions: [session('a'), session('b'), cordoned('c')],
    held: [holds('c', 1)],
  });
  assert.deepEqual([actions.cordon, actions.empty, actions.release, actions.count], [['b'], [], [], 3]);
});

test('the platform is never told fewer than those that work, whatever was decided', () => {
  const actions = act({ decision: decision(0), sessions: [session('a'), session('b')] });
  assert.deepEqual([actions.cordon, actions.count], [[], 2]);
});

test('only who drains for the pool and holds nothing may be given up', () => {
  const actions = act({
    decision: decision(0),
    sessions: [cordoned('idle'), cordoned('busy'), session('leaving', { draining: true })],
    held: [holds('busy', 1)],
  });
  assert.deepEqual(actions.empty, ['idle']);
  assert.equal(actions.count, 2, 'who was asked to leave by somebody else goes by itself');
});

test('who was given up is told again until it has gone, and is not counted', () => {
  const actions = act({ decision: decision(1), sessions: [session('a'), cordoned('b', { releasedAt: 900 })] });
  assert.deepEqual([actions.release, actions.count, actions.empty], [['b'], 1, []]);
});

test('who is needed after all is taken back, unless its machine ends', () => {
  const sessions = [cordoned('a'), cordoned('b', { endsAt: 5000 }), cordoned('c', { releasedAt: 900 })];
  const actions = act({ decision: decision(3, { undrain: ['a', 'b', 'c'] }), sessions });
  assert.deepEqual([actions.uncordon, actions.empty], [['a'], []]);
  // One comes back, one drains until its machine ends, two are to be started.
  assert.equal(actions.count, 4);
});

test('a machine that is told to end has its worker drain by then, and another one is ordered', () => {
  const actions = act({
    decision: decision(2),
    sessions: [session('a'), session('b')],
    machines: [machine('a', { endsAt: 9000 }), machine('b')],
  });
  assert.deepEqual(actions.ending, [{ id: 'a', endsAt: 9000 }]);
  assert.deepEqual([actions.cordon, actions.count], [[], 3]);
});

test('a machine that has not begun may go at once; one that starts is waited for; one that fails holds no place', () => {
  const machines = [machine('new', { state: 'starting' }), machine('other', { state: 'starting' })];
  const dropped = act({ decision: decision(0, { drain: ['new'] }), machines });
  assert.deepEqual([dropped.release, dropped.count], [['new'], 1]);
  const failing = act({ decision: decision(0), machines: [machine('bad', { state: 'failing' })] });
  assert.deepEqual([failing.release, failing.count], [[], 0]);
});

test('workers that may go last are named first: those that hold most', () => {
  const actions = act({
    decision: decision(3),
    sessions: [session('a'), session('b'), session('c')],
    held: [holds('c', 2), holds('b', 1)],
  });
  assert.deepEqual(actions.keep, ['c', 'b', 'a']);
});

test('a rolling replacement surges first, and lets old ones go as new ones come, idle ones before busy ones', () => {
  const rollout = { id: 'r', surge: 1, since: 200, base: 2 };
  const old = [session('a'), session('b')];
  const begun = act({ decision: decision(2), sessions: old, rollout });
  assert.deepEqual([begun.cordon, begun.count, begun.rollout], [[], 3, { left: 2, total: 2, base: 2 }]);
  const surged = act({
    decision: decision(2, { drain: ['new'] }),
    sessions: [...old, session('new', { createdAt: 300 })],
    held: [holds('a', 1)],
    rollout,
  });
  assert.deepEqual([surged.cordon, surged.count, surged.rollout], [['b'], 3, { left: 2, total: 3, base: 2 }]);
  const last = act({
    decision: decision(2),
    sessions: [session('x', { createdAt: 300 }), session('y', { createdAt: 301 }), cordoned('a')],
    rollout,
  });
  assert.deepEqual([last.cordon, last.count, last.rollout?.left], [[], 3, 1]);
  const done = act({
    decision: decision(1),
    sessions: [session('x', { createdAt: 300 })],
    rollout: { ...rollout, base: 1 },
  });
  assert.deepEqual([done.count, done.rollout?.left], [1, 0]);
});
