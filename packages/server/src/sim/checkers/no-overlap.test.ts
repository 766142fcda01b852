import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execution, facts, kept, row } from './flawless-history.ts';
import { noOverlap } from './no-overlap.ts';

test('a worker that hangs before its pause is over has stood still all the time, one that woke in between has not', () => {
  const after = (pauses: { from: number; to: number }[]): string[] => {
    const evidence = kept();
    const lost = facts({ attempt: 1, lastAttemptId: 'a1', lastOutcome: 'lost', finishedAttempts: 1 });
    evidence.history.splice(5, 0, row(11_000, 'run~', 'r1', { after: lost }));
    evidence.truth.executions.splice(0, 1, execution({ end: null, cutOffAt: 11_500 }));
    return noOverlap.check({ ...evidence, pauses: new Map([['worker-1', pauses]]) });
  };
  const hang = { from: 11_100, to: 11_500 };
  assert.deepEqual(after([hang, { from: 10_900, to: 11_200 }]), []);
  assert.equal(after([hang, { from: 10_900, to: 11_050 }]).length, 1);
});
