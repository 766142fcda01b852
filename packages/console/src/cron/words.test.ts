// Common cron patterns are said in words; whatever could be said wrongly is left as the expression.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cronWords } from './words.ts';

const spoken: [expression: string, english: string, chinese: string][] = [
  ['* * * * * *', 'Every second', '每秒'],
  ['*/5 * * * * *', 'Every 5 seconds', '每 5 秒'],
  ['* * * * *', 'Every minute', '每分钟'],
  ['*/15 * * * *', 'Every 15 minutes', '每 15 分钟'],
  ['30 */5 * * * *', 'Every 5 minutes at second 30', '每 5 分钟的第 30 秒'],
  ['0 * * * *', 'Every hour', '每小时'],
  ['@hourly', 'Every hour', '每小时'],
  ['5 * * * *', 'Every hour at :05', '每小时的第 5 分'],
  ['0 */6 * * *', 'Every 6 hours', '每 6 小时'],
  [
    '*/10 9-17 * * 1-5',
    'Every 10 minutes from 09:00 to 17:59, Monday to Friday',
    '周一至周五，09:00 至 17:59 每 10 分钟',
  ],
  ['0 3 * * *', 'Every day at 03:00', '每天 03:00'],
  ['15 30 3 * * *', 'Every day at 03:30:15', '每天 03:30:15'],
  ['0 8,20 * * *', 'Every day at 08:00 and 20:00', '每天 08:00、20:00'],
  ['30 9 * * MON-FRI', 'Monday to Friday at 09:30', '周一至周五 09:30'],
  ['0 10 * * 0,6', 'Saturday and Sunday at 10:00', '每周末 10:00'],
  ['0 10 * * 6,7', 'Saturday and Sunday at 10:00', '每周末 10:00'],
  ['0 8 * * 1,4', 'Every Monday and Thursday at 08:00', '每周一、四 08:00'],
  ['0 8 * * 7', 'Every Sunday at 08:00', '每周日 08:00'],
  ['0 8 * * 1#2', 'On the second Monday of the month at 08:00', '每月第 2 个周一 08:00'],
  ['0 18 * * FRIL', 'On the last Friday of the month at 18:00', '每月最后一个周五 18:00'],
  ['0 0 1 * *', 'On day 1 of the month at 00:00', '每月 1 日 00:00'],
  ['0 6 1,15 * ?', 'On days 1 and 15 of the month at 06:00', '每月 1、15 日 06:00'],
  ['0 23 L * *', 'On the last day of the month at 23:00', '每月最后一天 23:00'],
  ['@yearly', 'On day 1 of January at 00:00', '每年 1 月 1 日 00:00'],
  ['0 9 * 6-8 1-5', 'Monday to Friday in June, July and August at 09:00', '6、7、8 月周一至周五 09:00'],
  ['0 0 * DEC *', 'Every day in December at 00:00', '12 月每天 00:00'],
];

for (const [expression, english, chinese] of spoken) {
  test(`says "${expression}" in both languages`, () => {
    assert.equal(cronWords(expression, 'en'), english);
    assert.equal(cronWords(expression, 'zh'), chinese);
  });
}

test('stays silent where words could be wrong or too long', () => {
  const unspoken = [
    // A step that does not divide the hour jumps at its end.
    '*/7 * * * *',
    // A date and a weekday together mean "either" to cron.
    '0 0 13 * 5',
    '0 0 1-7 * 1#1',
    '0 0 15W * *',
    '1,2,3,4,5 4 * * *',
    '5/15 * * * *',
    '0 0 * * *  *  *  *',
    '61 * * * *',
    'nonsense',
    '',
  ];
  for (const expression of unspoken) {
    assert.equal(cronWords(expression, 'en'), null, expression);
    assert.equal(cronWords(expression, 'zh'), null, expression);
  }
});
