import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronWords } from './words.ts';

const said: [expression: string, english: string, chinese: string][] = [
  ['* * * * * *', 'Every second', '每秒'],
  ['*/5 * * * * *', 'Every 5 seconds', '每 5 秒'],
  ['3/10 * * * * *', 'Every 10 seconds from second 3 on', '每 10 秒（从第 3 秒起）'],
  ['* * * * *', 'Every minute', '每分钟'],
  ['*/15 * * * *', 'Every 15 minutes', '每 15 分钟'],
  ['5/15 * * * *', 'Every 15 minutes from minute 5 on', '每 15 分钟（从第 5 分起）'],
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
  ['*/30 22-3 * * *', 'Every 30 minutes from 22:00 to 03:59', '22:00 至 03:59 每 30 分钟'],
  ['0 3 * * *', 'Every day at 03:00', '每天 03:00'],
  ['15 30 3 * * *', 'Every day at 03:30:15', '每天 03:30:15'],
  ['0 8,20 * * *', 'Every day at 08:00 and 20:00', '每天 08:00、20:00'],
  ['30 9 * * MON-FRI', 'Monday to Friday at 09:30', '周一至周五 09:30'],
  ['0 10 * * 0,6', 'Saturday and Sunday at 10:00', '每周末 10:00'],
  ['0 10 * * 6,7', 'Saturday and Sunday at 10:00', '每周末 10:00'],
  ['0 8 * * 1,4', 'Every Monday and Thursday at 08:00', '每周一、四 08:00'],
  ['0 8 * * FRI-MON', 'Every Monday, Friday, Saturday and Sunday at 08:00', '每周一、五、六、日 08:00'],
  ['0 8 * * 7', 'Every Sunday at 08:00', '每周日 08:00'],
  ['0 8 * * 1#2', 'On the second Monday of the month at 08:00', '每月第 2 个周一 08:00'],
  ['0 18 * * FRIL', 'On the last Friday of the month at 18:00', '每月最后一个周五 18:00'],
  ['0 0 1 * *', 'On day 1 of the month at 00:00', '每月 1 日 00:00'],
  ['0 6 1,15 * ?', 'On days 1 and 15 of the month at 06:00', '每月 1、15 日 06:00'],
  ['0 23 L * *', 'On the last day of the month at 23:00', '每月最后一天 23:00'],
  ['0 23 L-3 * *', 'On the day 3 before the last of the month at 23:00', '每月倒数第 4 天 23:00'],
  [
    '0 9 15W * *',
    'On the weekday nearest to day 15 of the month at 09:00',
    '每月最接近 15 日的工作日（周一至周五） 09:00',
  ],
  ['0 9 LW * *', 'On the last weekday of the month at 09:00', '每月最后一个工作日（周一至周五） 09:00'],
  ['@yearly', 'On day 1 of January at 00:00', '每年 1 月 1 日 00:00'],
  ['0 9 * 6-8 1-5', 'Monday to Friday in June to August at 09:00', '6 至 8 月周一至周五 09:00'],
  ['0 0 * DEC *', 'Every day in December at 00:00', '12 月每天 00:00'],
  ['0 0 13 * 5', 'On day 13 of the month, and also every Friday at 00:00', '每月 13 日，以及每周五 00:00'],
  ['0 0 13 * +5', 'On day 13 of the month if that is a Friday at 00:00', '每月 13 日且为周五 00:00'],
  ['*/7 * * * *', 'At minutes 0, 7, 14 … 56 of every hour', '每小时的第 0、7、14 … 56 分'],
  ['* 9 * * *', 'Every minute from 09:00 to 09:59', '09:00 至 09:59 每分钟'],
  ['*/20 5 9 * * *', 'At seconds 0, 20 and 40 of minute 5 of hour 9', '9 点的第 5 分的第 0、20、40 秒'],
  ['1,2,3,4,5,9 4-6 * * *', 'At minutes 1 to 5 and 9 of hours 4 to 6', '4 至 6 点的第 1 至 5、9 分'],
  ['0 0 12 24 12 ? 2030', 'On day 24 of December at 12:00, in 2030', '2030 年 12 月 24 日 12:00'],
  ['0 0 12 * * ? 2030-2032', 'Every day at 12:00, in 2030 to 2032', '2030 至 2032 年每天 12:00'],
];

for (const [expression, english, chinese] of said) {
  test(`says "${expression}" in both languages`, () => {
    assert.deepEqual(cronWords(expression), { en: english, zh: chinese });
  });
}

test('what H chose is said where the name is known, and as an example where it is not', () => {
  assert.equal(cronWords('H 3 * * *', 'nightly-report').en, 'Every day at 03:50');
  assert.match(
    cronWords('H 3 * * *').en,
    /^Every day at 03:\d\d \(for example: H depends on the name of the schedule\)$/,
  );
  assert.match(cronWords('H 3 * * *').zh, /（示例：H 取决于调度计划的名称）$/);
});
