// Says a cron pattern in English or Chinese. Each language is one small renderer over the same pattern,
// because word order differs too much for message templates.

import type { Language } from '../language/translate.ts';
import { type Days, type Pattern, readPattern, type Times } from './pattern.ts';

/** Words for the expression, or null when it is not one of the common patterns. */
export function cronWords(expression: string, language: Language): string | null {
  const pattern = readPattern(expression);
  if (pattern === null) return null;
  return language === 'zh' ? chinese(pattern) : english(pattern);
}

function clock(secondsOfDay: number): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const seconds = secondsOfDay % 60;
  const time = `${pad(Math.floor(secondsOfDay / 3600))}:${pad(Math.floor(secondsOfDay / 60) % 60)}`;
  return seconds === 0 ? time : `${time}:${pad(seconds)}`;
}

/** `:05` or `:05:30`, the place within an hour. */
function withinHour(seconds: number): string {
  const text = clock(seconds);
  return text.slice(2);
}

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function joined(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function isExactly(days: readonly number[], text: string): boolean {
  return days.join() === text;
}

function english({ times, days, months }: Pattern): string {
  const when = englishTimes(times);
  const onDays = englishDays(days, months);
  if (times.kind !== 'at') return onDays === '' ? when : `${when}, ${onDays}`;
  const capital = onDays === '' ? 'Every day' : (onDays[0] ?? '').toUpperCase() + onDays.slice(1);
  return `${capital} ${when}`;
}

function englishTimes(times: Times): string {
  const every = (step: number, unit: string) => (step === 1 ? `Every ${unit}` : `Every ${step} ${unit}s`);
  switch (times.kind) {
    case 'at':
      return `at ${joined(times.seconds.map(clock))}`;
    case 'between':
      return `${every(times.step, times.unit)} from ${clock(times.from * 3600)} to ${clock(times.to * 3600 + 3540)}`;
    case 'every': {
      const text = every(times.step, times.unit);
      if (times.at === 0) return text;
      return times.unit === 'hour' ? `${text} at ${withinHour(times.at)}` : `${text} at second ${times.at}`;
    }
  }
}

function englishDays(days: Days, months: readonly number[]): string {
  const monthText = joined(months.map((month) => monthNames[month - 1] ?? ''));
  const ofMonth = monthText === '' ? 'of the month' : `of ${monthText}`;
  const inMonth = monthText === '' ? '' : ` in ${monthText}`;
  switch (days.kind) {
    case 'all':
      return monthText === '' ? '' : `every day in ${monthText}`;
    case 'weekdays':
      if (isExactly(days.days, '1,2,3,4,5')) return `Monday to Friday${inMonth}`;
      if (isExactly(days.days, '0,6')) return `Saturday and Sunday${inMonth}`;
      return `every ${joined(mondayFirst(days.days).map((day) => dayNames[day] ?? ''))}${inMonth}`;
    case 'nth': {
      const which = days.nth === -1 ? 'last' : (['first', 'second', 'third', 'fourth', 'fifth'][days.nth - 1] ?? '');
      return `on the ${which} ${dayNames[days.day] ?? ''} ${ofMonth}`;
    }
    case 'dates': {
      const word = days.dates.length === 1 ? 'day' : 'days';
      return `on ${word} ${joined(days.dates.map(String))} ${ofMonth}`;
    }
    case 'lastDate':
      return `on the last day ${ofMonth}`;
  }
}

const zhDays = '日一二三四五六';
const zhUnits = { second: '秒', minute: '分钟', hour: '小时' } as const;

function chinese({ times, days, months }: Pattern): string {
  const onDays = chineseDays(days, months);
  const when = chineseTimes(times);
  if (times.kind === 'at') return `${onDays === '' ? '每天' : onDays} ${when}`;
  return onDays === '' ? when : `${onDays}，${when}`;
}

function chineseTimes(times: Times): string {
  const every = (step: number, unit: keyof typeof zhUnits) => {
    if (step > 1) return `每 ${step} ${zhUnits[unit]}`;
    return unit === 'hour' ? '每小时' : `每${zhUnits[unit]}`;
  };
  switch (times.kind) {
    case 'at':
      return times.seconds.map(clock).join('、');
    case 'between':
      return `${clock(times.from * 3600)} 至 ${clock(times.to * 3600 + 3540)} ${every(times.step, times.unit)}`;
    case 'every': {
      const text = every(times.step, times.unit);
      if (times.at === 0) return text;
      if (times.unit === 'minute') return `${text}的第 ${times.at} 秒`;
      const minutes = Math.floor(times.at / 60);
      const seconds = times.at % 60;
      return `${text}的第 ${minutes} 分${seconds === 0 ? '' : ` ${seconds} 秒`}`;
    }
  }
}

function chineseDays(days: Days, months: readonly number[]): string {
  const monthText = months.length === 0 ? '' : `${months.join('、')} 月`;
  const each = monthText === '' ? '每月' : `每年 ${monthText}`;
  switch (days.kind) {
    case 'all':
      return monthText === '' ? '' : `${monthText}每天`;
    case 'weekdays':
      if (isExactly(days.days, '1,2,3,4,5')) return `${monthText}周一至周五`;
      if (isExactly(days.days, '0,6')) return `${monthText}每周末`;
      return `${monthText}每周${mondayFirst(days.days)
        .map((day) => zhDays[day])
        .join('、')}`;
    case 'nth':
      return `${each}${days.nth === -1 ? '最后一个' : `第 ${days.nth} 个`}周${zhDays[days.day] ?? ''}`;
    case 'dates':
      return `${each} ${days.dates.join('、')} 日`;
    case 'lastDate':
      return `${each}最后一天`;
  }
}

function mondayFirst(days: readonly number[]): number[] {
  return days.toSorted((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
}
