// Messages of the store: its size, its growth, what retention removed; in both languages side by side.

import type { Message } from '../translate.ts';

export const storeMessages = {
  'store.title': { en: 'Store', zh: '存储空间' },
  'store.level': { en: 'Room', zh: '余量' },
  'store.level.ok': { en: 'enough', zh: '充足' },
  'store.level.filling': { en: 'filling up', zh: '即将用尽' },
  'store.level.full': { en: 'new runs are refused', zh: '拒绝新的运行' },
  'store.used': { en: 'Used', zh: '已用' },
  'store.reusable': { en: '{size} to be used again', zh: '{size} 可复用' },
  'store.free': { en: 'Free', zh: '可用' },
  'store.freeOf.disk': { en: '{size} of the disk', zh: '磁盘剩余 {size}' },
  'store.freeOf.budget': { en: '{size} of the budget', zh: '预算剩余 {size}' },
  'store.freeUnknown': { en: 'unknown: set a budget', zh: '未知：请设置预算' },
  'store.reserve': { en: 'Reserve', zh: '保留' },
  'store.growth': { en: 'Growth', zh: '增长' },
  'store.perDay': { en: '{size} a day', zh: '每天 {size}' },
  'store.growthUnknown': { en: 'not measured for long enough', zh: '测量时间还不够' },
  'store.full': { en: 'Full', zh: '用尽' },
  'store.notInSight': { en: 'not in sight', zh: '尚无迹象' },
  'store.removed': { en: 'Removed', zh: '最近清理' },
  'store.nothingRemoved': { en: 'nothing yet', zh: '尚未清理' },
  'store.removedCounts': { en: '{runs} runs, {fires} fires', zh: '{runs} 个运行，{fires} 次触发' },
  'store.tables': { en: 'Largest tables', zh: '最大的表' },
  'store.table': { en: 'Table', zh: '表' },
  'store.size': { en: 'Size', zh: '大小' },
  'store.rows': { en: 'Rows', zh: '行数' },
  'store.estimated': { en: 'Sizes of single tables are estimates.', zh: '各表大小为估算值。' },
} as const satisfies Record<string, Message>;
