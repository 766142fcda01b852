// Messages of buttons, problems, roles and units of time that every page uses, in both languages side by side.

import type { Message } from '../translate.ts';

export const generalMessages = {
  'action.close': { en: 'Close', zh: '关闭' },
  'action.cancel': { en: 'Back', zh: '返回' },
  'action.copy': { en: 'Copy', zh: '复制' },
  'action.copied': { en: 'Copied', zh: '已复制' },
  'action.loadMore': { en: 'Load more', zh: '加载更多' },
  'action.retry': { en: 'Try again', zh: '重试' },
  'action.details': { en: 'Details', zh: '详情' },
  'action.showAll': { en: 'Show all', zh: '查看全部' },
  'action.back': { en: 'Back to the overview', zh: '返回概览' },
  'action.clear': { en: 'Clear', zh: '清除' },

  'reason.label': { en: 'Reason', zh: '原因' },

  'data.loading': { en: 'Loading…', zh: '正在加载…' },
  'data.loadedAll': { en: { one: '{count} shown', other: '{count} shown' }, zh: '共显示 {count} 条' },

  'json.faultAt': {
    en: 'Not JSON: “{found}” does not fit at line {line}, column {column}',
    zh: '不是合法 JSON：第 {line} 行第 {column} 列不应出现“{found}”',
  },
  'json.faultEnd': {
    en: 'Not JSON yet: it ends too soon, at line {line}, column {column}',
    zh: 'JSON 不完整：在第 {line} 行第 {column} 列提前结束',
  },
  'json.empty': { en: 'empty: none is sent', zh: '留空：不发送' },
  'json.tooLarge': { en: 'The payload is over the limit of {limit} KiB.', zh: '输入超过 {limit} KiB 的上限。' },

  'problem.reference': { en: 'Request {id}', zh: '请求 {id}' },
  'problem.notFoundTitle': { en: 'There is no such page', zh: '没有这个页面' },
  'problem.notFoundHint': {
    en: 'The address may be from another version, or what it named was removed.',
    zh: '地址可能来自其他版本，或者它所指的内容已被删除。',
  },
  'problem.crashTitle': { en: 'This page broke', zh: '页面出错了' },
  'problem.crashHint': {
    en: 'That is a defect of the console. Your jobs are not affected. Reloading helps in most cases.',
    zh: '这是控制台的缺陷，不影响您的任务。通常重新加载即可。',
  },
  'problem.reload': { en: 'Reload', zh: '重新加载' },
  'problem.needsCell': {
    en: 'Needs the role {role} for all namespaces; you have {mine}',
    zh: '需要对所有命名空间具有角色「{role}」，您的角色是「{mine}」',
  },
  'problem.needsRole': { en: 'Needs the role {role}; you have {mine}', zh: '需要角色「{role}」，您的角色是「{mine}」' },

  'role.viewer': { en: 'viewer', zh: '查看者' },
  'role.operator': { en: 'operator', zh: '操作员' },
  'role.admin': { en: 'admin', zh: '管理员' },
  'role.worker': { en: 'worker', zh: '执行器' },

  'time.now': { en: 'now', zh: '刚刚' },
  'time.ago': { en: '{span} ago', zh: '{span}前' },
  'time.in': { en: 'in {span}', zh: '{span}后' },

  'unit.ms': { en: '{n} ms', zh: '{n} 毫秒' },
  'unit.s': { en: '{n} s', zh: '{n} 秒' },
  'unit.min': { en: '{n} min', zh: '{n} 分钟' },
  'unit.minS': { en: '{min} min {s} s', zh: '{min} 分 {s} 秒' },
  'unit.h': { en: '{n} h', zh: '{n} 小时' },
  'unit.hMin': { en: '{h} h {min} min', zh: '{h} 小时 {min} 分' },
  'unit.d': { en: '{n} d', zh: '{n} 天' },
  'unit.dH': { en: '{d} d {h} h', zh: '{d} 天 {h} 小时' },
} as const satisfies Record<string, Message>;
