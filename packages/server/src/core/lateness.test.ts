import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lateness } from './lateness.ts';

test('what is told of many is right to a fifth, and never more than the largest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 300 }), (list) => {
      const lateness = new Lateness();
      for (const ms of list) lateness.add(ms);
      const sorted = list.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(list.length * 0.99) - 1] ?? 0;
      const told = lateness.below(0.99);
      assert.equal(lateness.maxMs, sorted.at(-1));
      assert.ok(told >= exact && told <= Math.min(lateness.maxMs, exact * 1.2 + 1), `${told} for ${exact}`);
    }),
  );
});

test('nothing is late when there is nothing', () => {
  assert.deepEqual([new Lateness().below(0.99), new Lateness().maxMs], [0, 0]);
});
