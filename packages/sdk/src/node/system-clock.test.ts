import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from './system-clock.ts';

test('a timer never fires early by the clock that it belongs to, so that two intervals are never less than twice one', async () => {
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 400 }, (_, index) => {
      // Node counts from the time at which its loop went round; what comes before in the same round is taken from the delay.
      const end = systemClock.monotonicMs() + (index % 10 === 0 ? 1 : 0);
      while (systemClock.monotonicMs() < end);
      const at = systemClock.monotonicMs();
      const delayMs = 1 + (index % 20) * 1.3;
      return new Promise<void>((resolve) => {
        systemClock.timer(delayMs, () => {
          const tookMs = systemClock.monotonicMs() - at;
          if (tookMs < delayMs) early.push(tookMs - delayMs);
          resolve();
        });
      });
    }),
  );
  assert.deepEqual(early, []);
});

test('a timer that was canceled does not fire, whether it was to fire at once or later', async () => {
  const fired: number[] = [];
  for (const delayMs of [0, 1, 5]) systemClock.timer(delayMs, () => fired.push(delayMs)).cancel();
  await new Promise<void>((resolve) => systemClock.timer(10, resolve));
  assert.deepEqual(fired, []);
});
