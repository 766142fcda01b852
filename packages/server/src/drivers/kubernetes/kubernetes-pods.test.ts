// What happens to pods, and what the scaler says and does about it: slow and failing starts, notices of the end, who is let go and who waits.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Fleet, Machine, ScaledPool, Scaler } from '../../ports/scaler.ts';
import { systemClock } from '../system/clock.ts';
import { deletionCost, safeToEvict } from './pod-facts.ts';
import type { PodObject } from './testing/cluster-state.ts';
import { startCluster, type TestCluster } from './testing/cluster.ts';

type Setup = TestCluster & {
  readonly crunch: ScaledPool;
  pods(): PodObject[];
  passTime(ms: number): void;
};

async function setup(t: TestContext, replicas = 3): Promise<Setup> {
  let ahead = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + ahead };
  const cluster = await startCluster({ clock });
  t.after(async () => {
    await cluster.close();
    assert.deepEqual(cluster.api.faults, []);
  });
  const crunch = cluster.pool('crunch', { replicas });
  cluster.api.controllers.settle();
  const pods = (): PodObject[] => cluster.api.controllers.podsOf(cluster.workloadOf(crunch));
  const passTime = (ms: number): void => {
    ahead += ms;
  };
  return { ...cluster, crunch, pods, passTime };
}

async function observed(scaler: Scaler, pool: ScaledPool, wanted: (fleet: Fleet) => boolean): Promise<Fleet> {
  for (;;) {
    const fleet = await scaler.observe(pool);
    if (wanted(fleet)) return fleet;
  }
}

async function one(scaler: Scaler, pool: ScaledPool, wanted: (machine: Machine) => boolean): Promise<Machine> {
  const { machines } = await observed(scaler, pool, (fleet) => fleet.machines.some(wanted));
  const found = machines.find(wanted);
  assert.ok(found);
  return found;
}

const nameOf = ({ metadata }: PodObject): string => metadata.name;

test('a pod starts, is ready, stops being ready, and is ready again', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods } = await setup(t, 1);
  api.controllers.behaviour.starts = false;
  await scaler.apply(crunch, { count: 2, release: [], keep: [] });
  api.controllers.settle();
  const starting = await one(scaler, crunch, ({ state }) => state === 'starting');
  assert.ok(starting.startedAt !== null);
  api.controllers.behaviour.starts = true;
  api.controllers.settle();
  await observed(
    scaler,
    crunch,
    ({ machines }) => machines.length === 2 && machines.every(({ state }) => state === 'ready'),
  );
  const [pod] = pods();
  assert.ok(pod);
  api.controllers.become(pod, { phase: 'Running', ready: false });
  const late = await one(scaler, crunch, ({ state }) => state === 'starting');
  assert.equal(late.note, 'ContainersNotReady: containers with unready status: [worker]');
});

for (const [reason, message] of [
  ['CrashLoopBackOff', 'back-off 40s restarting failed container=worker'],
  ['ImagePullBackOff', 'Back-off pulling image "worker:2"'],
] as const) {
  test(`a pod in ${reason} is failing, with the reason`, { timeout: 20_000 }, async (t) => {
    const { api, scaler, crunch } = await setup(t, 0);
    api.controllers.behaviour.failsWith = { reason, message };
    await scaler.apply(crunch, { count: 1, release: [], keep: [] });
    api.controllers.settle();
    const { note } = await one(scaler, crunch, ({ state }) => state === 'failing');
    assert.equal(note, `worker: ${reason} after 4 restarts: ${message}`);
  });
}

test('a pod for which there is no room starts slowly, is failing after five minutes, and well when there is', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, crunch, pods } = await setup(t, 0);
  api.controllers.behaviour.unschedulable = '0/3 nodes are available: 3 Insufficient cpu.';
  await scaler.apply(crunch, { count: 1, release: [], keep: [] });
  api.controllers.settle();
  const expected = 'Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.';
  assert.equal((await one(scaler, crunch, ({ note }) => note === expected)).state, 'starting');
  const [pod] = pods();
  assert.ok(pod);
  const at = new Date(Date.now() - 301_000).toISOString();
  pod.status.conditions = pod.status.conditions.map((condition) => ({ ...condition, lastTransitionTime: at }));
  api.state.write(pod);
  assert.equal((await one(scaler, crunch, ({ state }) => state === 'failing')).note, expected);
  api.controllers.behaviour.unschedulable = null;
  api.controllers.settle();
  await one(scaler, crunch, ({ state }) => state === 'ready');
});

