// Messages of jobs, in both languages side by side.

import type { Message } from '../translate.ts';

export const jobsMessages = {
  'jobs.title': { en: 'Jobs', zh: '任务' },
  'jobs.search': { en: 'Search jobs', zh: '搜索任务' },
  'jobs.empty': { en: 'There are no jobs yet', zh: '还没有任务' },
  'jobs.emptyHint': {
    en: 'A job says what to run. Declare one in a file and apply it:',
    zh: '任务说明要运行什么。在文件中声明并应用：',
  },
  'jobs.emptyFiltered': { en: 'No job is called like that', zh: '没有这个名称的任务' },

  'job.name': { en: 'Job', zh: '任务' },
  'job.kind': { en: 'Kind', zh: '类型' },
  'job.kind.task': { en: 'Task', zh: '代码任务' },
  'job.kind.shell': { en: 'Shell', zh: 'Shell' },
  'job.kind.http': { en: 'HTTP', zh: 'HTTP' },
  'job.handler': { en: 'Handler', zh: '执行内容' },
  'job.queue': { en: 'Queue', zh: '队列' },
  'job.schedules': { en: 'Schedules', zh: '调度计划' },
  'job.updated': { en: 'Changed', zh: '更改于' },
  'job.version': { en: 'Version', zh: '版本' },
  'job.versionShort': { en: 'v{version}', zh: 'v{version}' },
  'job.disabled': { en: 'Disabled', zh: '停用' },
  'job.definition': { en: 'Definition', zh: '定义' },
  'job.noSchedules': {
    en: 'It has no schedule: it runs when someone asks for it.',
    zh: '没有调度计划：仅在有人请求时运行。',
  },
  'job.runNow': { en: 'Run now', zh: '立即运行' },
  'job.runTitle': { en: 'Run {name} now', zh: '立即运行 {name}' },
  'job.runHint': {
    en: 'Leave the payload empty to use the one of the definition.',
    zh: '输入留空则使用定义中的输入。',
  },
  'job.runConfirm': { en: 'Run', zh: '运行' },
  'job.ranToast': { en: 'A run of {name} was made', zh: '已创建 {name} 的运行' },
  'job.snippets': { en: 'From elsewhere', zh: '从其他地方触发' },
  'job.snippet.cli': { en: 'Command line', zh: '命令行' },
  'job.snippet.curl': { en: 'curl', zh: 'curl' },
  'job.retry': { en: 'Retries', zh: '重试' },
  'job.retryText': {
    en: 'up to {attempts} attempts, backoff from {initial} to {max}',
    zh: '最多 {attempts} 次尝试，退避 {initial} 至 {max}',
  },
  'job.retryNone': { en: 'one attempt only', zh: '只尝试一次' },
  'job.timeout': { en: 'Time limit', zh: '运行时限' },
  'job.timeoutNone': { en: 'none', zh: '无' },
  'job.delivery': { en: 'Delivery', zh: '执行语义' },
  'job.delivery.at-least-once': { en: 'at least once', zh: '至少一次' },
  'job.delivery.at-most-once': { en: 'at most once', zh: '至多一次' },
  'job.selector': { en: 'Needs labels', zh: '所需标签' },
} as const satisfies Record<string, Message>;
