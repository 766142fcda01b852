// What is allowed but seldom meant: findings on a cron expression, each with the fact in both languages.

import { dateText, dayMs, dayOf, daysInMonth } from '../days.ts';
import { lastBeforeGap } from '../wall-times.ts';
import { type Transition, transitionsBetween } from '../zone-clock.ts';
import { sizeOf, allFields, type FieldSpec } from './fields.ts';
import { clock } from './meaning.ts';
import { cronNext } from './next.ts';
import type { Cron } from './parse.ts';
import { splitCron } from './shape.ts';

export const cronWarningCodes = [
  'never',
  'missing-days',
  'either-day',
  'clock-gap',
  'clock-repeat',
  'uneven-step',
  'idle-step',
  'every-second',
  'every-minute',
] as const;

export interface CronWarning {
  readonly code: (typeof cronWarningCodes)[number];
  readonly en: string;
  readonly zh: string;
}

/** `fromMs`: from when on clock changes and fires are looked at. */
export function lintCron(cron: Cron, fromMs: number): CronWarning[] {
  if (cronNext(cron, fromMs) === null) {
    const day = dateText(dayOf(fromMs));
    return [{ code: 'never', en: `It never fires after ${day}.`, zh: `${day} 之后不会再触发。` }];
  }
  return [...tooOften(cron), ...steps(cron), ...days(cron, fromMs), ...clockChanges(cron, fromMs)];
}

function tooOften({ fields, unitMs }: Cron): CronWarning[] {
  const { second, minute, hour } = fields;
  const [all, some] = [60, 24];
  if (unitMs === 1000 && second.values.length === all && minute.values.length < all) {
    const en = 'It fires every second of the minutes that match; write 0 as the first field for once a minute.';
    return [{ code: 'every-second', en, zh: '它会在匹配的分钟内每秒触发；若每分钟一次，请把第一个字段写成 0。' }];
  }
  if (minute.star && minute.values.length === all && hour.values.length < some && !hour.star) {
    const en = 'It fires every minute of the hours that match; write 0 as the minute for once an hour.';
    return [{ code: 'every-minute', en, zh: '它会在匹配的小时内每分钟触发；若每小时一次，请把分钟写成 0。' }];
  }
  return [];
}

const chineseTitles: Record<FieldSpec['key'], string> = {
  second: '秒',
  minute: '分钟',
  hour: '小时',
  day: '日',
  month: '月',
  weekday: '星期',
  year: '年',
};

/** Steps begin anew in every minute, hour, day, month and year. */
function steps({ expression, unitMs }: Cron): CronWarning[] {
  const texts = splitCron(expression).map(({ text }) => text);
  const specs = allFields.slice(unitMs === 1000 ? 0 : 1);
  const warnings: CronWarning[] = [];
  for (const [index, text] of texts.entries()) {
    const spec = specs[index];
    const step = Number(/^\*\/(\d+)$/.exec(text)?.[1] ?? 1);
    if (spec === undefined || step === 1 || spec.key === 'year' || spec.key === 'weekday') continue;
    const [size, zh] = [sizeOf(spec), chineseTitles[spec.key]];
    if (step === size) {
      const en = `"${text}" in the field ${spec.title} is only ${spec.min}.`;
      warnings.push({ code: 'idle-step', en, zh: `${zh}字段中的 "${text}" 只表示 ${spec.min}。` });
    } else if (spec.key === 'day') {
      const en = `"${text}" begins anew on the first of each month, so that the last distance in a month can be shorter.`;
      warnings.push({ code: 'uneven-step', en, zh: `"${text}" 每月 1 日重新起算，因此月末的间隔可能更短。` });
    } else if (size % step !== 0) {
      const last = spec.min + Math.floor((size - 1) / step) * step;
      const rest = spec.min + size - last;
      const en = `"${text}" begins anew with each ${upper[spec.key] ?? 'round'}: after ${spec.title} ${last} it fires again ${rest} later, not ${step}.`;
      const zhText = `"${text}" 在每个周期重新起算：第 ${last} ${zh}之后间隔为 ${rest}，而不是 ${step}。`;
      warnings.push({ code: 'uneven-step', en, zh: zhText });
    }
  }
  return warnings;
}

const upper: Partial<Record<FieldSpec['key'], string>> = {
  second: 'minute',
  minute: 'hour',
  hour: 'day',
  month: 'year',
};

