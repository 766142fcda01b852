// The server's words on what is degraded, in Chinese. The server says them in English; what is not known here (an error of the
// coordinator, say) is shown as it came. A test holds the patterns to the server's source.

type Say = (...parts: string[]) => string;

/** What stands in the server's source, the whole sentence with its holes, and how to say it. */
export const degradedPatterns: readonly (readonly [source: string, pattern: RegExp, say: Say])[] = [
  [
    'nobody leads: audits, housekeeping and scaling rest; schedules fire and runs are dispatched all the same',
    /^nobody leads: audits, housekeeping and scaling rest; schedules fire and runs are dispatched all the same$/,
    () => '目前没有领导者：审计、清理和伸缩暂停；调度计划照常触发，运行照常派发',
  ],
  [
    'the coordinator does not confirm ${leader.address}; it leads until another one does',
    /^the coordinator does not confirm (.+); it leads until another one does$/,
    (address) => `协调器没有确认 ${address}；在他人接任之前由它继续领导`,
  ],
  [
    '${address} has been silent for ${Math.round(silentMs / 1000)} s',
    /^(.+) has been silent for (\d+) s$/,
    (address, seconds) => `${address} 已 ${seconds} 秒没有消息`,
  ],
  [
    "masters run ${versions.sort().join(' and ')}",
    /^masters run (.+)$/,
    (versions) => `主节点正在运行 ${versions.replaceAll(' and ', ' 和 ')}`,
  ],
  [
    "masters compute time zones with ${releases.sort().join(' and ')}",
    /^masters compute time zones with (.+)$/,
    (releases) => `主节点使用的时区数据为 ${releases.replaceAll(' and ', ' 和 ')}`,
  ],
  [
    'new zone data changed ${told}; next fires that moved: ${moved}',
    /^new zone data changed (.+); next fires that moved: (.+)$/,
    (zones, moved) => `新的时区数据改变了 ${zones}；下次触发时间移动的调度计划：${moved} 个`,
  ],
  [
    '${facts.amiss.fires} fires are missing, doubled or unexpected; schedules: ${facts.amiss.schedules}',
    /^(.+) fires are missing, doubled or unexpected; schedules: (.+)$/,
    (fires, schedules) => `${schedules} 个调度计划共有 ${fires} 次触发缺失、重复或意外`,
  ],
  [
    'new runs are refused: ${free} can still be written, the reserve is ${reserve}',
    /^new runs are refused: (.+) can still be written, the reserve is (.+)$/,
    (free, reserve) => `拒绝新的运行：还可写入 ${free}，保留 ${reserve}`,
  ],
  [
    '${free} can still be written; below ${reserve} new runs are refused',
    /^(.+) can still be written; below (.+) new runs are refused$/,
    (free, reserve) => `还可写入 ${free}；低于 ${reserve} 时拒绝新的运行`,
  ],
  [
    'at the rate of the last days there is room for ${Math.floor(fullInMs / 86_400_000)} more days',
    /^at the rate of the last days there is room for (\d+) more days$/,
    (days) => `按最近几天的速度，空间还够用 ${days} 天`,
  ],
  ['the replica ${name} is ${state}', /^the replica (.+) is (.+)$/, (name, state) => `副本 ${name} 的状态为 ${state}`],
];

export function degradedInChinese(detail: string): string {
  for (const [, pattern, say] of degradedPatterns) {
    const parts = pattern.exec(detail);
    if (parts !== null) return say(...parts.slice(1));
  }
  return detail;
}
