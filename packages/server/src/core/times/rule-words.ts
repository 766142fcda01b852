// A recurrence rule in words, English and Chinese: how often, on which days, at what time of the day, and until when.

import type { Words } from '../cron/words.ts';
import { dayMs, dayOf } from '../days.ts';
import type { Recurrence } from '../rrule/recurrence.ts';
import type { Rule, RuleDay } from '../rrule/rule.ts';
import { listed, wallText } from './spans-in-words.ts';

const frequencyWords: Readonly<Record<Rule['frequency'], Words>> = {
  SECONDLY: { en: 'second', zh: '秒' },
  MINUTELY: { en: 'minute', zh: '分钟' },
  HOURLY: { en: 'hour', zh: '小时' },
  DAILY: { en: 'day', zh: '天' },
  WEEKLY: { en: 'week', zh: '周' },
  MONTHLY: { en: 'month', zh: '个月' },
  YEARLY: { en: 'year', zh: '年' },
};
const weekdayNames: readonly Words[] = [
  { en: 'Sunday', zh: '周日' },
  { en: 'Monday', zh: '周一' },
  { en: 'Tuesday', zh: '周二' },
  { en: 'Wednesday', zh: '周三' },
  { en: 'Thursday', zh: '周四' },
  { en: 'Friday', zh: '周五' },
  { en: 'Saturday', zh: '周六' },
];
const monthNames = 'January February March April May June July August September October November December'.split(' ');

export function recurrenceWords(recurrence: Recurrence): Words {
  const { rules, start, added, leftOut, daysLeftOut } = recurrence;
  const said = rules.map(({ walls }) => ruleWords(walls.rule, start));
  const dates = leftOut.size + daysLeftOut.size;
  const more = added.length === 0 ? [] : [words(`and ${added.length} more times`, `另加 ${added.length} 个时间`)];
  const less = dates === 0 ? [] : [words('without the dates left out', '不含排除的日期')];
  const from = start === null ? [] : [words(`from ${wallText(start)} on`, `从 ${wallText(start)} 起`)];
  const first = words(said.map(({ en }) => en).join('; and '), said.map(({ zh }) => zh).join('；以及'));
  return joined([first, ...from, ...more, ...less], ', ', '，');
}

export function ruleWords(rule: Rule, start: number | null): Words {
  const unit = frequencyWords[rule.frequency];
  const one = rule.interval === 1;
  const often = words(
    `every ${one ? unit.en : `${rule.interval} ${unit.en}s`}`,
    one ? `每${unit.zh.replace('个', '')}` : `每 ${rule.interval} ${unit.zh}`,
  );
  const when = joined([often, ...dayWords(rule), ...timeWords(rule, start)], ' ', '，');
  const limits: Words[] = [];
  if (rule.positions !== null) {
    const positions = fromStartFirst(rule.positions);
    const en = listed(positions.map(ordinal), 'en');
    const zh = listed(
      positions.map((position) => `${chineseOrdinal(position)}个`),
      'zh',
    );
    limits.push(words(`of these only the ${en} in each ${unit.en}`, `每${unit.zh.replace('个', '')}只取其中${zh}`));
  }
  if (rule.count !== null) limits.push(words(rule.count === 1 ? 'once' : `${rule.count} times`, `共 ${rule.count} 次`));
  if (rule.until !== null) {
    const text = rule.until.form === 'date' ? wallText(rule.until.wall).slice(0, 10) : wallText(rule.until.wall);
    const zone = rule.until.form === 'utc' ? ' UTC' : '';
    limits.push(words(`until ${text}${zone}`, `直到 ${text}${zone}`));
  }
  return joined([when, ...limits], ', ', '，');
}

function fromStartFirst(values: readonly number[]): number[] {
  return [...values.filter((value) => value > 0), ...values.filter((value) => value < 0)];
}

