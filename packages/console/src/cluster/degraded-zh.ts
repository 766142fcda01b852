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
    'the leader does not have the driver of the pool ${pool}: switch it on by its scaler key at every master',
    /^the leader does not have the driver of the pool (.+): switch it on by its scaler key at every master$/,
    (pool) => `领导者没有启用执行器池 ${pool} 的驱动：请在每个主节点配置的 scaler 部分启用它`,
  ],
  [
    'the driver of the pool ${pool} failed ${driver.failures} times in a row: ${driver.error}',
    /^the driver of the pool (.+) failed (.+) times in a row: (.+)$/,
    (pool, times, error) => `执行器池 ${pool} 的驱动连续失败 ${times} 次：${error}`,
  ],
  [
    "${failing.length} workers of the pool ${pool} do not come up: ${failing[0]?.note ?? 'no reason is known'}",
    /^(.+) workers of the pool (.+?) do not come up: (.+)$/,
    (count, pool, note) => `执行器池 ${pool} 有 ${count} 个执行器无法启动：${note}`,
  ],
  [
    'the pool ${pool} may have ${wanted} workers and needs ${desired}: new runs wait ${secondsText(held.waitMs)} instead of ${secondsText(held.wishedWaitMs)}',
    /^the pool (.+) may have (.+) workers and needs (.+): new runs wait (.+) instead of (.+)$/,
    (pool, may, needs, waits, would) =>
      `执行器池 ${pool} 最多 ${may} 个执行器，而需要 ${needs} 个：新的运行等待 ${waits.replace(' s', ' 秒')}，本可为 ${would.replace(' s', ' 秒')}`,
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
  [
    'a crash of PostgreSQL may lose what it has confirmed: fsync or synchronous_commit is off',
    /^a crash of PostgreSQL may lose what it has confirmed: fsync or synchronous_commit is off$/,
    () => 'PostgreSQL 崩溃可能丢失已确认的提交：fsync 或 synchronous_commit 已关闭',
  ],
  [
    'the role in use may not see the replication: grant it pg_monitor',
    /^the role in use may not see the replication: grant it pg_monitor$/,
    () => '当前角色无权查看复制状态：请授予 pg_monitor',
  ],
  [
    'no standby is there to confirm commits: they wait until one is',
    /^no standby is there to confirm commits: they wait until one is$/,
    () => '没有可以确认提交的副本：提交将一直等待',
  ],
  [
    'commits are confirmed without a standby: the loss of the primary would lose some',
    /^commits are confirmed without a standby: the loss of the primary would lose some$/,
    () => '提交未经副本确认：主库丢失时会损失部分提交',
  ],
  [
    'masters may open ${store.connections.most} connections, the store allows ${store.connections.allowed}: make store.pool smaller or max_connections larger',
    /^masters may open (.+) connections, the store allows (.+): make store.pool smaller or max_connections larger$/,
    (most, allowed) =>
      `主节点最多会打开 ${most} 个连接，存储只允许 ${allowed} 个：请减小 store.pool 或增大 max_connections`,
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
