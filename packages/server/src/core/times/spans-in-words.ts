// Durations, instants and lists in words, English and Chinese.

import { offsetAt } from '../zone-clock.ts';
import type { Words } from '../cron/words.ts';

const units = [
  { ms: 604_800_000, en: 'week', zh: '周' },
  { ms: 86_400_000, en: 'day', zh: '天' },
  { ms: 3_600_000, en: 'hour', zh: '小时' },
  { ms: 60_000, en: 'minute', zh: '分钟' },
  { ms: 1000, en: 'second', zh: '秒' },
  { ms: 1, en: 'millisecond', zh: '毫秒' },
] as const;

/** 5400000 → "1 hour 30 minutes", "1 小时 30 分钟". Weeks only when nothing else is left. */
export function durationWords(ms: number): Words {
  if (ms === 0) return { en: '0 seconds', zh: '0 秒' };
  const parts: Words[] = [];
  let rest = ms;
  for (const { ms: size, en, zh } of units) {
    const count = Math.floor(rest / size);
    if (count === 0 || (en === 'week' && rest % size !== 0)) continue;
    rest -= count * size;
    parts.push({ en: `${count} ${en}${count === 1 ? '' : 's'}`, zh: `${count} ${zh}` });
  }
  return { en: parts.map(({ en }) => en).join(' '), zh: parts.map(({ zh }) => zh).join(' ') };
}

/** As an interval: "hour", "2 hours"; to stand after "every". */
export function intervalWords(ms: number): Words {
  const { en, zh } = durationWords(ms);
  return { en: en.replace(/^1 (\w+)$/, '$1'), zh: zh.replace(/^1 (小时|天|周)$/, '$1').replace(/^1 (分钟|秒)$/, '$1') };
}

/** On the wall of the zone: `2026-03-01 08:00`, with seconds where there are any. */
export function wallWords(at: number, zone: string): string {
  return wallText(at + offsetAt(zone, at));
}

export function wallText(wall: number): string {
  const text = new Date(wall).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.endsWith(':00.000Z') ? 16 : 19)}`;
}

export function listed(words: readonly string[], language: keyof Words, join: Words = { en: 'and', zh: '、' }): string {
  if (words.length < 2) return words[0] ?? '';
  const last = words.at(-1) ?? '';
  if (language === 'zh') return `${words.slice(0, -1).join('、')}${join.zh}${last}`;
  return `${words.slice(0, -1).join(', ')} ${join.en} ${last}`;
}
