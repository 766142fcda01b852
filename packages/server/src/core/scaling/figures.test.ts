import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wantedFromBacklog, type Backlog, type WorkerShape } from './figures.ts';

const shape: WorkerShape = { slots: 4, waitMs: 10_000, utilisation: 1, min: 0, max: 100 };

function wanted(backlog: Partial<Backlog>, changes: Partial<WorkerShape> = {}): number {
  return wantedFromBacklog({ waitingRuns: 0, waitingWorkMs: 0, runningRuns: 0, ...backlog }, { ...shape, ...changes });
}

test('nothing to do wants the least, which may be none', () => {
  assert.equal(wanted({}), 0);
  assert.equal(wanted({}, { min: 2 }), 2);
});

test('seconds of work over the objective are slots, on top of those that are busy', () => {
  // 60 s of work within 10 s are six slots; two are busy: eight slots, two workers of four.
  assert.equal(wanted({ waitingRuns: 60, waitingWorkMs: 60_000, runningRuns: 2 }), 2);
  assert.equal(wanted({ waitingRuns: 60, waitingWorkMs: 60_000, runningRuns: 3 }), 3);
  assert.equal(wanted({ waitingRuns: 60, waitingWorkMs: 60_000, runningRuns: 2 }, { utilisation: 0.8 }), 3);
});

test('a long run takes one slot, because more would not end it sooner', () => {
  assert.equal(wanted({ waitingRuns: 1, waitingWorkMs: 3_600_000 }), 1);
});

test('a run that waits wakes a pool of none, however short it is', () => {
  assert.equal(wanted({ waitingRuns: 1, waitingWorkMs: 0 }), 1);
});

test('the most is kept', () => {
  assert.equal(wanted({ waitingRuns: 5000, waitingWorkMs: 1e9 }, { max: 7 }), 7);
});

test('more work never wants fewer workers', () => {
  const backlog = fc.record({ waitingRuns: fc.nat(5000), waitingWorkMs: fc.nat(10_000_000), runningRuns: fc.nat(500) });
  fc.assert(
    fc.property(
      backlog,
      fc.constantFrom('waitingRuns', 'waitingWorkMs', 'runningRuns'),
      fc.nat(1000),
      (one, key, more) => {
        assert.ok(wanted({ ...one, [key]: one[key] + more }) >= wanted(one));
      },
    ),
  );
});
