// The naive reading of schedules must itself be beyond doubt: its times are compared with times worked out by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nominalTimes } from './nominal-times.ts';
import { type CronShape, cronText } from './wall-clock-times.ts';

const any = { any: true } as const;
const list = (...values: number[]) => ({ list: values });
const utc = (text: string): number => Date.parse(text);

function times(shape: CronShape, from: string, to: string): string[] {
  const found = nominalTimes({ kind: 'cron', shape }, 0, utc(from), utc(to));
  return found.map((at) => new Date(at).toISOString().slice(5, 19));
}

test('fixed rates count from the anchor, the first one interval after it; one-shots fire once', () => {
  assert.deepEqual(nominalTimes({ kind: 'every', everyMs: 700 }, 100, 0, 2200), [800, 1500, 2200]);
  assert.deepEqual(nominalTimes({ kind: 'every', everyMs: 700 }, 100, 800, 2199), [1500]);
  assert.deepEqual(nominalTimes({ kind: 'in', inMs: 500 }, 100, 0, 600), [600]);
  assert.deepEqual(nominalTimes({ kind: 'at', at: 600 }, 100, 600, 9000), []);
});

test('shapes are written as cron expressions', () => {
  assert.equal(cronText({ zone: 'UTC', second: { every: 7 }, minute: any, hour: any }), '*/7 * * * * *');
  assert.equal(cronText({ zone: 'UTC', second: null, minute: list(5, 10), hour: list(3) }), '5,10 3 * * *');
});

test('steps begin anew with each minute', () => {
  const shape = { zone: 'UTC', second: { every: 25 }, minute: any, hour: any };
  assert.deepEqual(times(shape, '2025-01-15T10:00:10Z', '2025-01-15T10:01:25Z'), [
    '01-15T10:00:25',
    '01-15T10:00:50',
    '01-15T10:01:00',
    '01-15T10:01:25',
  ]);
});

test('a time of day is read on the clock of the zone, also half an hour off', () => {
  const at = (zone: string) => ({ zone, second: null, minute: list(30), hour: list(16) });
  const window = ['2025-01-15T00:00:00Z', '2025-01-16T00:00:00Z'] as const;
  assert.deepEqual(times(at('Asia/Kolkata'), ...window), ['01-15T11:00:00']);
  assert.deepEqual(times(at('America/New_York'), ...window), ['01-15T21:30:00']);
});

test('what follows the wall clock does not occur in a gap and occurs twice in a repeated hour', () => {
  const shape = { zone: 'Europe/Berlin', second: null, minute: { every: 30 }, hour: list(2) };
  assert.deepEqual(times(shape, '2025-03-29T23:00:00Z', '2025-03-30T06:00:00Z'), []);
  assert.deepEqual(times(shape, '2025-10-25T23:00:00Z', '2025-10-26T06:00:00Z'), [
    '10-26T00:00:00',
    '10-26T00:30:00',
    '10-26T01:00:00',
    '10-26T01:30:00',
  ]);
});

test('one time a day stays one: after the gap when it falls into it, the first of two when it is repeated', () => {
  const daily = (zone: string, hour: number, minute: number) => ({
    zone,
    second: null,
    minute: list(minute),
    hour: list(hour),
  });
  const berlin = daily('Europe/Berlin', 2, 30);
  assert.deepEqual(times(berlin, '2025-03-29T12:00:00Z', '2025-03-30T12:00:00Z'), ['03-30T01:00:00']);
  assert.deepEqual(times(berlin, '2025-10-25T12:00:00Z', '2025-10-26T12:00:00Z'), ['10-26T00:30:00']);
  // Lord Howe moves by half an hour: 02:00 to 02:30 in October, back in April.
  const howe = daily('Australia/Lord_Howe', 2, 15);
  assert.deepEqual(times(howe, '2025-10-04T12:00:00Z', '2025-10-05T12:00:00Z'), ['10-04T15:30:00']);
  const april = daily('Australia/Lord_Howe', 1, 45);
  assert.deepEqual(times(april, '2025-04-05T12:00:00Z', '2025-04-06T12:00:00Z'), ['04-05T14:45:00']);
});
