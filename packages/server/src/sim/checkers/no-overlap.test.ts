import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execution, facts, kept, row } from './flawless-history.ts';
import { noOverlap } from './no-overlap.ts';

/** A worker that was cut off at 11.5 s from an attempt which was given away at 11 s. */
function overlapping(
  pauses: { from: number; to: number }[],
  clockAhead: { at: number; byMs: number } | null,
): string[] {
  const evidence = kept();
  const lost = facts({ attempt: 1, lastAttemptId: 'a1', lastOutcome: 'lost', finishedAttempts: 1 });
  evidence.history.splice(5, 0, row(11_000, 'run~', 'r1', { after: lost }));
  evidence.truth.executions.splice(0, 1, execution({ end: null, cutOffAt: 11_500 }));
  if (clockAhead !== null) evidence.clock.step(clockAhead.at, clockAhead.byMs);
  return noOverlap.check({ ...evidence, pauses: new Map([['worker-1', pauses]]) });
}

test('a worker that hangs before its pause is over has stood still all the time, one that woke in between has not', () => {
  const hang = { from: 11_100, to: 11_500 };
  assert.deepEqual(overlapping([hang, { from: 10_900, to: 11_200 }], null), []);
  assert.equal(overlapping([hang, { from: 10_900, to: 11_050 }], null).length, 1);
});

test('a worker that was paused when the time was over that the store jumped ahead stops as it wakes', () => {
  const paused = [{ from: 11_200, to: 11_500 }];
  assert.deepEqual(overlapping(paused, { at: 10_900, byMs: 300 }), []);
  assert.equal(overlapping(paused, { at: 10_900, byMs: 100 }).length, 1);
  assert.equal(overlapping([], { at: 10_900, byMs: 300 }).length, 1);
});
