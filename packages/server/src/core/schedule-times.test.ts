import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scheduleDefinitionSchema } from '@tidewheel/protocol';
import { compileTimes, nextFireAfter, previewFires } from './schedule-times.ts';

const anchor = Date.UTC(2026, 0, 1) + 123;
const compile = (schedule: object) => compileTimes(scheduleDefinitionSchema.parse({ name: 's', ...schedule }), anchor);

test('a fixed rate counts from its anchor, first after one interval', () => {
  assert.deepEqual(previewFires(compile({ every: '10s' }), anchor - 1_000_000, 3), [
    anchor + 10_000,
    anchor + 20_000,
    anchor + 30_000,
  ]);
  assert.equal(nextFireAfter(compile({ every: '10s' }), anchor + 10_000), anchor + 20_000);
  assert.equal(nextFireAfter(compile({ every: '10s' }), anchor + 9_999), anchor + 10_000);
});

test('in fires once, that long after the anchor', () => {
  assert.deepEqual(previewFires(compile({ in: '10s' }), anchor, 5), [anchor + 10_000]);
  assert.equal(nextFireAfter(compile({ in: '10s' }), anchor + 10_000), null);
});

test('at takes an instant with its offset, or milliseconds', () => {
  const at = Date.parse('2026-03-01T08:00:00+08:00');
  assert.deepEqual(previewFires(compile({ at: '2026-03-01T08:00:00+08:00' }), 0, 5), [at]);
  assert.deepEqual(previewFires(compile({ at }), 0, 5), [at]);
});

test('a preview of cron has the times in order', () => {
  assert.deepEqual(
    previewFires(compile({ cron: '0 9 * * *', timezone: 'Asia/Shanghai' }), Date.UTC(2026, 0, 1), 2).map((at) =>
      new Date(at).toISOString(),
    ),
    ['2026-01-01T01:00:00.000Z', '2026-01-02T01:00:00.000Z'],
  );
});

test('the next time of a fixed rate is later than asked and the first such', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 10_000_000 }), fc.integer({ min: -1e9, max: 1e12 }), (every, offset) => {
      const next = nextFireAfter(compile({ every }), anchor + offset);
      assert.ok(next !== null && next > anchor + offset && next > anchor);
      assert.equal((next - anchor) % every, 0);
      assert.ok(next - every <= anchor + offset || next === anchor + every);
    }),
  );
});
