// Backoff: its bound, its cap and its jitter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { retryDelay } from './retry.ts';

const base = { attempts: 10, initial: 1000, factor: 2, max: 30_000 };

test('without jitter the delay doubles up to its cap', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((failures) => retryDelay({ ...base, jitter: 'none' }, failures, 0.5));
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('with full jitter the delay is below the bound and follows the random number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, fraction) => {
        const bound = retryDelay({ ...base, jitter: 'none' }, failures, 0);
        const delay = retryDelay({ ...base, jitter: 'full' }, failures, fraction);
        assert.ok(delay >= 0 && delay < bound);
        assert.equal(delay, Math.floor(bound * fraction));
      },
    ),
  );
});
