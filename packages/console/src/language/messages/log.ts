// Messages of the log of a run, in both languages side by side.

import type { Message } from '../translate.ts';

export const logMessages = {
  'log.label': { en: 'Log of attempt {attempt}', zh: '第 {attempt} 次尝试的日志' },
  'log.attempt': { en: 'Attempt', zh: '尝试' },
  'log.search': { en: 'Search in the log', zh: '在日志中搜索' },
  'log.matches': { en: '{at} of {count}', zh: '{at} / {count}' },
  'log.noMatch': { en: 'no match', zh: '无匹配' },
  'log.previous': { en: 'Previous match', zh: '上一个匹配' },
  'log.next': { en: 'Next match', zh: '下一个匹配' },
  'log.wrap': { en: 'Wrap', zh: '换行' },
  'log.times': { en: 'Times', zh: '时间' },
  'log.copy': { en: 'Copy log', zh: '复制日志' },
  'log.download': { en: 'Download log', zh: '下载日志' },
  'log.follow': { en: 'Follow', zh: '跟随' },
  'log.stream': { en: 'Stream', zh: '输出流' },
  'log.stream.all': { en: 'All streams', zh: '全部输出流' },
  'log.stream.stdout': { en: 'stdout', zh: 'stdout' },
  'log.stream.stderr': { en: 'stderr', zh: 'stderr' },
  'log.stream.log': { en: 'log', zh: 'log' },
  'log.stream.system': { en: 'system', zh: '系统' },
  'log.empty': { en: 'This attempt has written nothing.', zh: '此次尝试没有输出。' },
  'log.emptyYet': {
    en: 'Nothing written yet. Lines appear here as they come.',
    zh: '还没有输出，新的行会显示在这里。',
  },
  'log.notStarted': { en: 'No attempt has started, so there is no log yet.', zh: '尚未开始任何尝试，因此还没有日志。' },
  'log.loading': { en: 'Loading the log…', zh: '正在加载日志…' },
  'log.following': { en: 'following', zh: '跟随中' },
  'log.interrupted': { en: 'The live log was interrupted; trying again.', zh: '实时日志中断，正在重试。' },
  'log.cut': {
    en: {
      one: '{count} earlier line is not shown; the download has it.',
      other: '{count} earlier lines are not shown; the download has them.',
    },
    zh: '未显示更早的 {count} 行，下载的文件中包含它们。',
  },
} as const satisfies Record<string, Message>;