function days(cron: Cron, fromMs: number): CronWarning[] {
  const { day, month } = cron.fields;
  const warnings: CronWarning[] = [];
  const { values } = day.days;
  // A range such as 28-31 says that the end is what is meant.
  const lonely = day.days.star ? [] : values.filter((value) => value > 28 && !values.includes(value - 1));
  const missing = (value: number) => month.values.filter((number) => daysInMonth(2001, number) < value);
  const [worst] = lonely.filter((value) => missing(value).length > 0);
  if (worst !== undefined) {
    const months = missing(worst).join(', ');
    const leap = worst === 29 ? [', except in leap years', '（闰年除外）'] : ['', ''];
    // Of 29 February alone, people want to know which year it will be.
    const next = worst === 29 && month.values.length === 1 ? cronNext(cron, fromMs) : null;
    const date = next === null ? '' : dateText(dayOf(next + cron.clock.segmentAt(next).offset));
    const when = date === '' ? ['', ''] : [` It fires next on ${date}.`, `下一次在 ${date} 触发。`];
    const en = `Day ${worst} does not exist in month ${months}${leap[0]}; L is the last day of every month.${when[0]}`;
    const zh = `${months} 月没有 ${worst} 日${leap[1]}；L 表示每月最后一天。${when[1]}`;
    warnings.push({ code: 'missing-days', en, zh });
  }
  const fifth = day.weekdays.nth.some(({ nth }) => nth === 5);
  if (fifth && worst === undefined) {
    const en =
      'A fifth such weekday does not exist in every month; L after the weekday is the last one of every month.';
    warnings.push({ code: 'missing-days', en, zh: '并非每个月都有第 5 个该星期几；在星期几后加 L 表示每月最后一个。' });
  }
  if (day.join === 'or') {
    const en = 'Day of month and day of week are both given, and either is enough; + before the weekday demands both.';
    const zh = '同时给出了日期和星期，满足任意一个就会触发；在星期前加 + 表示两者都要满足。';
    warnings.push({ code: 'either-day', en, zh });
  }
  return warnings;
}

/** The next change of each direction that does something to the fires; the clocks of a year and a bit are looked at. */
function clockChanges(cron: Cron, fromMs: number): CronWarning[] {
  const changes = transitionsBetween(cron.timezone, fromMs, Math.min(fromMs + 400 * dayMs, Date.UTC(2199, 0, 1)));
  const first = (find: (change: Transition) => CronWarning | null): CronWarning[] => {
    for (const change of changes) {
      const warning = find(change);
      if (warning !== null) return [warning];
    }
    return [];
  };
  return [...first((change) => gapWarning(cron, change)), ...first((change) => repeatWarning(cron, change))];
}

function gapWarning(cron: Cron, change: Transition): CronWarning | null {
  const { at, before, after } = change;
  if (after <= before) return null;
  const lost = cron.pattern.next(at + before - 1);
  if (lost === null || lost >= at + after) return null;
  const [what, zhWhat] = [`${clockText(lost)} does not exist`, `${clockText(lost)} 不存在`];
  const [head, zhHead] = headOf(cron, change);
  if (!cron.fixed || cron.rules.gap === 'skip') {
    // Following the wall clock, an expression that fires before and after the gap loses nothing that anybody would miss.
    const day = dayOf(lost) * dayMs;
    const others = cronNext(cron, day - before - 1);
    if (!cron.fixed && others !== null && others < day + dayMs - after) return null;
    return { code: 'clock-gap', en: `${head}: ${what}, and it does not fire.`, zh: `${zhHead}：${zhWhat}，不触发。` };
  }
  const moved = cron.rules.gap === 'after' ? at + after : lastBeforeGap(at, before, cron.unitMs) + before;
  const then = clockText(moved);
  return {
    code: 'clock-gap',
    en: `${head}: ${what}, and it fires at ${then} instead.`,
    zh: `${zhHead}：${zhWhat}，改为 ${then} 触发。`,
  };
}

function repeatWarning(cron: Cron, change: Transition): CronWarning | null {
  const { at, before, after } = change;
  const { overlap } = cron.rules;
  const both = overlap === 'both' || (overlap === 'once' && !cron.fixed);
  if (after >= before || !both || cron.fields.hour.values.length === 24) return null;
  const twice = cron.pattern.next(at + after - 1);
  if (twice === null || twice >= at + before) return null;
  const [head, zhHead] = headOf(cron, change);
  const time = clockText(twice);
  return {
    code: 'clock-repeat',
    en: `${head}: ${time} occurs twice, and it fires both times.`,
    zh: `${zhHead}：${time} 出现两次，两次都会触发。`,
  };
}

function headOf({ timezone }: Cron, { at, before, after }: Transition): [en: string, zh: string] {
  const [from, to] = [clockText(at + before), clockText(at + after)];
  const day = dateText(dayOf(at + before));
  return [
    `On ${day} the clock of ${timezone} goes from ${from} to ${to}`,
    `${day}，${timezone} 的时钟从 ${from} 拨到 ${to}`,
  ];
}

function clockText(wallMs: number): string {
  return clock(Math.floor((wallMs - dayOf(wallMs) * dayMs) / 1000));
}
