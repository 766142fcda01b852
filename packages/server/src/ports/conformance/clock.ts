// What any Clock must do. `advance` lets so much of its time pass: for a clock of tests by moving it, for the real one by waiting.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { type Clock, sleep } from '../clock.ts';

export interface ClockSetup {
  readonly clock: Clock;
  advance(ms: number): Promise<void>;
}

export function testClock(name: string, open: () => ClockSetup): void {
  describe(`clock: ${name}`, { timeout: 30_000 }, () => {
    test('monotonic time never goes back and wall time is milliseconds since 1970', async () => {
      const { clock, advance } = open();
      const before = clock.monotonicMs();
      assert.ok(clock.wallMs() > Date.UTC(2020, 0));
      await advance(5);
      const passed = clock.monotonicMs() - before;
      assert.ok(passed >= 5, `${passed} ms`);
    });

    test('a timer fires once, not before its time, and may be canceled afterwards', async () => {
      const { clock, advance } = open();
      const armedAt = clock.monotonicMs();
      const firedAt: number[] = [];
      const timer = clock.timer(3.5, () => firedAt.push(clock.monotonicMs()));
      assert.deepEqual(firedAt, []);
      await advance(20);
      timer.cancel();
      assert.equal(firedAt.length, 1);
      assert.ok((firedAt[0] ?? 0) - armedAt >= 3.5, `${firedAt[0]} after ${armedAt}`);
    });

    test('a canceled timer does not fire, canceling twice is harmless', async () => {
      const { clock, advance } = open();
      let fired = 0;
      const timer = clock.timer(2, () => {
        fired += 1;
      });
      timer.cancel();
      timer.cancel();
      await advance(10);
      assert.equal(fired, 0);
    });

    test('timers fire in the order of their time', async () => {
      const { clock, advance } = open();
      const fired: string[] = [];
      clock.timer(12, () => fired.push('late'));
      clock.timer(1, () => fired.push('early'));
      clock.timer(6, () => fired.push('between'), { background: true });
      await advance(30);
      assert.deepEqual(fired, ['early', 'between', 'late']);
    });

    test('no delay and a negative one mean soon, but never within the call', async () => {
      const { clock, advance } = open();
      let fired = 0;
      for (const delay of [0, -5, Number.NEGATIVE_INFINITY]) {
        clock.timer(delay, () => {
          fired += 1;
        });
      }
      assert.equal(fired, 0);
      await advance(5);
      assert.equal(fired, 3);
    });

    test('a delay of years does not fire at once', async () => {
      const { clock, advance } = open();
      const timer = clock.timer(100 * 365 * 86_400_000, () => assert.fail('fired'));
      await advance(10);
      timer.cancel();
    });

    test('sleep lasts as long as it says', async () => {
      const { clock, advance } = open();
      const before = clock.monotonicMs();
      const sleeping = sleep(clock, 4).then(() => clock.monotonicMs() - before);
      await advance(20);
      assert.ok((await sleeping) >= 4);
    });
  });
}
