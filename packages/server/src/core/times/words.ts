// A schedule in words, English and Chinese: its triggers, what calendars take out, and its bounds.

import type { CombinedTrigger, ScheduleDefinition } from '@tidewheel/protocol';
import { cronWords, type Words } from '../cron/words.ts';
import { parseRecurrence } from '../rrule/recurrence.ts';
import type { TimeSpec } from '../schedule-times.ts';
import { recurrenceWords } from './rule-words.ts';
import { durationWords, intervalWords, listed, wallWords } from './spans-in-words.ts';
import { instantOf } from './triggers.ts';

type DescribedSpec = TimeSpec & Partial<Pick<ScheduleDefinition, 'jitter'>>;

/** Throws INVALID_CRON, INVALID_RRULE or UNKNOWN_TIMEZONE. Calendars are only named. */
export function describeTimes(spec: DescribedSpec): Words {
  const triggers = (spec.times ?? [spec]).map((trigger) => triggerWords(trigger, spec));
  const parts = [
    { en: triggers.map(({ en }) => en).join('; and '), zh: triggers.map(({ zh }) => zh).join('；以及') },
    ...calendarWords(spec),
    ...boundWords(spec),
  ];
  const en = parts.map((part) => part.en).join(', ');
  return { en: en.charAt(0).toUpperCase() + en.slice(1), zh: parts.map((part) => part.zh).join('，') };
}

function triggerWords(trigger: CombinedTrigger, spec: DescribedSpec): Words {
  const zone = trigger.timezone ?? spec.timezone;
  if (trigger.cron !== undefined) return inZone(lowered(cronWords(trigger.cron, spec.name)), zone);
  if (trigger.every !== undefined) {
    const { en, zh } = intervalWords(trigger.every);
    const anchor = instantOf(trigger.anchor);
    if (anchor === null) return { en: `every ${en}`, zh: `每${spaced(zh)}` };
    const from = wallWords(anchor, zone);
    return inZone({ en: `every ${en}, counted from ${from}`, zh: `从 ${from} 起每${spaced(zh)}` }, zone);
  }
  if (trigger.at !== undefined) {
    const text = wallWords(instantOf(trigger.at), zone);
    return inZone({ en: `once, at ${text}`, zh: `${text} 一次` }, zone);
  }
  if (trigger.rrule !== undefined) {
    const recurrence = parseRecurrence(trigger.rrule, { timezone: zone, dst: spec.dst, anchorAt: 0 });
    return inZone(recurrenceWords(recurrence), recurrence.clock.zone);
  }
  if (spec.in !== undefined) {
    const { en, zh } = durationWords(spec.in);
    return { en: `once, ${en} after the schedule is made`, zh: `调度计划创建 ${zh}后一次` };
  }
  const { en, zh } = durationWords(spec.delay ?? 0);
  return { en: `${en} after the previous run has ended`, zh: `上一次运行结束 ${zh}后` };
}

function calendarWords({ calendar }: DescribedSpec): Words[] {
  if (calendar === undefined) return [];
  const or = { en: 'or', zh: '或' };
  const named = (names: readonly string[], language: keyof Words) => {
    const quoted = names.map((name) => (language === 'en' ? `"${name}"` : `“${name}”`));
    return listed(quoted, language, or);
  };
  const said: Words[] = [];
  if (calendar.only !== undefined) {
    said.push({ en: `only within ${named(calendar.only, 'en')}`, zh: `仅在${named(calendar.only, 'zh')}之内` });
  }
  if (calendar.exclude !== undefined) {
    said.push({ en: `not within ${named(calendar.exclude, 'en')}`, zh: `不在${named(calendar.exclude, 'zh')}之内` });
  }
  if (calendar.move === 'next')
    said.push({ en: 'otherwise on the next day that remains', zh: '否则顺延到下一个可用日' });
  if (calendar.move === 'previous')
    said.push({ en: 'otherwise on the last day before that remains', zh: '否则提前到上一个可用日' });
  return said;
}

function boundWords(spec: DescribedSpec): Words[] {
  const said: Words[] = [];
  const at = (value: string | number) => {
    const text = wallWords(instantOf(value), spec.timezone);
    return inZone({ en: text, zh: text }, spec.timezone);
  };
  if (spec.start !== undefined) said.push({ en: `not before ${at(spec.start).en}`, zh: `不早于 ${at(spec.start).zh}` });
  if (spec.end !== undefined) said.push({ en: `not after ${at(spec.end).en}`, zh: `不晚于 ${at(spec.end).zh}` });
  if (spec.count !== undefined) {
    said.push({ en: spec.count === 1 ? 'once at most' : `${spec.count} times at most`, zh: `最多 ${spec.count} 次` });
  }
  if (spec.jitter !== undefined && spec.jitter > 0) {
    const { en, zh } = durationWords(spec.jitter);
    said.push({ en: `each run put off by up to ${en}`, zh: `每次运行随机推迟最多 ${zh}` });
  }
  return said;
}

function inZone({ en, zh }: Words, zone: string): Words {
  return { en: `${en} (${zone})`, zh: `${zh}（${zone}）` };
}

/** To stand within a sentence. */
function lowered({ en, zh }: Words): Words {
  return {
    en: en.replace(/^(?:Every|At|On|In|Once|Within)\b/, (word) => word.toLowerCase()).replace(/\.$/, ''),
    zh: zh.replace(/。$/, ''),
  };
}

function spaced(zh: string): string {
  return /^\d/.test(zh) ? ` ${zh}` : zh;
}
