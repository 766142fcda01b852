import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Lease, leaseMarginMs } from './lease.ts';
import { workerLimits } from './worker-limits.ts';

const ttlMs = 15_000;

test('trust runs from the hello, and from the first sending of an answered nonce', () => {
  const lease = new Lease();
  assert.equal(lease.expired(Infinity), false, 'no lease, nothing to lose');
  lease.welcomed(ttlMs, 'n0', 100);
  assert.equal(lease.deadline, 100 + ttlMs - leaseMarginMs(ttlMs));
  assert.equal(lease.sending(1000), 'n0');
  assert.equal(lease.sending(4000), 'n0');
  assert.equal(lease.waitingMs(4500), 3500);
  assert.equal(lease.acknowledged('n1'), true);
  assert.equal(lease.deadline, 1000 + ttlMs - leaseMarginMs(ttlMs));
  assert.equal(lease.acknowledged('n2'), false, 'nothing was asked');
});

test('a short lease keeps half of itself as the margin', () => {
  const lease = new Lease();
  lease.welcomed(2000, 'n0', 0);
  assert.equal(lease.deadline, 1000);
});

test('by a clock that goes a tenth too slow all attempts are dead before the master may give them away', () => {
  const { abandonGraceMs, abandonKillMs } = workerLimits;
  for (let ttl = 4000; ttl <= 600_000; ttl += 500) {
    const lease = new Lease();
    lease.welcomed(ttl, 'n0', 0);
    const deadByItsClock = (lease.deadline ?? Infinity) + abandonGraceMs + abandonKillMs;
    assert.ok(deadByItsClock / 0.9 <= ttl + 1e-6, `${ttl} ms`);
  }
});

test('whatever the network delays, repeats or loses, the worker never trusts a lease longer than the master grants it', () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 4000 }),
    requestArrives: fc.boolean(),
    answerArrives: fc.boolean(),
    repeat: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lease = new Lease();
      let now = 0;
      let expected = 'n0';
      let grantedUntil = ttlMs;
      const answers = ['n0'];
      lease.welcomed(ttlMs, expected, now);
      steps.forEach(({ waitMs, requestArrives, answerArrives, repeat }, index) => {
        now += waitMs;
        const nonce = lease.sending(now);
        if (requestArrives && nonce === expected && now < grantedUntil) {
          grantedUntil = now + ttlMs;
          expected = `n${index + 1}`;
          answers.push(expected);
        }
        if (answerArrives) lease.acknowledged(answers.at(-1) ?? '');
        const old = answers.at(-1 - repeat);
        if (old !== undefined) lease.acknowledged(old);
        assert.ok((lease.deadline ?? 0) <= grantedUntil - leaseMarginMs(ttlMs));
      });
    }),
    { numRuns: 500 },
  );
});