test('a quota that keeps pods from coming is told', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch } = await setup(t, 1);
  api.controllers.behaviour.quota = 2;
  await scaler.apply(crunch, { count: 4, release: [], keep: [] });
  api.controllers.settle();
  const { note, ordered } = await observed(scaler, crunch, ({ machines }) => machines.length === 2);
  assert.equal(ordered, 4);
  assert.match(note ?? '', /^FailedCreate: pods "crunch-.*" is forbidden: exceeded quota/);
});

test('a preemption or eviction says when the pod ends, before and while it does', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods } = await setup(t, 2);
  const [pod] = pods();
  assert.ok(pod);
  api.controllers.behaviour.ends = false;
  api.controllers.disrupt(
    pod,
    'PreemptionByScheduler',
    'default-scheduler: preempting to accommodate a higher priority pod',
  );
  const warned = await one(scaler, crunch, ({ endsAt }) => endsAt !== null);
  const at = Date.parse(
    pod.status.conditions.find(({ type }) => type === 'DisruptionTarget')?.lastTransitionTime ?? '',
  );
  assert.deepEqual(
    { worker: warned.worker, state: warned.state, endsAt: warned.endsAt },
    { worker: nameOf(pod), state: 'ready', endsAt: at + 600_000 },
  );
  assert.match(warned.note ?? '', /^PreemptionByScheduler: default-scheduler: preempting/);
  api.controllers.end(pod);
  const ending = await one(scaler, crunch, ({ state }) => state === 'stopping');
  assert.equal(ending.endsAt, Date.parse(pod.metadata.deletionTimestamp ?? ''));
  api.controllers.behaviour.ends = true;
  api.controllers.settle();
  await observed(
    scaler,
    crunch,
    ({ machines }) => machines.length === 2 && machines.every(({ endsAt }) => endsAt === null),
  );
});

test('pods that have failed for good, and those of others, are not machines', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods } = await setup(t, 2);
  const [pod] = pods();
  assert.ok(pod);
  api.controllers.become(pod, { phase: 'Failed', ready: false });
  api.state.addWorkload({
    kind: 'Deployment',
    namespace: 'work',
    name: 'crunch-more',
    replicas: 2,
    selector: { app: 'crunch' },
    firstOrdinal: 0,
    template: 'bbb',
  });
  api.controllers.settle();
  const { machines } = await observed(scaler, crunch, (fleet) =>
    fleet.machines.every(({ worker }) => worker !== nameOf(pod)),
  );
  assert.ok(
    machines.every(({ worker }) => worker.startsWith('crunch-aaa-')),
    JSON.stringify(machines),
  );
});

test('those who are to go wait while somebody else would go first, and it is said why', {
  timeout: 20_000,
}, async (t) => {
  const { api, scaler, crunch, pods, workloadOf } = await setup(t, 4);
  const [busy, idle, ...rest] = pods();
  assert.ok(busy && idle);
  api.controllers.become(busy, { phase: 'Running', ready: false });
  const order = { count: 3, release: [nameOf(idle)], keep: [nameOf(busy), ...rest.map(nameOf)] };
  await scaler.apply(crunch, order);
  api.controllers.settle();
  assert.equal(workloadOf(crunch).replicas, 4);
  const { note } = await scaler.observe(crunch);
  assert.equal(note, `waiting: ${nameOf(busy)} is not ready, so that Kubernetes would end it first`);
  api.controllers.become(busy, { phase: 'Running', ready: true });
  await scaler.apply(crunch, order);
  api.controllers.settle();
  assert.deepEqual(pods().map(nameOf).toSorted(), [busy, ...rest].map(nameOf).toSorted());
  const after = await observed(scaler, crunch, ({ machines }) => machines.length === 3);
  assert.equal(after.note, null);
});

