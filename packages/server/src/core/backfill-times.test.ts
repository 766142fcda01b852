import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleDefinitionSchema } from '@tidewheel/protocol';
import fc from 'fast-check';
import { backfillTimes, countTimes, lastTimes, Pace, timeBefore } from './backfill-times.ts';
import { compileTimes, nextFireAfter, type ScheduleTimes } from './schedule-times.ts';

const timesOf = (spec: object): ScheduleTimes =>
  compileTimes(scheduleDefinitionSchema.parse({ name: 's', ...spec }), 0);
const crons = ['* * * * *', '0 * * * *', '*/7 9-17 * * 1-5', '0 0 1 * *', '30 2 29 2 *', '*/5 * * * * *', '0 12 * * 0'];
const start = Date.parse('2024-01-01T00:00:00Z');
const day = 86_400_000;

function naive(times: ScheduleTimes, from: number, to: number): number[] {
  const found: number[] = [];
  for (let next = nextFireAfter(times, from - 1); next !== null && next < to; next = nextFireAfter(times, next))
    found.push(next);
  return found;
}

test('whatever the pieces and the order, a range gives each of its times once', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...crons),
      fc.integer({ min: 0, max: 400 * day }),
      fc.integer({ min: 0, max: day }),
      fc.integer({ min: 1, max: 700 }),
      fc.boolean(),
      (cron, offset, length, piece, newestFirst) => {
        const times = timesOf({ cron, timezone: 'Europe/Berlin' });
        const range = { from: start + offset, to: start + offset + length, newestFirst };
        const all: number[] = [];
        for (let position: number | null = null; ; ) {
          const next = backfillTimes(times, range, position, piece);
          all.push(...next);
          if (next.length < piece) break;
          position = next.at(-1) ?? null;
        }
        const expected = naive(times, range.from, range.to);
        assert.deepEqual(all, newestFirst ? expected.toReversed() : expected);
      },
    ),
    { numRuns: 200 },
  );
});

test('counting in pieces counts each time once', () => {
  fc.assert(
    fc.property(fc.constantFrom(...crons), fc.integer({ min: 1, max: 50 }), (cron, piece) => {
      const times = timesOf({ cron });
      const to = start + day / 4;
      let count = 0;
      for (let after: number | null = start - 1; after !== null; ) {
        const counted = countTimes(times, after, to, piece);
        assert.ok(counted.count <= piece);
        count += counted.count;
        after = counted.last;
      }
      assert.equal(count, naive(times, start, to).length);
    }),
  );
});

test('the time before one is found over years, and is none when there was none', () => {
  assert.equal(
    timeBefore(timesOf({ cron: '0 0 29 2 *' }), Date.parse('2028-02-29T00:00:00Z')),
    Date.parse('2024-02-29T00:00:00Z'),
  );
  assert.equal(timeBefore(timesOf({ every: '1h' }), 3_600_000), null);
  assert.equal(timeBefore(timesOf({ every: '1h' }), 7_200_000), 3_600_000);
});

test('the last times before a moment are found where they are dense in one hour of the year', () => {
  const christmas = timesOf({ cron: '* * 0 25 12 *' });
  const last = Date.parse('2023-12-25T00:59:59Z');
  const found = lastTimes(christmas, start - 20 * 366 * day, start, 3601);
  assert.deepEqual(found.slice(0, 2), [last, last - 1000]);
  assert.equal(found.at(-1), Date.parse('2022-12-25T00:59:59Z'));
});

test('a rate makes so many a minute whatever the looks, and a pause saves up a second at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60_000 }), fc.array(fc.integer({ min: 1, max: 900 })), (rate, gaps) => {
      let nextRunAt = start;
      let now = start;
      let made = 0;
      for (const gap of gaps) {
        now += gap;
        const pace = new Pace(rate, nextRunAt, now, 10_000);
        made += pace.allowed;
        nextRunAt = pace.after(pace.allowed);
      }
      // Moments are whole milliseconds: each look may round by half of one.
      const exact = ((now - start) * rate) / 60_000 + 1;
      const rounding = 1 + (gaps.length * rate) / 120_000;
      assert.ok(made <= exact + rounding, `${made} of ${exact}`);
      assert.ok(gaps.length === 0 || made >= Math.floor(exact) - rounding - rate / 60_000, `${made} of ${exact}`);
    }),
  );
  const late = new Pace(600, start, start + 3_600_000, 10_000);
  assert.equal(late.allowed, 11);
  assert.equal(new Pace(null, start, start, 7).allowed, 7);
});
