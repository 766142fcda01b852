import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '@tidewheel/protocol';
import { parseMoment, roughLength, timeText, tookText } from './time-text.ts';

const now = Date.UTC(2026, 10, 21, 0, 15);

test('shows a time relative to now, as ISO 8601 or in local time with its offset', () => {
  assert.equal(timeText(now + 90_000, { style: 'relative', nowMs: now }), 'in 1m30s');
  assert.equal(timeText(now - 7_500_000, { style: 'relative', nowMs: now }), '2h05m ago');
  assert.equal(timeText(now + 400, { style: 'relative', nowMs: now }), 'now');
  assert.equal(timeText(now, { style: 'iso', nowMs: now }), '2026-11-21T00:15:00.000Z');
  assert.equal(timeText(now, { style: 'local', nowMs: now, zone: 'Asia/Shanghai' }), '2026-11-21 08:15:00 GMT+8');
  assert.equal(timeText(null, { style: 'iso', nowMs: now }), '');
});

test('shows lengths in one or two units', () => {
  assert.deepEqual([3_000, 250_000, 1_500_000, 7_500_000, 90_000_000, 864_000_000].map(roughLength), [
    '3s',
    '4m10s',
    '25m',
    '2h05m',
    '1d01h',
    '10d',
  ]);
  assert.deepEqual([7, 1240, 12_340, 125_000].map(tookText), ['7ms', '1.24s', '12.3s', '2m05s']);
});

test('reads moments as ISO 8601, epoch milliseconds or a time ago, and refuses what is not one', () => {
  assert.equal(parseMoment('2026-11-21', now, parseDuration), Date.UTC(2026, 10, 21));
  assert.equal(parseMoment('2026-11-21T08:15+08:00', now, parseDuration), now);
  assert.equal(parseMoment('2026-11-21 00:15:00', now, parseDuration), now);
  assert.equal(parseMoment(String(now), now, parseDuration), now);
  assert.equal(parseMoment('2h', now, parseDuration), now - 7_200_000);
  assert.equal(parseMoment('2026-13-01', now, parseDuration), null);
  assert.equal(parseMoment('yesterday', now, parseDuration), null);
});
