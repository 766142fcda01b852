import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Pod } from './api-objects.ts';
import { leavingCost, planOrder } from './order-plan.ts';
import { deletionCost } from './pod-facts.ts';
import type { PodObject } from './testing/cluster-state.ts';
import { compareForDeletion } from './testing/pod-ranking.ts';

interface PodShape {
  readonly name: string;
  readonly ready?: boolean;
  readonly pending?: boolean;
  readonly assigned?: boolean;
  readonly cost?: number;
  readonly set?: string;
  readonly ending?: boolean;
}

function podOf({
  name,
  ready = true,
  pending = false,
  assigned = true,
  cost = 0,
  set = 's',
  ending = false,
}: PodShape): Pod {
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      creationTimestamp: '2026-11-30T00:00:00Z',
      deletionTimestamp: ending ? '2026-11-30T00:10:00Z' : null,
      annotations: cost === 0 ? null : { [deletionCost]: String(cost) },
      ownerReferences: [{ kind: 'ReplicaSet', name: `crunch-${set}`, uid: set, controller: true }],
    },
    spec: { nodeName: assigned ? 'node-a' : null, terminationGracePeriodSeconds: 600 },
    status: {
      phase: pending || !assigned ? 'Pending' : 'Running',
      startTime: null,
      conditions: [
        { type: 'Ready', status: ready && !pending && assigned ? 'True' : 'False', lastTransitionTime: null },
      ],
    },
  };
}

function plan(
  workload: 'Deployment' | 'StatefulSet',
  replicas: number,
  shapes: readonly PodShape[],
  {
    count,
    release = [] as readonly string[],
    firstOrdinal = 0,
  }: { count: number; release?: readonly string[]; firstOrdinal?: number },
) {
  const named = new Set(release);
  const {
    replicas: number,
    note,
    replace,
  } = planOrder({
    workload,
    replicas,
    firstOrdinal,
    pods: shapes.map(podOf),
    order: { count, release, keep: [] },
    isNamed: ({ metadata }) => named.has(metadata.name),
  });
  return { replicas: number, note, replace: replace.map(({ metadata }) => metadata.name) };
}

const marked = (name: string, more: Partial<PodShape> = {}): PodShape => ({ name, cost: leavingCost, ...more });

test('the number falls by those who are named and marked', () => {
  const pods = [{ name: 'a' }, marked('b'), { name: 'c' }];
  assert.deepEqual(plan('Deployment', 3, pods, { count: 2, release: ['b'] }), { replicas: 2, note: null, replace: [] });
});

test('without the mark it is not certain who would go, so nobody does', () => {
  const { replicas, note } = plan('Deployment', 2, [{ name: 'a' }, { name: 'b' }], { count: 1, release: ['b'] });
  assert.deepEqual([replicas, note], [2, 'waiting until all who are to go bear the lowest deletion cost']);
});

test('one who is not ready and not named would go first, so nobody does', () => {
  for (const odd of [{ ready: false }, { pending: true }, { assigned: false }]) {
    const pods = [{ name: 'a' }, marked('b'), { name: 'odd', ...odd }];
    const { replicas, note } = plan('Deployment', 3, pods, { count: 2, release: ['b'] });
    assert.deepEqual([replicas, note], [3, 'waiting: odd is not ready, so that Kubernetes would end it first']);
  }
});

test('those who are named and go first go, the rest of them waits', () => {
  const pods = [{ name: 'a' }, marked('b', { ready: false }), { name: 'odd', ready: false }, marked('c')];
  const { replicas, note } = plan('Deployment', 4, pods, { count: 2, release: ['b', 'c'] });
  assert.equal(replicas, 3);
  assert.match(note ?? '', /odd is not ready/);
});

test('while a roll-out is under way nobody is let go, and more may be ordered', () => {
  const pods = [{ name: 'a', set: 'old' }, marked('b', { set: 'new' })];
  const { replicas, note } = plan('Deployment', 2, pods, { count: 1, release: ['b'] });
  assert.equal(replicas, 2);
  assert.match(note ?? '', /roll-out/);
  assert.equal(plan('Deployment', 2, pods, { count: 5 }).replicas, 5);
});