test('nothing is let go during a roll-out, and more may come', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods, workloadOf } = await setup(t, 3);
  const workload = workloadOf(crunch);
  workload.template = 'bbb';
  const [old] = pods();
  assert.ok(old);
  api.controllers.end(old);
  api.controllers.settle();
  const [, second] = pods();
  assert.ok(second);
  await scaler.apply(crunch, { count: 2, release: [nameOf(second)], keep: [] });
  api.controllers.settle();
  assert.equal(workload.replicas, 3);
  assert.match((await scaler.observe(crunch)).note ?? '', /a roll-out is under way/);
});

test('a StatefulSet lets go from its end and says who waits for whom', { timeout: 20_000 }, async (t) => {
  const { api, scaler, pool, workloadOf } = await setup(t, 0);
  const set = pool('press', { workload: 'StatefulSet', replicas: 4, firstOrdinal: 2 });
  api.controllers.settle();
  await scaler.apply(set, { count: 2, release: ['press-5', 'press-3'], keep: ['press-4', 'press-2'] });
  api.controllers.settle();
  assert.equal(workloadOf(set).replicas, 3);
  const { note, machines } = await observed(scaler, set, (fleet) => fleet.machines.length === 3);
  assert.equal(note, 'waiting: a StatefulSet ends its last pod first, and press-4 is to stay');
  assert.deepEqual(machines.map(({ worker }) => worker).toSorted(), ['press-2', 'press-3', 'press-4']);
  assert.equal(
    api.state.podsOf('work').every(({ metadata }) => metadata.annotations?.[deletionCost] === undefined),
    true,
  );
});

test('whoever works is marked at once, whoever is idle only after a while', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods, passTime } = await setup(t, 3);
  const [first, second, third] = pods().map(nameOf);
  assert.ok(first && second && third);
  const marks = (): (string | undefined)[][] =>
    [first, second, third].map((name) => {
      const annotations = api.state.podNamed('work', name)?.metadata.annotations;
      return [annotations?.[safeToEvict], annotations?.[deletionCost]];
    });
  await scaler.working?.(crunch, [first, second]);
  assert.deepEqual(marks(), [
    ['false', '100'],
    ['false', '100'],
    [undefined, undefined],
  ]);
  const patches = (): number => api.requestsLike('PATCH', /\/pods\//).length;
  const before = patches();
  await observed(scaler, crunch, () => api.state.since(0).length > 0);
  await scaler.working?.(crunch, [first]);
  await scaler.working?.(crunch, [first]);
  assert.equal(patches(), before, 'a run that has just ended writes nothing');
  passTime(61_000);
  await scaler.working?.(crunch, [first]);
  assert.deepEqual(marks(), [
    ['false', '100'],
    ['true', '0'],
    ['true', undefined],
  ]);
});

test('one who is taken back is no longer marked to go', { timeout: 20_000 }, async (t) => {
  const { api, scaler, crunch, pods, workloadOf } = await setup(t, 3);
  const [odd, named] = pods();
  assert.ok(odd && named);
  // Keeps it from going at once.
  api.controllers.become(odd, { phase: 'Running', ready: false });
  await scaler.apply(crunch, { count: 2, release: [nameOf(named)], keep: [] });
  assert.equal(named.metadata.annotations?.[deletionCost], '-100');
  assert.equal(workloadOf(crunch).replicas, 3);
  await observed(scaler, crunch, () => true);
  const cost = (): string | undefined =>
    pods().find((pod) => nameOf(pod) === nameOf(named))?.metadata.annotations?.[deletionCost];
  for (let round = 0; cost() !== '0'; round += 1) {
    assert.ok(round < 100);
    await scaler.apply(crunch, { count: 3, release: [], keep: [] });
  }
  assert.equal(workloadOf(crunch).replicas, 3);
});

test('marks are written on a hundred pods at a time', { timeout: 30_000 }, async (t) => {
  const { api, scaler, crunch, pods } = await setup(t, 150);
  const workers = pods().map(nameOf);
  await scaler.working?.(crunch, workers);
  assert.equal(api.requestsLike('PATCH', /\/pods\//).length, 100);
});
