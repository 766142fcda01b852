// What is allowed in the times of a schedule but seldom meant. Joins the findings on its cron expressions with those on all the rest;
// each says the fact in English and in Chinese. Looks at a bounded number of times.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from '../calendar.ts';
import { lintCron } from '../cron/lint.ts';
import { dateText, dayOf } from '../days.ts';
import { serverLimits } from '../limits.ts';
import { compileTimes, nextFireAfter, type ScheduleTimes, type TimeSpec } from '../schedule-times.ts';
import { remains } from './calendar-rule.ts';
import { durationWords } from './spans-in-words.ts';
import type { Trigger } from './triggers.ts';

export interface TimesWarning {
  readonly code: string;
  readonly en: string;
  readonly zh: string;
}

export interface LintContext {
  /** What `every`, `in` and `count` count from; `fromMs` for a schedule that is not made yet. */
  readonly anchorAt: number;
  /** From when on times are looked at. */
  readonly fromMs: number;
  readonly calendars?: ReadonlyMap<string, CompiledCalendar>;
}

type LintedSpec = TimeSpec & Partial<Pick<ScheduleDefinition, 'jitter'>>;

/** Throws what compileTimes throws. */
export function lintTimes(spec: LintedSpec, { anchorAt, fromMs, calendars }: LintContext): TimesWarning[] {
  const times = compileTimes(spec, anchorAt, calendars);
  const triggers = triggersOf(times);
  const found = [
    ...triggers.flatMap((trigger) => (trigger.kind === 'cron' ? lintCron(trigger.cron, fromMs) : ofRules(trigger))),
    ...neverFires(times, fromMs),
    ...ofJitter(spec, times, fromMs),
    ...ofCalendar(times, fromMs),
    ...withoutEffect(spec, triggers),
  ];
  // Several triggers may have the same to say.
  return [...new Map(found.map((warning) => [warning.en, warning])).values()];
}

function triggersOf(times: ScheduleTimes): readonly Trigger[] {
  if (times.kind === 'delay') return [];
  return times.kind === 'composed' ? times.composed.parts.triggers : [times];
}

function neverFires(times: ScheduleTimes, fromMs: number): TimesWarning[] {
  // A lone cron expression has said so itself.
  if (times.kind === 'cron' || nextFireAfter(times, fromMs) !== null) return [];
  const day = dateText(dayOf(fromMs));
  return [{ code: 'never', en: `It never fires after ${day}.`, zh: `${day} 之后不会再触发。` }];
}

function ofJitter({ jitter = 0 }: LintedSpec, times: ScheduleTimes, fromMs: number): TimesWarning[] {
  const first = nextFireAfter(times, fromMs);
  const second = first === null ? null : nextFireAfter(times, first);
  if (jitter === 0 || first === null || second === null || jitter <= second - first) return [];
  const put = durationWords(jitter);
  const gap = durationWords(second - first);
  return [
    {
      code: 'jitter-longer',
      en: `Runs are put off by up to ${put.en}, and the next one follows after ${gap.en}: they may overtake each other.`,
      zh: `运行最多推迟 ${put.zh}，而下一次在 ${gap.zh}后：它们的先后顺序可能颠倒。`,
    },
  ];
}

function ofCalendar(times: ScheduleTimes, fromMs: number): TimesWarning[] {
  if (times.kind !== 'composed') return [];
  const { composed } = times;
  const { calendar } = composed.parts;
  if (calendar === null) return [];
  let looked = 0;
  let left = 0;
  let time = composed.triggered(fromMs);
  for (; time !== null && looked < serverLimits.lintTimes; time = composed.triggered(time)) {
    looked += 1;
    if (!remains(calendar, time)) left += 1;
  }
  if (looked === 0 || left > 0) return [];
  return [
    {
      code: 'calendar-idle',
      en: `The calendar takes out none of the next ${looked} times.`,
      zh: `接下来的 ${looked} 个时间都没有被日历排除。`,
    },
  ];
}

function withoutEffect(spec: LintedSpec, triggers: readonly Trigger[]): TimesWarning[] {
  const found: TimesWarning[] = [];
  const onWall = triggers.some(({ kind }) => kind === 'cron' || kind === 'rrule');
  if (spec.dst !== undefined && !onWall) {
    const en = 'dst has no effect: only cron and rrule follow a wall clock.';
    found.push({ code: 'dst-idle', en, zh: 'dst 不起作用：只有 cron 和 rrule 遵循当地时钟。' });
  }
  if (spec.count !== undefined && triggers.length > 0 && triggers.every(({ kind }) => kind === 'once')) {
    if (triggers.length <= spec.count) {
      const en = 'count has no effect: each trigger fires once.';
      found.push({ code: 'count-idle', en, zh: 'count 不起作用：每个触发器只触发一次。' });
    }
  }
  return found;
}

function ofRules(trigger: Trigger): TimesWarning[] {
  if (trigger.kind !== 'rrule') return [];
  const { rules, start } = trigger.recurrence;
  const found: TimesWarning[] = [];
  for (const { walls } of rules) {
    const { rule } = walls;
    if (start !== null && walls.next(start - 1) !== start) {
      const en = 'DTSTART does not satisfy its rule, so it is no time of the schedule itself.';
      found.push({ code: 'start-left-out', en, zh: 'DTSTART 不符合规则，因此它本身不是触发时间。' });
    }
    const startDay = start === null ? 0 : new Date(start).getUTCDate();
    const days = rule.monthDays ?? (rule.days === null && rule.yearDays === null ? [startDay] : []);
    const late = Math.max(0, ...days.filter((day) => day > 28));
    if (late > 0 && rule.frequency === 'MONTHLY' && !days.includes(-1)) {
      const en = `Not every month has a day ${late}; BYMONTHDAY=-1 is the last day of each.`;
      found.push({ code: 'missing-days', en, zh: `并非每个月都有 ${late} 日；BYMONTHDAY=-1 表示每月最后一天。` });
    }
  }
  return found;
}
