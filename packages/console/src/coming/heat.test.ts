// Coming fires fall into rows and columns of the reader's zone.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ComingBucket } from '@tidewheel/protocol';
import { heatOf, heatRows, isCrowded, scaleOf, topSchedules } from './heat.ts';

const hour = 3_600_000;
const bucket = (at: number, fires: number, more: Partial<ComingBucket> = {}): ComingBucket => ({
  at,
  fires,
  peak: 1,
  workMs: 0,
  load: null,
  top: [],
  ...more,
});

test('a week is days by hours, each day of the zone a row', () => {
  const from = Date.UTC(2026, 10, 21, 22);
  const rows = heatRows(
    [0, 1, 2, 3].map((n) => bucket(from + n * hour, n)),
    '7d',
    'Europe/Berlin',
  );
  assert.deepEqual(
    rows.map(({ name, cells }) => [name, cells.flatMap((cell, index) => (cell === null ? [] : [index]))]),
    [
      ['2026-11-21', [23]],
      ['2026-11-22', [0, 1, 2]],
    ],
  );
});

test('a day is hours by five minutes', () => {
  const from = Date.UTC(2026, 10, 21, 10, 50);
  const rows = heatRows(
    [0, 1, 2, 3].map((n) => bucket(from + n * 300_000, n)),
    '24h',
    'UTC',
  );
  assert.deepEqual(
    rows.map(({ name, cells }) => [name, cells.flatMap((cell, index) => (cell === null ? [] : [index]))]),
    [
      ['10:00', [10, 11]],
      ['11:00', [0, 1]],
    ],
  );
});

test('of an hour that the clock shows twice, the busier one is shown', () => {
  const first = Date.UTC(2026, 9, 25, 0);
  const [row] = heatRows([bucket(first, 7), bucket(first + hour, 3)], '7d', 'Europe/Berlin');
  assert.equal(row?.cells[2]?.fires, 7);
});

const heats = (...fires: number[]) => {
  const scale = scaleOf(fires.map((one) => ({ fires: one })));
  return fires.map((one) => heatOf(one, scale));
};

test('any fire gives some heat, the most the greatest', () => {
  assert.deepEqual(heats(0, 1, 50, 100), [0, 1, 3, 5]);
  assert.deepEqual(
    [null, 0.9, 1.2].map((load) => isCrowded(bucket(0, 1, { load }))),
    [false, false, true],
  );
});

test('what always comes is cool, what stands out of it hot, and what hardly differs looks alike', () => {
  assert.deepEqual(heats(300, 300, 310, 300, 600), [1, 1, 1, 1, 5]);
  assert.deepEqual(heats(300, 300, 310), [1, 1, 1]);
});

test('schedules are summed over all buckets and ordered by their work', () => {
  const top = (schedule: string, fires: number, workMs: number) => ({ schedule, job: 'j', fires, workMs });
  const buckets = [
    bucket(0, 5, { top: [top('a', 3, 30), top('b', 2, 20)] }),
    bucket(1, 5, { top: [top('b', 2, 20), top('c', 1, 1)] }),
  ];
  assert.deepEqual(
    topSchedules({ buckets }, 2).map((one) => [one.schedule, one.fires, one.workMs]),
    [
      ['b', 4, 40],
      ['a', 3, 30],
    ],
  );
});
