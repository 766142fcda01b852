import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from './archive-days.ts';
import { fullIn, growthPerDay, levelOf, spaceOf } from './store-growth.ts';

const gib = 2 ** 30;
const reserve = { reserveBytes: gib };

test('free is what ends first: the budget or the disk', () => {
  assert.deepEqual(spaceOf(3, 10, { budgetBytes: 5 }), { usedBytes: 3, freeBytes: 2, freeOf: 'budget' });
  assert.deepEqual(spaceOf(3, 1, { budgetBytes: 5 }), { usedBytes: 3, freeBytes: 1, freeOf: 'disk' });
  assert.deepEqual(spaceOf(9, null, { budgetBytes: 5 }), { usedBytes: 9, freeBytes: 0, freeOf: 'budget' });
  assert.deepEqual(spaceOf(3, null, { budgetBytes: null }), { usedBytes: 3, freeBytes: null, freeOf: null });
});

test('the level rises at once and falls only with some room more', () => {
  const free = (freeBytes: number) => ({ usedBytes: 0, freeBytes, freeOf: 'disk' as const });
  assert.equal(levelOf(free(5 * gib), reserve, 'ok'), 'ok');
  assert.equal(levelOf(free(4 * gib - 1), reserve, 'ok'), 'filling');
  assert.equal(levelOf(free(gib - 1), reserve, 'ok'), 'full');
  assert.equal(levelOf(free(1.05 * gib), reserve, 'full'), 'full');
  assert.equal(levelOf(free(1.2 * gib), reserve, 'full'), 'filling');
  assert.equal(levelOf(free(4.2 * gib), reserve, 'filling'), 'filling');
  assert.equal(levelOf(free(4.5 * gib), reserve, 'filling'), 'ok');
  assert.equal(levelOf({ usedBytes: 1, freeBytes: null, freeOf: null }, reserve, 'full'), 'ok');
});

test('growth is the slope through all that was measured, teeth or not', () => {
  const samples = Array.from({ length: 48 }, (_, hour) => ({
    at: hour * 3_600_000,
    usedBytes: 100 * gib + hour * (gib / 24) + (hour % 2 === 0 ? 1000 : -1000),
  }));
  const perDay = growthPerDay(samples) ?? 0;
  assert.ok(Math.abs(perDay - gib) < gib / 1000, String(perDay));
  assert.equal(growthPerDay(samples.slice(0, 1)), null);
  assert.equal(
    growthPerDay([
      { at: 0, usedBytes: 0 },
      { at: 60_000, usedBytes: 9 },
    ]),
    null,
  );
});

test('the forecast is when the reserve is reached, and there is none where nothing grows', () => {
  const space = { usedBytes: 0, freeBytes: 11 * gib, freeOf: 'disk' as const };
  assert.equal(fullIn(space, reserve, 2 * gib), 5 * dayMs);
  assert.equal(fullIn({ ...space, freeBytes: 0 }, reserve, 1), 0);
  assert.equal(fullIn(space, reserve, -1), null);
  assert.equal(fullIn(space, reserve, null), null);
  assert.equal(fullIn(space, reserve, 1), null);
});
