import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

test('the generator gives the numbers of xoshiro128**, the same on every machine', () => {
  // Computed by a second implementation of the published algorithm, in another language.
  assert.deepEqual(draws(new Random(1), 4), [393288148, 2174103013, 3814759091, 2092745082]);
  assert.deepEqual(draws(new Random(123456), 2), [998463136, 3911390515]);
  for (const value of draws(new Random(7), 1000)) assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
});

test('a fork does not depend on what was drawn before it', () => {
  const fresh = new Random(5);
  const used = new Random(5);
  draws(used, 100);
  assert.deepEqual(draws(fresh.fork('network'), 5), draws(used.fork('network'), 5));
  assert.notDeepEqual(draws(fresh.fork('network'), 5), draws(fresh.fork('store'), 5));
});

test('draws keep to their bounds and reach both ends', () => {
  const random = new Random(3);
  const seen = new Set<number>();
  for (let index = 0; index < 1000; index += 1) seen.add(random.between(-2, 2));
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [-2, -1, 0, 1, 2],
  );
  const skewed = Array.from({ length: 5000 }, () => random.skewed(0, 1000));
  assert.ok(Math.min(...skewed) === 0 && Math.max(...skewed) <= 1000 && Math.max(...skewed) > 500);
  assert.ok(skewed.filter((value) => value <= 4).length > 2500, 'most are near the low end');
});

test('spread values are of each order of magnitude equally often', () => {
  const random = new Random(9);
  const values = Array.from({ length: 3000 }, () => random.spread(10, 10_000));
  const within = (low: number, high: number) => values.filter((value) => value >= low && value < high).length;
  for (const count of [within(10, 100), within(100, 1000), within(1000, 10_001)]) assert.ok(count > 850, `${count}`);
  assert.equal(within(10, 10_001), 3000);
});
