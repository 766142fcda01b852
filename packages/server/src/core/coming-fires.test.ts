import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ComingRange, ComingFiresTally } from './coming-fires.ts';
import { serverLimits } from './limits.ts';
import { compileTimes, nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

const minute = 60_000;
const hour = 60 * minute;
const range: ComingRange = { from: 0, to: 24 * hour, bucketMs: hour };
const cron = (expression: string) => compileTimes({ cron: expression, timezone: 'UTC' }, 0);
const every = (ms: number) => compileTimes({ every: ms, timezone: 'UTC' }, 0);
const schedule = { name: 's', job: 'j', cursor: -1, usualMs: 0 };

function walked(times: ScheduleTimes, { from, to, bucketMs }: ComingRange): number[] {
  const counts = Array.from({ length: (to - from) / bucketMs }, () => 0);
  for (let at = nextFireAfter(times, from - 1); at !== null && at < to; at = nextFireAfter(times, at)) {
    const index = Math.floor((at - from) / bucketMs);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

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
  // Those counted, and two of each bucket after them.
  const most = serverLimits.comingTimesOfOne + 2 * 24;
  assert.ok(computed >= serverLimits.comingTimesOfOne && computed <= most, `${computed}`);
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

test('of a schedule that is extrapolated, mornings stay peaks and nights stay empty', () => {
  const week = { from: 0, to: 7 * 24 * hour, bucketMs: hour };
  const shapes = {
    s: '*/2 * 8-17 * * *',
    morning: '* * 9 * * *',
    minute: '* 0 * * * *',
    weekdays: '*/5 * 9-10 * * MON-FRI',
  };
  for (const [name, expression] of Object.entries(shapes)) {
    const times = cron(expression);
    const tally = new ComingFiresTally(week);
    tally.add({ ...schedule, name, times });
    assert.deepEqual(tally.estimated, serverLimits.comingTimesOfOne < tally.fires ? [name] : []);
    assert.deepEqual(
      tally.buckets(1).map(({ fires }) => fires),
      walked(times, week),
      expression,
    );
  }
  // Of little that is counted, too: twenty times of each, when the others have used up all.
  const tally = new ComingFiresTally(week);
  for (let used = 0; used < serverLimits.comingTimes; used += serverLimits.comingTimesOfOne) {
    tally.add({ ...schedule, name: `u${used}`, times: every(20_000) });
  }
  const before = tally.buckets(1).map(({ fires }) => fires);
  const late = cron('*/5 9-10 * * *');
  assert.ok(tally.add({ ...schedule, name: 'late', times: late }) < 100);
  assert.ok(tally.estimated.includes('late'));
  const added = tally.buckets(1).map(({ fires }, index) => fires - (before[index] ?? 0));
  assert.deepEqual(added, walked(late, week));
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
