import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs, followForMs, keepAfterMs, standingOf, storeIsSilent, storeSilenceMs } from './leadership.ts';
import { leaseTiming, trustedUntil, trustRenewed } from './lease.ts';

test('trust ends before the lease does, counted from the start of the call', () => {
  assert.equal(trustedUntil(1000, 6000), 6000);
  assert.equal(standingOf({ trustedUntilMs: 6000, storeSeenMs: 0 }, 5999), 'trusted');
  assert.equal(standingOf({ trustedUntilMs: 6000, storeSeenMs: 0 }, 6000), 'until-fenced');
});

test('a renewal that is answered late does not shorten what a later one has given', () => {
  assert.equal(trustRenewed(trustedUntil(2000, 6000), 1000, 6000), trustedUntil(2000, 6000));
});

test('two renewals in a row may fail before trust ends', () => {
  for (const ttlMs of [2000, 3000, 4500, 15_000]) {
    const { renewEveryMs, callTimeoutMs, marginMs } = leaseTiming(ttlMs);
    assert.ok(callTimeoutMs < renewEveryMs);
    assert.ok(renewEveryMs + 2 * callTimeoutMs + marginMs <= ttlMs + 1e-9);
  }
});

test('the store is silent three seconds after the last call that it answered', () => {
  const leading = { trustedUntilMs: 0, storeSeenMs: 500 };
  assert.equal(storeIsSilent(leading, 500 + storeSilenceMs - 1), false);
  assert.equal(storeIsSilent(leading, 500 + storeSilenceMs), true);
});

test('a leader looks again for its renewal, or sooner when the store may be silent by then', () => {
  assert.equal(keepAfterMs({ trustedUntilMs: 0, storeSeenMs: 1000 }, 1000, 1200, 1500), 1300);
  assert.equal(keepAfterMs({ trustedUntilMs: 0, storeSeenMs: -1000 }, 1000, 1200, 1500), 800);
  assert.equal(keepAfterMs({ trustedUntilMs: 0, storeSeenMs: -9000 }, 1000, 1200, 1500), 0);
});

test('a follower waits for the rest of the lease, never longer than one, and not at the same moment as others', () => {
  assert.equal(followForMs(2000, 4500, 0), 2000);
  assert.equal(followForMs(9_999_999, 4500, 0), 4500);
  assert.equal(followForMs(-5, 4500, 0), 0);
  assert.equal(followForMs(null, 4500, 0), 4500);
  assert.ok(followForMs(2000, 4500, 0.9) > 2000);
});

test('who resigned because of itself stands back, who only lost its lease may stand again at once', () => {
  assert.ok(backOffMs('store-silent', 0) > 0 && backOffMs('stepped-down', 0) > 0);
  assert.equal(backOffMs('lease-lost', 0), 0);
});
