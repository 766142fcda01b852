// Messages of the overview, in both languages side by side.

import type { Message } from '../translate.ts';

export const overviewMessages = {
  'overview.title': { en: 'Overview', zh: '概览' },
  'overview.success': { en: 'Success rate', zh: '成功率' },
  'overview.lastHour': { en: 'last hour', zh: '最近一小时' },
  'overview.noneFinished': { en: 'Nothing finished in the last hour', zh: '最近一小时没有运行结束' },
  'overview.ofFinished': {
    en: { one: '{good} of {count} finished run', other: '{good} of {count} finished runs' },
    zh: '{count} 次运行中成功 {good} 次',
  },
  'overview.failed': { en: { one: '{count} failed', other: '{count} failed' }, zh: '失败 {count}' },
  'overview.canceled': { en: { one: '{count} canceled', other: '{count} canceled' }, zh: '取消 {count}' },
  'overview.lost': { en: { one: '{count} lost', other: '{count} lost' }, zh: '丢失 {count}' },
  'overview.perMinute': { en: 'Finished runs per minute', zh: '每分钟完成的运行' },
  'overview.chart': {
    en: 'Finished runs per minute over the last hour: {succeeded} succeeded, {failed} failed, at most {peak} in a minute.',
    zh: '最近一小时每分钟完成的运行：成功 {succeeded} 次，失败 {failed} 次，单分钟最多 {peak} 次。',
  },
  'overview.running': { en: 'Running', zh: '运行中' },
  'overview.waiting': { en: 'Waiting', zh: '等待中' },
  'overview.scheduled': { en: 'Scheduled', zh: '已定时' },
  'overview.nobodyWaits': { en: 'Nothing waits', zh: '没有等待的运行' },
  'overview.oldestSince': { en: 'oldest for {span}', zh: '最久已等 {span}' },
  'overview.scheduledNote': { en: 'delayed, or waiting to retry', zh: '延迟执行，或等待重试' },
  'overview.workers': { en: 'Workers', zh: '执行器' },
  'overview.slots': { en: '{busy} of {slots} slots busy', zh: '{slots} 个槽位中 {busy} 个忙碌' },
  'overview.slotsLabel': { en: 'Slots busy', zh: '忙碌槽位' },
  'overview.noWorkers': { en: 'No worker is connected', zh: '没有已连接的执行器' },
  'overview.nextFires': { en: 'Next fires', zh: '即将触发' },
  'overview.noFires': { en: 'No fire is planned', zh: '没有计划中的触发' },
  'overview.noFiresHint': {
    en: 'No schedule of this namespace is enabled. Resume one, or add schedules to a job.',
    zh: '此命名空间没有启用的调度计划。恢复一个，或为任务添加调度计划。',
  },
  'overview.attention': { en: 'Needs attention', zh: '需要关注' },
  'overview.allWell': { en: 'All is well', zh: '一切正常' },
  'overview.allWellHint': {
    en: 'Failed runs, work without a worker and paused schedules show up here.',
    zh: '失败的运行、没有执行器的工作和已暂停的调度计划会显示在这里。',
  },
  'overview.attention.fires-amiss': {
    en: 'The audit found fires of {subject} amiss',
    zh: '审计发现 {subject} 的触发有误',
  },
  'overview.attention.failed-run': { en: 'Run of {subject} failed', zh: '{subject} 运行失败' },
  'overview.attention.no-worker': { en: 'No worker can take {subject}', zh: '没有执行器可以运行 {subject}' },
  'overview.attention.paused-schedule': { en: '{subject} is paused', zh: '{subject} 已暂停' },
  'overview.schedules': {
    en: { one: '{count} schedule enabled', other: '{count} schedules enabled' },
    zh: '{count} 个调度计划已启用',
  },
  'overview.paused': { en: { one: '{count} paused', other: '{count} paused' }, zh: '{count} 个已暂停' },
  'overview.welcome': { en: 'Welcome. Nothing has run here yet.', zh: '欢迎。这里还没有运行过任何任务。' },
  'overview.welcomeHint': {
    en: 'Declare your first job in a file and apply it; it shows up here at once.',
    zh: '在文件中声明第一个任务并应用，它会立即出现在这里。',
  },

  'findings.counts': {
    en: 'Found by the standing audit: {missing} missing, {doubled} doubled, {unexpected} unexpected.',
    zh: '持续审计发现：遗漏 {missing}，重复 {doubled}，多余 {unexpected}。',
  },
  'findings.kind.missing': { en: 'missing', zh: '遗漏' },
  'findings.kind.doubled': { en: 'doubled', zh: '重复' },
  'findings.kind.unexpected': { en: 'unexpected', zh: '多余' },
  'findings.acknowledge': { en: 'Acknowledge', zh: '确认' },
  'findings.acknowledgeAll': { en: 'Acknowledge findings', zh: '确认审计发现' },
  'findings.title': { en: 'Acknowledge what the audit found of {name}', zh: '确认 {name} 的审计发现' },
  'findings.titleAll': { en: 'Acknowledge all that the audit found', zh: '确认全部审计发现' },
  'findings.hint': {
    en: 'It is told no more; what the audit finds later is told again. The ledger stays as it is.',
    zh: '不再提示这些发现；以后的新发现仍会提示。触发账本保持不变。',
  },
  'findings.placeholder': { en: 'For example: restored from a backup', zh: '例如：从备份恢复' },
  'findings.doneToast': {
    en: { one: 'Findings of {count} schedule acknowledged', other: 'Findings of {count} schedules acknowledged' },
    zh: '已确认 {count} 个调度计划的审计发现',
  },
} as const satisfies Record<string, Message>;
