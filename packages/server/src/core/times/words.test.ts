import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ScheduleInput, scheduleDefinitionSchema } from '@tidewheel/protocol';
import fc from 'fast-check';
import { describeTimes } from './words.ts';

const cases: [schedule: Partial<ScheduleInput>, en: string, zh: string][] = [
  [{ every: '1h' }, 'Every hour', '每小时'],
  [
    { every: '90m', anchor: 0 },
    'Every 1 hour 30 minutes, counted from 1970-01-01 00:00 (UTC)',
    '从 1970-01-01 00:00 起每 1 小时 30 分钟（UTC）',
  ],
  [
    { at: 0, timezone: 'Asia/Shanghai' },
    'Once, at 1970-01-01 08:00 (Asia/Shanghai)',
    '1970-01-01 08:00 一次（Asia/Shanghai）',
  ],
  [{ in: '2d' }, 'Once, 2 days after the schedule is made', '调度计划创建 2 天后一次'],
  [{ delay: '5m' }, '5 minutes after the previous run has ended', '上一次运行结束 5 分钟后'],
  [{ rrule: 'FREQ=DAILY' }, 'Every day at 00:00 (UTC)', '每天，00:00（UTC）'],
  [{ rrule: 'FREQ=HOURLY' }, 'Every hour (UTC)', '每小时（UTC）'],
  [{ rrule: 'FREQ=HOURLY;BYMINUTE=5,35' }, 'Every hour at minutes 5 and 35 (UTC)', '每小时，5、35 分（UTC）'],
  [
    { rrule: 'DTSTART:20260101T093000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10' },
    'Every 2 weeks on Monday and Friday at 09:30, 10 times, from 2026-01-01 09:30 on (UTC)',
    '每 2 周，周一、周五，09:30，共 10 次，从 2026-01-01 09:30 起（UTC）',
  ],
  [
    { rrule: 'FREQ=MONTHLY;BYDAY=2TU,-1FR;BYHOUR=9,17' },
    'Every month on the second Tuesday and the last Friday at 09:00 and 17:00 (UTC)',
    '每月，第 2 个周二、最后一个周五，09:00、17:00（UTC）',
  ],
  [
    { rrule: 'FREQ=MONTHLY;BYMONTHDAY=1,-1;UNTIL=20271231' },
    'Every month on day 1 and the last day of the month at 00:00, until 2027-12-31 (UTC)',
    '每月，当月 1 日、最后一天，00:00，直到 2027-12-31（UTC）',
  ],
  [
    { rrule: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2' },
    'Every month on Monday to Friday at 00:00, of these only the second-to-last in each month (UTC)',
    '每月，周一至周五，00:00，每月只取其中倒数第 2 个（UTC）',
  ],
  [
    { rrule: 'FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO' },
    'Every year in week 20 and the last week of the year on Monday at 00:00 (UTC)',
    '每年，一年中第 20 周、最后一周，周一，00:00（UTC）',
  ],
  [
    { rrule: 'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13' },
    'Every month on day 13 of the month if it is Friday at 00:00 (UTC)',
    '每月，当月 13 日，且为周五，00:00（UTC）',
  ],
  [
    {
      times: [{ every: '7h' }, { every: '1d' }],
      calendar: { exclude: ['a', 'b'], move: 'next' },
      end: '2030-01-01T00:00:00Z',
      count: 5,
      jitter: '30s',
    },
    'Every 7 hours; and every day, not within "a" or "b", otherwise on the next day that remains, not after 2030-01-01 00:00 (UTC), 5 times at most, each run put off by up to 30 seconds',
    '每 7 小时；以及每天，不在“a”或“b”之内，否则顺延到下一个可用日，不晚于 2030-01-01 00:00（UTC），最多 5 次，每次运行随机推迟最多 30 秒',
  ],
];
for (const [schedule, en, zh] of cases) {
  test(`in words: ${JSON.stringify(schedule)}`, () => {
    assert.deepEqual(describeTimes(scheduleDefinitionSchema.parse({ name: 's', ...schedule })), { en, zh });
  });
}

test('a cron expression is said by its own words, with the zone', () => {
  const { en, zh } = describeTimes({ cron: '0 9 * * MON-FRI', timezone: 'Asia/Shanghai' });
  assert.match(en, /09:00.*\(Asia\/Shanghai\)$/);
  assert.match(zh, /09:00.*（Asia\/Shanghai）$/);
});

test('every recurrence rule that is taken is said without an empty or undefined word', () => {
  const numbers = (most: number) => fc.uniqueArray(fc.integer({ min: 1, max: most }), { minLength: 1, maxLength: 8 });
  const rule = fc.record(
    {
      FREQ: fc.constantFrom('YEARLY', 'MONTHLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'),
      INTERVAL: fc.integer({ min: 1, max: 99 }),
      BYMONTH: numbers(12),
      BYMONTHDAY: numbers(31),
      BYHOUR: numbers(23),
      BYMINUTE: numbers(59),
      BYSECOND: numbers(59),
    },
    { requiredKeys: ['FREQ'] },
  );
  fc.assert(
    fc.property(rule, (parts) => {
      const rrule = Object.entries(parts)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(';');
      const { en, zh } = describeTimes({ rrule, timezone: 'UTC' });
      for (const text of [en, zh]) assert.doesNotMatch(text, /undefined|NaN| {2}|,,|，，/, text);
    }),
  );
});
