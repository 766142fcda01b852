import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ComingRange, ComingFiresTally } from './coming-fires.ts';
import { serverLimits } from './limits.ts';
import { compileTimes, nextFireAfter } from './schedule-times.ts';

const minute = 60_000;
const hour = 60 * minute;
const range: ComingRange = { from: 0, to: 24 * hour, bucketMs: hour };
const cron = (expression: string) => compileTimes({ cron: expression, timezone: 'UTC' }, 0);
const every = (ms: number) => compileTimes({ every: ms, timezone: 'UTC' }, 0);
const schedule = { name: 's', job: 'j', cursor: -1, usualMs: 0 };

test('fires fall into the bucket of their time, and the peak is the most on one second', () => {
  const tally = new ComingFiresTally(range);
  tally.add({ ...schedule, times: cron('0 3 * * *') });
  tally.add({ ...schedule, name: 'other', times: cron('0,30 3 * * *') });
  const buckets = tally.buckets(4);
  assert.equal(buckets.length, 24);
  assert.deepEqual([tally.fires, buckets[3]?.fires, buckets[3]?.peak, buckets[4]?.fires], [3, 3, 2, 0]);
});

test('work is what jobs usually take, and a run longer than a bucket loads the next ones too', () => {
  const tally = new ComingFiresTally(range);
  tally.add({ ...schedule, times: cron('0 3 * * *'), usualMs: 2 * hour });
  const buckets = tally.buckets(1);
  assert.deepEqual([buckets[3]?.workMs, buckets[4]?.workMs], [2 * hour, 0]);
  assert.deepEqual(
    buckets.slice(2, 7).map((bucket) => bucket.load),
    [0, 0.5, 1, 0.5, 0],
  );
  assert.equal(tally.buckets(0)[3]?.load, null);
});

test('a bucket names the schedules with the most work, the largest first, and no more than five', () => {
  const tally = new ComingFiresTally(range);
  for (let index = 1; index <= 7; index += 1) {
    tally.add({ ...schedule, name: `s${index}`, times: cron('0 3 * * *'), usualMs: index * 1000 });
  }
  assert.deepEqual(
    tally.buckets(1)[3]?.top.map((row) => row.schedule),
    ['s7', 's6', 's5', 's4', 's3'],
  );
});

test('times that are decided already do not come again', () => {
  const tally = new ComingFiresTally(range);
  tally.add({ ...schedule, cursor: 3 * hour, times: cron('0 * * * *') });
  assert.deepEqual(
    tally.buckets(1).map((bucket) => bucket.fires),
    [...Array.from({ length: 4 }, () => 0), ...Array.from({ length: 20 }, () => 1)],
  );
});

test('a schedule with more fires than are computed is extrapolated, within a percent, and named', () => {
  const tally = new ComingFiresTally(range);
  const computed = tally.add({ ...schedule, times: every(1000) });
  assert.equal(computed, serverLimits.comingTimesOfOne);
  assert.deepEqual(tally.estimated, ['s']);
  assert.ok(Math.abs(tally.fires - 86_400) < 864, `${tally.fires} of 86400`);
  for (const { fires } of tally.buckets(1)) assert.ok(Math.abs(fires - 3600) <= 40, `${fires} of 3600`);
});

test('when the computed times are used up, each further schedule is extrapolated from its first ones', () => {
  const tally = new ComingFiresTally({ from: 0, to: 7 * 24 * hour, bucketMs: hour });
  const schedules = Math.ceil(serverLimits.comingTimes / serverLimits.comingTimesOfOne) + 3;
  for (let index = 0; index < schedules; index += 1)
    tally.add({ ...schedule, name: `s${index}`, times: every(10_000) });
  const exact = schedules * 7 * 24 * 360;
  assert.ok(Math.abs(tally.fires - exact) / exact < 0.01, `${tally.fires} of ${exact}`);
});

test('below the bounds, counts equal a plain walk', () => {
  const interval = fc.integer({ min: 20, max: 5000 }).map((seconds) => every(seconds * 1000));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 5 }), fc.integer({ min: 0, max: 30 * hour }), (all, cursor) => {
      const tally = new ComingFiresTally(range);
      const walked = Array.from({ length: 24 }, () => 0);
      for (const times of all) {
        tally.add({ ...schedule, cursor, times });
        for (let at = nextFireAfter(times, cursor); at !== null && at < range.to; at = nextFireAfter(times, at)) {
          walked[Math.floor(at / hour)] = (walked[Math.floor(at / hour)] ?? 0) + 1;
        }
      }
      assert.deepEqual(
        tally.buckets(1).map((bucket) => bucket.fires),
        walked,
      );
    }),
    { numRuns: 50 },
  );
});