function dayWords(rule: Rule): Words[] {
  const said: Words[] = [];
  const say = (
    items: readonly Words[] | undefined,
    en: (list: string) => string,
    zh: (list: string) => string,
  ): void => {
    if (items === undefined) return;
    const list = (language: keyof Words) =>
      listed(
        items.map((item) => item[language]),
        language,
      );
    said.push(words(en(list('en')), zh(list('zh'))));
  };
  const numbered = (values: readonly number[] | null, en: (value: number) => string, zh: (value: number) => string) =>
    values === null ? undefined : fromStartFirst(values).map((value) => words(en(value), zh(value)));
  say(
    numbered(
      rule.months,
      (month) => monthNames[month - 1] ?? '',
      (month) => `${month} 月`,
    ),
    (list) => `in ${list}`,
    (list) => list,
  );
  say(
    numbered(
      rule.weekNumbers,
      (week) => (week > 0 ? `week ${week}` : `the ${ordinal(week)} week`),
      (week) => `${chineseOrdinal(week)}周`,
    ),
    (list) => `in ${list} of the year`,
    (list) => `一年中${list}`,
  );
  say(
    numbered(
      rule.yearDays,
      (day) => `the ${ordinal(day)}`,
      (day) => `${chineseOrdinal(day)}天`,
    ),
    (list) => `on ${list} day of the year`,
    (list) => `一年中${list}`,
  );
  say(
    numbered(
      rule.monthDays,
      (day) => (day > 0 ? `day ${day}` : `the ${ordinal(day)} day`),
      (day) => (day > 0 ? `${day} 日` : `${chineseOrdinal(day)}天`),
    ),
    (list) => `on ${list} of the month`,
    (list) => `当月 ${list}`,
  );
  const limits = rule.monthDays !== null || rule.yearDays !== null;
  say(
    weekdaysIn(rule),
    (list) => (limits ? `if it is ${list}` : `on ${list}`),
    (list) => (limits ? `且为${list}` : list),
  );
  return said;
}

function weekdaysIn({ days }: Rule): Words[] | undefined {
  if (days === null) return undefined;
  const plain = [...new Set(days.filter(({ nth }) => nth === 0).map(({ weekday }) => weekday))].sort((a, b) => a - b);
  if (days.every(({ nth }) => nth === 0) && plain.join('') === '12345')
    return [words('Monday to Friday', '周一至周五')];
  return days.map(weekdayWords);
}

function weekdayWords({ weekday, nth }: RuleDay): Words {
  const name = weekdayNames[weekday] ?? words('', '');
  if (nth === 0) return name;
  return words(`the ${ordinal(nth)} ${name.en}`, `${chineseOrdinal(nth)}个${name.zh}`);
}

const shownTimes = 6;

function timeWords(rule: Rule, start: number | null): Words[] {
  const { frequency, hours, minutes, seconds } = rule;
  const time = start === null ? 0 : start - dayOf(start) * dayMs;
  const two = (value: number) => String(value).padStart(2, '0');
  const short = frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY';
  const allHours = hours ?? [Math.floor(time / 3_600_000)];
  const allMinutes = minutes ?? [Math.floor(time / 60_000) % 60];
  if (!short && allHours.length * allMinutes.length <= shownTimes && seconds === null) {
    const clock = allHours.flatMap((hour) => allMinutes.map((minute) => `${two(hour)}:${two(minute)}`));
    return [words(`at ${listed(clock, 'en')}`, listed(clock, 'zh'))];
  }
  const said: Words[] = [];
  const list = (values: readonly number[] | null, en: string, zh: string): void => {
    if (values === null) return;
    const texts = values.map(String);
    const plural = values.length === 1 ? en : `${en}s`;
    said.push(words(`${en === 'hour' ? 'in' : 'at'} ${plural} ${listed(texts, 'en')}`, `${listed(texts, 'zh')} ${zh}`));
  };
  list(short ? hours : allHours, 'hour', '时');
  const fullHour = frequency === 'HOURLY' && allMinutes.join('') === '0';
  if (!fullHour) list(short && frequency !== 'HOURLY' ? minutes : allMinutes, 'minute', '分');
  list(seconds, 'second', '秒');
  return said;
}

/** 1 → "first" or "1st", -1 → "last", -2 → "second-to-last". */
function ordinal(value: number): string {
  const small = ['', 'first', 'second', 'third', 'fourth', 'fifth'];
  const size = Math.abs(value);
  const ending = size % 100 > 10 && size % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][size % 10] ?? 'th');
  const word = small[size] ?? `${size}${ending}`;
  if (value > 0) return word;
  return size === 1 ? 'last' : `${word}-to-last`;
}

function chineseOrdinal(value: number): string {
  if (value > 0) return `第 ${value} `;
  return value === -1 ? '最后一' : `倒数第 ${-value} `;
}

function words(en: string, zh: string): Words {
  return { en, zh };
}

function joined(parts: readonly Words[], en: string, zh: string): Words {
  return words(parts.map((part) => part.en).join(en), parts.map((part) => part.zh).join(zh));
}
