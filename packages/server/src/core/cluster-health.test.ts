import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClusterFacts, degradationsOf } from './cluster-health.ts';

const master: ClusterFacts['masters'][number] = {
  id: 'a',
  address: 'http://a',
  version: '1',
  zoneDataVersion: '2026a',
  startedAt: 0,
  role: 'leader',
  standing: 'trusted',
  silentMs: 100,
  storeMs: 1,
  coordinatorMs: 1,
  wanted: 'active' as const,
  wantedReason: null,
  drained: false,
  sessions: 0,
  firesPerSecond: 0,
  claimsPerSecond: 0,
};
const well: ClusterFacts = {
  term: 1,
  masters: [master, { ...master, id: 'b', address: 'http://b', role: 'follower', standing: null }],
  store: {
    engine: 'postgres',
    role: 'primary',
    latencyMs: 1,
    replicas: [],
    durability: { mode: 'synchronous', rpoMs: 0, rpoBytes: 0, synchronous: 1, demanded: 'synchronous' },
    timeline: 1,
    connections: { most: 48, allowed: 97 },
  },
  coordinator: { kind: 'etcd', latencyMs: 1, members: [] },
  elections: [],
  silenceMs: 10_000,
  coordinatorTrouble: null,
  amiss: { schedules: 0, fires: 0 },
  gap: null,
  backups: null,
  pools: [],
  zonesChanged: { zones: [], moved: 0 },
  space: {
    usedBytes: 1,
    reusableBytes: 0,
    freeBytes: 2 ** 40,
    freeOf: 'disk',
    reserveBytes: 2 ** 28,
    level: 'ok',
    growthBytesPerDay: null,
    fullInMs: null,
  },
};
const what = (facts: Partial<ClusterFacts>) => degradationsOf({ ...well, ...facts }).map((one) => one.what);

test('nothing is said of a cluster that is well', () => {
  assert.deepEqual(what({}), []);
});

test('each thing that is not as it should be is said once, with where', () => {
  const [leader, follower] = well.masters;
  assert.ok(leader !== undefined && follower !== undefined);
  assert.deepEqual(what({ masters: [follower] }), ['no-leader']);
  assert.deepEqual(what({ masters: [{ ...leader, standing: 'until-fenced' }] }), ['leader-untrusted']);
  assert.deepEqual(what({ masters: [leader, { ...follower, silentMs: 10_001 }] }), ['master-silent']);
  assert.deepEqual(what({ masters: [leader, { ...follower, version: '2' }] }), ['versions-differ']);
  assert.deepEqual(what({ masters: [leader, { ...follower, zoneDataVersion: '2026b' }] }), ['zone-data-differs']);
  assert.deepEqual(what({ masters: [leader, { ...follower, zoneDataVersion: null }] }), []);
  assert.deepEqual(what({ zonesChanged: { zones: ['Africa/Cairo'], moved: 3 } }), ['zone-data-changed']);
  assert.deepEqual(what({ amiss: { schedules: 1, fires: 2 } }), ['fires-amiss']);
  assert.deepEqual(what({ coordinatorTrouble: 'no answer' }), ['coordinator-unreachable']);
  const member = { endpoint: 'http://e', version: null, leads: null, trouble: 'no answer' };
  assert.deepEqual(what({ coordinator: { ...well.coordinator, members: [member] } }), ['coordinator-member']);
  const replica = { name: 'r', state: 'catchup', sync: 'async', lagMs: null, lagBytes: null };
  assert.deepEqual(what({ store: { ...well.store, replicas: [replica] } }), ['store-replica']);
  const durability = { ...well.store.durability, mode: 'asynchronous' as const };
  assert.deepEqual(what({ store: { ...well.store, durability } }), ['store-durability']);
  const connections = { most: 98, allowed: 97 };
  assert.deepEqual(what({ store: { ...well.store, connections } }), ['store-connections']);
});