test('what was ordered and has not come is taken back without ending anybody', () => {
  const pods = [{ name: 'a' }, { name: 'b' }];
  assert.deepEqual(plan('Deployment', 10, pods, { count: 1 }), { replicas: 2, note: null, replace: [] });
  assert.equal(plan('Deployment', 10, pods, { count: 3 }).replicas, 3);
});

test('one who is named although the number stays is deleted by itself', () => {
  const pods = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  assert.deepEqual(plan('Deployment', 3, pods, { count: 3, release: ['b'] }), {
    replicas: 3,
    note: null,
    replace: ['b'],
  });
  assert.deepEqual(plan('Deployment', 3, pods, { count: 2, release: ['b'] }).replace, []);
});

test('those who end already are neither counted nor raised for', () => {
  const pods = [{ name: 'a' }, marked('b', { ending: true }), { name: 'c', ending: true }];
  assert.deepEqual(plan('Deployment', 1, pods, { count: 1, release: ['b'] }), { replicas: 1, note: null, replace: [] });
});

test('a StatefulSet lets go from its end, and the rest of those who are named waits', () => {
  const pods = ['s-0', 's-1', 's-2', 's-3'].map((name) => ({ name }));
  const both = plan('StatefulSet', 4, pods, { count: 2, release: ['s-3', 's-2'] });
  assert.deepEqual(both, { replicas: 2, note: null, replace: [] });
  const one = plan('StatefulSet', 4, pods, { count: 2, release: ['s-3', 's-1'] });
  assert.equal(one.replicas, 3);
  assert.equal(one.note, 'waiting: a StatefulSet ends its last pod first, and s-2 is to stay');
  assert.deepEqual(plan('StatefulSet', 4, pods, { count: 3, release: ['s-0'] }).replace, [], 'it would only come back');
  assert.equal(plan('StatefulSet', 4, pods, { count: 0 }).replicas, 4);
  assert.equal(plan('StatefulSet', 6, pods, { count: 1 }).replicas, 4, 'those that have not come yet are taken back');
});

test('the ordinals of a StatefulSet may begin above zero, and a gap is not taken for room', () => {
  const pods = ['s-5', 's-7'].map((name) => ({ name }));
  const { replicas } = plan('StatefulSet', 3, pods, { count: 2, firstOrdinal: 5 });
  assert.equal(replicas, 3, 's-7 would have gone');
  assert.equal(plan('StatefulSet', 3, pods, { count: 1, release: ['s-7'], firstOrdinal: 5 }).replicas, 1);
});

const shape = fc.record({
  ready: fc.boolean(),
  pending: fc.boolean(),
  assigned: fc.boolean(),
  cost: fc.constantFrom(leavingCost, 0, 0, 100),
  named: fc.boolean(),
});

test('whatever the pods are like, the published ranking ends nobody who is not named', () => {
  fc.assert(
    fc.property(
      fc.array(shape, { maxLength: 12 }),
      fc.nat(14),
      fc.nat(14),
      fc.nat(1000),
      (shapes, count, replicas, luck) => {
        const all = shapes.map((one, index) => ({ ...one, name: `p${index}` }));
        const release = all.filter(({ named }) => named).map(({ name }) => name);
        const planned = plan('Deployment', replicas, all, { count, release });
        assert.ok(
          planned.replicas >= Math.min(count, planned.replicas) && planned.replicas >= all.length - release.length,
        );
        assert.ok(planned.replicas >= count, 'never fewer than wanted');
        const drawn = (uid: string): number => (Number(uid.slice(5)) * 7919 + luck * 104_729) % 1009;
        const ranked = all
          .map((one) => podOf(one) as unknown as PodObject)
          .toSorted((one, other) => compareForDeletion(one, other, () => 0, drawn));
        const goes = ranked.slice(0, Math.max(0, all.length - planned.replicas)).map(({ metadata }) => metadata.name);
        // The number may have been lowered by somebody else before: then that one has chosen.
        if (replicas < all.length) return;
        assert.deepEqual(
          goes.filter((name) => !release.includes(name)),
          [],
        );
      },
    ),
    { numRuns: 2000 },
  );
});
