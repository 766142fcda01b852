import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DstRules } from '@tidewheel/protocol';
import { type CronWarning, lintCron } from './lint.ts';
import { parseCron } from './parse.ts';

const from = Date.parse('2026-11-21T00:00Z');
const lint = (expression: string, timezone = 'UTC', dst?: DstRules): CronWarning[] =>
  lintCron(parseCron(expression, timezone, { dst }), from);

const suspicious: [expression: string, zone: string, code: string, fact: RegExp, dst?: DstRules][] = [
  ['0 0 0 1 1 ? 2020', 'UTC', 'never', /never fires after 2026-11-21/],
  ['0 */5 2 14 3 ? 2027', 'America/New_York', 'never', /never fires/],
  ['0 0 31 * *', 'UTC', 'missing-days', /Day 31 does not exist in month 2, 4, 6, 9, 11/],
  ['0 0 1,30 * *', 'UTC', 'missing-days', /Day 30 does not exist in month 2;/],
  ['0 0 29 2 *', 'UTC', 'missing-days', /Day 29 .* except in leap years.* next on 2028-02-29/],
  ['0 0 * * 5#5', 'UTC', 'missing-days', /fifth such weekday/],
  ['0 0 13 * FRI', 'UTC', 'either-day', /either is enough; \+ before the weekday/],
  ['*/7 * * * *', 'UTC', 'uneven-step', /each hour: after minute 56 it fires again 4 later, not 7/],
  ['0 */5 * * *', 'UTC', 'uneven-step', /each day: after hour 20 it fires again 4 later, not 5/],
  ['0 0 */2 * *', 'UTC', 'uneven-step', /first of each month/],
  ['*/60 * * * *', 'UTC', 'idle-step', /is only 0/],
  ['* 9 * * *', 'UTC', 'every-minute', /write 0 as the minute/],
  ['* 0 9 * * *', 'UTC', 'every-second', /write 0 as the first field/],
  ['30 2 * * *', 'America/New_York', 'clock-gap', /2027-03-14 .* 02:00 to 03:00: 02:30 .* fires at 03:00 instead/],
  ['30 2 * * *', 'America/New_York', 'clock-gap', /02:30 .* fires at 01:59 instead/, { gap: 'before' }],
  ['30 2 * * *', 'America/New_York', 'clock-gap', /02:30 .* does not fire/, { gap: 'skip' }],
  ['*/15 2 * * *', 'America/New_York', 'clock-gap', /2027-03-14 .* does not fire/],
  ['*/30 1 * * *', 'America/New_York', 'clock-repeat', /2027-11-07 .* 01:00 occurs twice, and it fires both times/],
  ['30 1 * * *', 'America/New_York', 'clock-repeat', /01:30 occurs twice/, { overlap: 'both' }],
  ['15 2 * * *', 'Australia/Lord_Howe', 'clock-gap', /2027-10-03 .* 02:00 to 02:30: 02:15 .* fires at 02:30 instead/],
  ['0 0 * * *', 'Africa/Cairo', 'clock-gap', /2027-04-30 .* 00:00 to 01:00/],
];
for (const [expression, zone, code, fact, dst] of suspicious) {
  test(`"${expression}" in ${zone} with ${JSON.stringify(dst ?? {})} is told of as ${code}: ${fact.source}`, () => {
    const found = lint(expression, zone, dst).filter((warning) => warning.code === code);
    assert.equal(found.length, 1);
    assert.match(found[0]?.en ?? '', fact);
    assert.match(found[0]?.zh ?? '', /[\u4e00-\u9fff].*。$/);
  });
}

test('what is usual is not told of', () => {
  for (const zone of ['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York']) {
    for (const expression of [
      '* * * * *',
      '*/15 * * * *',
      '0 9 * * MON-FRI',
      '0 0 1 * *',
      '0 0 L * *',
      '*/10 * * * * *',
      '@daily',
      '0 4 28-31 3 *',
      '0 */6 * * *',
      'H H * * *',
    ]) {
      assert.deepEqual(lint(expression, zone), [], `${expression} in ${zone}`);
    }
  }
  assert.deepEqual(lint('30 1 * * *', 'America/New_York'), []);
  assert.deepEqual(
    lint('*/15 2 * * *', 'America/New_York', { overlap: 'first' }).map(({ code }) => code),
    ['clock-gap'],
  );
});
