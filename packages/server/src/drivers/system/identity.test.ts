// Names of the machine keep what the port promises, also when its wall clock stands still or goes back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { testIdentity } from '../../ports/conformance/identity.ts';
import { makeIdentity, systemIdentity } from './identity.ts';

testIdentity('the machine', () => systemIdentity);

test('names grow although the clock stands still for longer than the counter lasts', () => {
  const { next } = makeIdentity(() => 1_800_000_000_000);
  let last = '';
  for (let index = 0; index < 20_000; index += 1) {
    const name = next();
    assert.ok(name > last, `${name} after ${last}`);
    last = name;
  }
  // At least 2,048 names fit into a millisecond: the names have run at most 10 ms ahead.
  assert.ok(Number.parseInt(last.replace('-', '').slice(0, 12), 16) <= 1_800_000_000_010);
});

test('names grow although the clock goes back, and follow it again when it has caught up', () => {
  let now = 1_800_000_000_000;
  const { next } = makeIdentity(() => now);
  const first = next();
  now -= 3_600_000;
  const second = next();
  now += 3_600_500;
  const third = next();
  assert.ok(first < second && second < third);
  assert.equal(Number.parseInt(third.replace('-', '').slice(0, 12), 16), 1_800_000_000_500);
});

test('names of two processes made in the same millisecond differ', () => {
  const names = new Set<string>();
  for (let process = 0; process < 2000; process += 1) names.add(makeIdentity(() => 1_800_000_000_000).next());
  assert.equal(names.size, 2000);
});
