import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayedExpectation, type DelayedFire } from './delayed-audit.ts';

const spec = { delay: 100 };
const row = (fireAt: number, endedAt: number | null, outcome: 'fired' | 'skipped' = 'fired'): DelayedFire => ({
  fireAt,
  endedAt,
  outcome,
  reason: null,
  decidedAt: fireAt,
});

/** What is expected of a schedule that began at 0, row by row and after the last. */
function expected(rows: readonly DelayedFire[], through = 1000): { rows: number[]; rest: number[] } {
  const expectation = new DelayedExpectation(spec, 0, 0, 'exactly');
  return { rows: expectation.expected(rows), rest: expectation.rest(through) };
}

test('each time of a fixed delay follows from the end before it', () => {
  assert.deepEqual(expected([row(100, 150), row(250, 260)], 300), { rows: [100, 250], rest: [] });
  assert.deepEqual(expected([row(100, 150), row(250, 260)], 360), { rows: [100, 250], rest: [360] });
});

test('a skip counts from when it was decided', () => {
  assert.deepEqual(expected([row(100, 130, 'skipped'), row(230, 240)], 300).rows, [100, 230]);
});

test('a time that is lost, and one that nobody accounts for, stand out', () => {
  // The second should have come at 250.
  assert.deepEqual(expected([row(100, 150), row(400, 410)], 400).rows, [100, 250]);
  // Nothing is expected of one that came too soon.
  assert.deepEqual(expected([row(100, 150), row(200, 210)], 200).rows, [100]);
});

test('after a run whose end is not known, the next time is believed and none is missed', () => {
  assert.deepEqual(expected([row(100, null), row(777, 800)], 850), { rows: [100, 777], rest: [] });
  assert.deepEqual(expected([row(100, null)], 10_000).rest, []);
});

test('a version that begins when its time has passed begins to count anew', () => {
  assert.deepEqual(new DelayedExpectation(spec, 50, 5000, 'exactly').expected([row(5100, 5150)]), [5100]);
});

test('where an earlier run may have ended later, the first time may come later, but not sooner, and is not missed', () => {
  const expectation = () => new DelayedExpectation(spec, 150, 200, 'at-least');
  assert.deepEqual(expectation().rest(10_000), []);
  assert.deepEqual(expectation().expected([row(250, 260), row(360, 370)]), [250, 360]);
  assert.deepEqual(expectation().expected([row(7000, 7010), row(7200, 7210)]), [7000, 7110]);
  assert.deepEqual(expectation().expected([row(240, 260)]), []);
});
