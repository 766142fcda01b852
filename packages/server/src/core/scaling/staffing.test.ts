import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotsForStream } from './staffing.ts';

test('the numbers are those of the formula of Erlang', () => {
  // Two slots for one run at a time: a third of the runs wait, and half of an average length on it: 1/3 × e^(-t/length).
  assert.equal(slotsForStream({ offered: 1, runMs: 1000 }, 1892, 0.949), 2);
  assert.equal(slotsForStream({ offered: 1, runMs: 1000 }, 1892, 0.95), 3);
  // Published tables: 20 offered and 24 slots, 0.2981 wait.
  assert.equal(slotsForStream({ offered: 20, runMs: 1000 }, 0, 0.7), 24);
  assert.equal(slotsForStream({ offered: 20, runMs: 1000 }, 0, 0.71), 25);
});

test('a small stream needs more room than its share of a large one, and patience needs less', () => {
  const slots = (offered: number, waitMs = 1000) => slotsForStream({ offered, runMs: 10_000 }, waitMs, 0.95) / offered;
  assert.ok(slots(1) > slots(10) && slots(10) > slots(100) && slots(100) > slots(1000));
  assert.ok(slots(10, 10_000) < slots(10, 0));
  assert.equal(slotsForStream({ offered: 0, runMs: 1 }, 0, 0.95), 0);
});
