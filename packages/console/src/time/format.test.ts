// Instants and spans read the way operators expect, in every zone and language.

import assert from 'node:assert/strict';
import test from 'node:test';
import { translator } from '../language/catalogue.ts';
import { clockTime, countdown, fullInstant, isZone, relative, shortInstant, span, zoneOffset } from './format.ts';

const en = translator('en');
const zh = translator('zh');
const noon = Date.UTC(2026, 10, 21, 12, 0, 0);

test('an instant of today shows its time, an older one its date, one of another year its year', () => {
  assert.equal(shortInstant(noon - 3_600_000, 'UTC', noon), '11:00:00');
  assert.equal(shortInstant(noon - 86_400_000, 'UTC', noon), '11-20 12:00');
  assert.equal(shortInstant(noon - 366 * 86_400_000, 'UTC', noon), '2025-11-20 12:00');
});

test('today is judged in the zone that is shown', () => {
  const lateEvening = Date.UTC(2026, 10, 21, 16, 30);
  assert.equal(shortInstant(lateEvening, 'UTC', noon), '16:30:00');
  assert.equal(shortInstant(lateEvening, 'Asia/Shanghai', noon), '11-22 00:30');
});

test('the full instant names zone and offset, and milliseconds only when there are any', () => {
  assert.equal(fullInstant(noon + 120, 'Asia/Shanghai'), '2026-11-21 20:00:00.120 Asia/Shanghai (+08:00)');
  assert.equal(fullInstant(noon, 'America/St_Johns'), '2026-11-21 08:30:00 America/St_Johns (−03:30)');
  assert.equal(fullInstant(noon, 'UTC'), '2026-11-21 12:00:00 UTC');
  assert.equal(clockTime(noon + 7, 'UTC'), '12:00:00.007');
});

test('the offset of a zone follows its clock changes', () => {
  assert.equal(zoneOffset(Date.UTC(2026, 9, 25, 0, 59), 'Europe/Berlin'), 7_200_000);
  assert.equal(zoneOffset(Date.UTC(2026, 9, 25, 1, 0), 'Europe/Berlin'), 3_600_000);
  assert.equal(zoneOffset(Date.UTC(2026, 3, 5, 15, 0), 'Australia/Lord_Howe'), 37_800_000);
});

test('a zone that does not exist is told apart from one that does', () => {
  assert.equal(isZone('Europe/Berlin'), true);
  assert.equal(isZone('Mars/Olympus'), false);
});

test('a span has at most two units and no useless zeros', () => {
  const cases: [number, string, string][] = [
    [0, '0 ms', '0 毫秒'],
    [340, '340 ms', '340 毫秒'],
    [1_260, '1.2 s', '1.2 秒'],
    [42_900, '42 s', '42 秒'],
    [60_000, '1 min', '1 分钟'],
    [185_000, '3 min 5 s', '3 分 5 秒'],
    [7_800_000, '2 h 10 min', '2 小时 10 分'],
    [273_600_000, '3 d 4 h', '3 天 4 小时'],
  ];
  for (const [ms, english, chinese] of cases) {
    assert.equal(span(ms, en), english);
    assert.equal(span(ms, zh), chinese);
  }
});

test('a relative time looks both ways', () => {
  assert.equal(relative(noon - 400, noon, en), 'now');
  assert.equal(relative(noon - 95_000, noon, en), '1 min ago');
  assert.equal(relative(noon + 7_200_000, noon, en), 'in 2 h');
  assert.equal(relative(noon - 95_000, noon, zh), '1 分钟前');
});

test('a countdown counts like a clock and stops at zero', () => {
  assert.equal(countdown(noon + 6_100, noon, en), '0:07');
  assert.equal(countdown(noon + 245_000, noon, en), '4:05');
  assert.equal(countdown(noon + 7_449_000, noon, en), '2:04:09');
  assert.equal(countdown(noon + 90_000_000, noon, en), '1 d 1 h');
  assert.equal(countdown(noon - 5_000, noon, en), '0:00');
});
