// Messages of workers, in both languages side by side.

import type { Message } from '../translate.ts';

export const workersMessages = {
  'workers.title': { en: 'Workers', zh: '执行器' },
  'workers.empty': { en: 'No worker is connected', zh: '没有已连接的执行器' },
  'workers.emptyHint': {
    en: 'Runs wait until a worker comes. Start one where the work should happen:',
    zh: '在执行器到来之前，运行会一直等待。在需要干活的机器上启动一个：',
  },

  'worker.state.live': { en: 'Live', zh: '在线' },
  'worker.state.draining': { en: 'Draining', zh: '排空中' },
  'worker.state.dead': { en: 'Gone', zh: '已离线' },
  'worker.slots': { en: 'Slots', zh: '槽位' },
  'worker.slotsUsed': { en: '{running} of {slots}', zh: '{running} / {slots}' },
  'worker.queues': { en: 'Queues', zh: '队列' },
  'worker.handlers': { en: 'Can run', zh: '可运行' },
  'worker.labels': { en: 'Labels', zh: '标签' },
  'worker.host': { en: 'Host', zh: '主机' },
  'worker.pid': { en: 'pid {pid}', zh: '进程 {pid}' },
  'worker.cpu': { en: 'CPU', zh: 'CPU' },
  'worker.memory': { en: 'Memory', zh: '内存' },
  'worker.lag': { en: 'Loop lag', zh: '循环延迟' },
  'worker.roundTrip': { en: 'Round trip', zh: '往返时延' },
  'worker.seen': { en: 'Last heartbeat', zh: '最近心跳' },
  'worker.version': { en: 'Version', zh: '版本' },
  'worker.since': { en: 'Since', zh: '连接于' },
  'worker.drain': { en: 'Drain', zh: '排空' },
  'worker.drainTitle': { en: 'Drain {name}', zh: '排空 {name}' },
  'worker.drainHint': {
    en: {
      one: 'It takes no new work, finishes its {count} run, then leaves.',
      other: 'It takes no new work, finishes its {count} runs, then leaves.',
    },
    zh: '它不再接受新工作，完成手上的 {count} 个运行后离开。',
  },
  'worker.drainedToast': { en: '{name} takes no new work', zh: '{name} 不再接受新工作' },
  'worker.runs': { en: 'Its runs', zh: '它的运行' },
} as const satisfies Record<string, Message>;
