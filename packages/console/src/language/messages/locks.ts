// Messages of locks, in both languages side by side.

import type { Message } from '../translate.ts';

export const locksMessages = {
  'locks.title': { en: 'Locks', zh: '锁' },
  'locks.held': { en: '{count} held', zh: '{count} 个被持有' },
  'locks.show': { en: 'Which locks', zh: '显示哪些锁' },
  'locks.showHeld': { en: 'Held', zh: '被持有' },
  'locks.showAll': { en: 'Held lately, too', zh: '含最近持有过的' },
  'locks.empty': { en: 'Nobody holds a lock', zh: '没有被持有的锁' },
  'locks.emptyHint': {
    en: 'A lock lets one at a time do what must not be done twice. A script takes one like this; programs use `client.locks`:',
    zh: '锁保证同一时间只有一个人做不能重复的事。脚本可以这样获取；程序使用 `client.locks`：',
  },
  'locks.name': { en: 'Lock', zh: '锁' },
  'locks.holder': { en: 'Held by', zh: '持有者' },
  'locks.token': { en: 'Token', zh: '令牌号' },
  'locks.tokenHint': {
    en: 'Larger than that of every earlier holder: what is written to refuses a smaller one.',
    zh: '大于此前所有持有者的令牌号；被写入的一方应拒绝更小的令牌号。',
  },
  'locks.age': { en: 'Held for', zh: '已持有' },
  'locks.left': { en: 'Ends in', zh: '剩余' },
  'locks.leftHint': {
    en: 'Time to live unless it is renewed; holders renew every third of it.',
    zh: '不续期时的剩余有效期；持有者每过三分之一有效期续期一次。',
  },
  'locks.ofTtl': { en: 'of {span}', zh: '共 {span}' },
  'locks.free': { en: 'Free', zh: '空闲' },
  'locks.bound': { en: 'ends with its worker', zh: '随执行器结束' },
  'locks.boundHint': {
    en: 'It is free as soon as this worker is lost, without waiting for its own end.',
    zh: '该执行器丢失后立即释放，无需等待有效期结束。',
  },
  'locks.force': { en: 'Release by force', zh: '强制释放' },
  'locks.forceTitle': { en: 'Take {name} away', zh: '强制释放 {name}' },
  'locks.forceHint': {
    en: '{owner} is told at once, with your name and reason, and cannot renew it. What it still does under the lock is refused only where its token is checked.',
    zh: '{owner} 会立即收到通知（包括您的名字和原因），并且无法再续期。它仍在进行的操作只有在检查令牌号的地方才会被拒绝。',
  },
  'locks.forcePlaceholder': { en: 'Why its holder cannot give it back', zh: '为什么持有者无法自行释放' },
  'locks.forcedToast': { en: '{name} was taken away from {owner}', zh: '已从 {owner} 强制释放 {name}' },
} as const satisfies Record<string, Message>;
