// Scales are round and rates are honest.

import assert from 'node:assert/strict';
import test from 'node:test';
import { niceTop, rateText } from './scale.ts';

test('the top of the scale is even, round and not below the peak', () => {
  for (const [peak, top] of [
    [0, 2],
    [1, 2],
    [3, 4],
    [5, 6],
    [9, 10],
    [11, 20],
    [70, 80],
    [81, 100],
    [999, 1000],
    [1001, 2000],
  ] as const) {
    assert.equal(niceTop(peak), top);
  }
});

test('a rate is never rounded into perfection or into nothing', () => {
  assert.equal(rateText(0, 0), null);
  assert.equal(rateText(10, 10), '100%');
  assert.equal(rateText(99_999, 100_000), '99.9%');
  assert.equal(rateText(1, 100_000), '0.1%');
  assert.equal(rateText(0, 7), '0%');
  assert.equal(rateText(947, 1000), '94.7%');
});
