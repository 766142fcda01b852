// Says what an expression means in Chinese.

import type { DayRule, DaySet, WeekdaySet } from './day-rule.ts';
import { clock, type Meaning, mondayFirst, spoken, type Times } from './meaning.ts';

const dayNames = '日一二三四五六';
const units = { second: '秒', minute: '分钟', hour: '小时' } as const;

export function chinese({ times, days, months, years }: Meaning): string {
  const yearText = years.length === 0 ? '' : `${list(years)} 年`;
  const onDays = daysSaid(days, months, yearText);
  const when = timesSaid(times);
  if (times.kind === 'at') return `${onDays === '' ? `${yearText}每天` : onDays} ${when}`;
  const head = onDays === '' ? yearText : onDays;
  return head === '' ? when : `${head}，${when}`;
}

function list(values: readonly number[]): string {
  return spoken(values, String, { to: ' 至 ', comma: '、' }).join('、');
}

function timesSaid(times: Times): string {
  const every = (step: number, unit: keyof typeof units) => {
    if (step > 1) return `每 ${step} ${units[unit]}`;
    return unit === 'hour' ? '每小时' : `每${units[unit]}`;
  };
  switch (times.kind) {
    case 'at':
      return times.seconds.map(clock).join('、');
    case 'between': {
      const start = times.start === 0 ? '' : `（从第 ${times.start} 分起）`;
      return `${clock(times.from * 3600)} 至 ${clock(times.to * 3600 + 3540)} ${every(times.step, 'minute')}${start}`;
    }
    case 'every': {
      const { unit, step, start, at } = times;
      const marks = { second: '秒', minute: '分', hour: '时' } as const;
      const from = start === 0 ? '' : `（从第 ${start} ${marks[unit]}起）`;
      const text = `${every(step, unit)}${from}`;
      if (at === 0) return text;
      if (unit === 'minute') return `${text}的第 ${at} 秒`;
      const seconds = at % 60;
      return `${text}的第 ${Math.floor(at / 60)} 分${seconds === 0 ? '' : ` ${seconds} 秒`}`;
    }
    case 'fields': {
      const { seconds, minutes, hours } = times;
      const parts = [hours === null ? '每小时' : `${list(hours)} 点`];
      parts.push(minutes === null ? '每分钟' : `第 ${list(minutes)} 分`);
      if (seconds === null) parts.push('每秒');
      else if (seconds.length > 1 || seconds[0] !== 0) parts.push(`第 ${list(seconds)} 秒`);
      return parts.join('的');
    }
  }
}

function daysSaid({ days, weekdays, join }: DayRule, months: readonly number[], yearText: string): string {
  const monthText = months.length === 0 ? '' : `${list(months)} 月`;
  const inMonth = yearText === '' || monthText === '' ? yearText + monthText : `${yearText} ${monthText}`;
  const each =
    yearText === ''
      ? monthText === ''
        ? '每月'
        : `每年 ${monthText}`
      : monthText === ''
        ? `${yearText}每月`
        : inMonth;
  const all = (days.any && weekdays.any) || (join === 'or' && (days.any || weekdays.any));
  if (all) return monthText === '' ? '' : `${inMonth}每天`;
  const dates = days.any ? '' : `${each}${datesSaid(days)}`;
  if (weekdays.any) return dates;
  if (days.any) return weekdaysSaid(weekdays, inMonth, each);
  if (join === 'and') return `${dates}且为${conditionSaid(weekdays)}`;
  return `${dates}，以及${weekdaysSaid(weekdays, inMonth, each)}`;
}

function datesSaid({ values, fromEnd, nearWeekday }: DaySet): string {
  const parts: string[] = [];
  if (values.length > 0) parts.push(` ${list(values)} 日`);
  for (const back of fromEnd) parts.push(back === 0 ? '最后一天' : `倒数第 ${back + 1} 天`);
  for (const near of nearWeekday) {
    parts.push(near === 'last' ? '最后一个工作日（周一至周五）' : `最接近 ${near} 日的工作日（周一至周五）`);
  }
  return parts.join('、');
}

function weekdaysSaid({ values, nth }: WeekdaySet, inMonth: string, each: string): string {
  const parts: string[] = [];
  const text = values.join();
  if (text === '1,2,3,4,5') parts.push(`${inMonth}周一至周五`);
  else if (text === '0,6') parts.push(`${inMonth}每周末`);
  else if (values.length > 0) parts.push(`${inMonth}每周${namesOf(values)}`);
  if (nth.length > 0) parts.push(`${each}${nthsOf(nth).join('、')}`);
  return parts.join('，以及');
}

function conditionSaid({ values, nth }: WeekdaySet): string {
  const parts = values.length === 0 ? [] : [`周${namesOf(values)}`];
  return [...parts, ...nthsOf(nth)].join('或');
}

function namesOf(values: readonly number[]): string {
  return mondayFirst(values)
    .map((day) => dayNames[day])
    .join('、');
}

function nthsOf(nth: WeekdaySet['nth']): string[] {
  return nth.map(({ weekday, nth: which }) => {
    return `${which === 'last' ? '最后一个' : `第 ${which} 个`}周${dayNames[weekday] ?? ''}`;
  });
}
