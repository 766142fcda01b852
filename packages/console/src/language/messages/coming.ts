// Messages of the coming fires, in both languages side by side.

import type { Message } from '../translate.ts';

export const comingMessages = {
  'coming.range': { en: 'How far ahead', zh: '时间范围' },
  'coming.range.24h': { en: '24 hours', zh: '24 小时' },
  'coming.range.7d': { en: '7 days', zh: '7 天' },
  'coming.range.35d': { en: '5 weeks', zh: '5 周' },
  'coming.empty': { en: 'No fire comes in this time', zh: '这段时间内没有触发' },
  'coming.emptyHint': {
    en: 'Enabled schedules show up here; paused and finished ones do not.',
    zh: '这里显示已启用的调度计划，不包括暂停和已结束的。',
  },
  'coming.heat': { en: 'Fires by time', zh: '触发时间分布' },
  'coming.heatHint.day': { en: 'hours by five minutes', zh: '每行一小时，每格五分钟' },
  'coming.heatHint.days': { en: 'days by hours', zh: '每行一天，每格一小时' },
  'coming.fires': { en: 'Fires', zh: '触发' },
  'coming.schedules': { en: 'Schedules', zh: '调度计划' },
  'coming.peak': { en: 'Most on one second', zh: '单秒峰值' },
  'coming.slots': { en: 'Slots now', zh: '当前槽位' },
  'coming.work': { en: 'Work', zh: '工作量' },
  'coming.cell': { en: { one: '{count} fire', other: '{count} fires' }, zh: '{count} 次触发' },
  'coming.crowdedCell': { en: 'more work than slots', zh: '工作量超过槽位' },
  'coming.bucket': {
    en: { one: '{count} fire, {peak} at once, {work} of work', other: '{count} fires, {peak} at once, {work} of work' },
    zh: '{count} 次触发，同一秒最多 {peak} 次，工作量 {work}',
  },
  'coming.load': { en: '{percent}% of the slots', zh: '占槽位的 {percent}%' },
  'coming.crowded': { en: 'More work than slots', zh: '工作量超过槽位' },
  'coming.crowdedHint': {
    en: 'by what the jobs usually take and the workers of now',
    zh: '按任务通常耗时和当前执行器估算',
  },
  'coming.roomy': { en: 'The workers of now can do all of it', zh: '当前的执行器足以完成' },
  'coming.top': { en: 'Most work', zh: '工作量最大' },
  'coming.noWorkers': {
    en: 'No worker is connected, so nothing can be said of the load.',
    zh: '没有已连接的执行器，无法估算负载。',
  },
  'coming.estimated': {
    en: 'Extrapolated, because they fire so often: {names}.',
    zh: '触发过于频繁，按推算显示：{names}。',
  },
  'coming.truncated': { en: 'There are more schedules than are counted here.', zh: '调度计划过多，此处未全部统计。' },
} as const satisfies Record<string, Message>;
