import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PoolDefinition, type PoolInput, poolDefinitionSchema, Refusal } from '@tidewheel/protocol';
import { checkPoolsTogether, planPools, poolChanges, type StoredPool } from './pool-plan.ts';

const pool = (input: Partial<PoolInput> & { name: string }): PoolDefinition =>
  poolDefinitionSchema.parse({ labels: { pool: input.name }, max: 5, ...input });
const stored = (definition: PoolDefinition, source = 'file'): StoredPool => ({
  id: definition.name,
  name: definition.name,
  version: 1,
  source,
  definition,
});

function refusalOf(before: readonly StoredPool[], wanted: readonly PoolDefinition[]): Refusal {
  const plans = planPools(before, { wanted, unwanted: [], source: 'file' });
  try {
    checkPoolsTogether(before, plans, (name, below) => {
      const index = wanted.findIndex((one) => one.name === name);
      return index < 0 ? null : `/pools/${index}${below}`;
    });
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error;
  }
  return assert.fail('it was not refused');
}

test('pools whose workers could be of both are refused, with both sides named and the later one blamed', () => {
  const wanted = [pool({ name: 'a', labels: { zone: 'x' } }), pool({ name: 'b', labels: { gpu: 'yes' } })];
  const refusal = refusalOf([], wanted);
  assert.equal(refusal.code, 'POOL_CONFLICT');
  assert.deepEqual(
    refusal.faults.map(({ pointer }) => pointer),
    ['/pools/1/labels'],
  );
  assert.match(refusal.message, /"a" \(zone=x\).*"b" \(gpu=yes\)/);
});

test('a pool that is stored and one that is wanted are compared too, and the wanted one is blamed', () => {
  const refusal = refusalOf(
    [stored(pool({ name: 'old', labels: { zone: 'x' } }))],
    [pool({ name: 'a', labels: { zone: 'y' } }), pool({ name: 'new', labels: { zone: 'x', gpu: 'yes' } })],
  );
  assert.deepEqual(
    refusal.faults.map(({ pointer }) => pointer),
    ['/pools/1/labels'],
  );
  assert.match(refusal.message, /"old"/);
});

test('pools that differ in the value of one label get on, whatever else they carry', () => {
  const wanted = [pool({ name: 'a', labels: { zone: 'x', gpu: 'yes' } }), pool({ name: 'b', labels: { zone: 'y' } })];
  checkPoolsTogether([], planPools([], { wanted, unwanted: [], source: null }), () => null);
});

test('pools that share a maximum must name the same one', () => {
  const wanted = [
    pool({ name: 'a', shared: { name: 'room', max: 9 } }),
    pool({ name: 'b', shared: { name: 'room', max: 8 } }),
  ];
  const refusal = refusalOf(
    [],
    wanted.map((one) => ({ ...one, labels: { pool: one.name } })),
  );
  assert.deepEqual(
    refusal.faults.map(({ pointer }) => pointer),
    ['/pools/1/shared/max'],
  );
  assert.match(refusal.message, /"a", which says at most 9, and by the pool "b", which says 8/);
});

test('a min above the max, zero slots and a min above what is shared are refused with their place and both numbers', () => {
  const faults = (input: object): string[] =>
    (poolDefinitionSchema.safeParse({ name: 'a', labels: { a: 'b' }, max: 5, ...input }).error?.issues ?? []).map(
      ({ path, message }) => `/${path.join('/')} ${message}`,
    );
  assert.deepEqual(faults({ min: 6 }), ['/min the min of 6 is above the max of 5']);
  assert.deepEqual(faults({ min: 4, shared: { name: 'room', max: 3 } }), [
    '/min the min of 4 is above the 3 of "room", which it shares',
  ]);
  assert.match(faults({ slots: 0 }).join(), /^\/slots /);
  assert.deepEqual(faults({ min: 5 }), []);
});

test('what is the same is unchanged; differences are told by pointer; what is unwanted goes', () => {
  const before = [stored(pool({ name: 'a' })), stored(pool({ name: 'b' })), stored(pool({ name: 'c' }))];
  const wish = { wanted: [pool({ name: 'a' }), pool({ name: 'b', max: 9 })], unwanted: ['c'], source: 'file' };
  assert.deepEqual(poolChanges(planPools(before, wish)), [
    { kind: 'pool', name: 'a', action: 'unchanged', differences: [] },
    { kind: 'pool', name: 'b', action: 'update', differences: [{ pointer: '/max', before: 5, after: 9 }] },
    { kind: 'pool', name: 'c', action: 'delete', differences: [] },
  ]);
});
