// The error catalogue of the protocol in Chinese. English titles and remedies come with each answer of the server.

import type { ErrorCode } from '@tidewheel/protocol';

export const problemsZh: Record<ErrorCode, { readonly title: string; readonly remedy: string }> = {
  BAD_REQUEST: { title: '无法读取请求', remedy: '请发送格式正确的 JSON，内容类型为 application/json。' },
  VALIDATION_FAILED: { title: '请求中有无效的值', remedy: '请修改下面指出的字段。' },
  INVALID_CRON: { title: 'cron 表达式无效', remedy: '可用 `tidewheel schedule preview` 检查。' },
  INVALID_RRULE: {
    title: '重复规则无效',
    remedy: '请按 RFC 5545 书写，例如 FREQ=MONTHLY;BYDAY=2TU；`tidewheel schedule preview` 可显示其含义。',
  },
  UNKNOWN_CALENDAR: {
    title: '没有这个日历',
    remedy: '请先应用该日历，或与使用它的定义一起应用；`tidewheel calendar list` 可列出已有日历。',
  },
  CALENDAR_IN_USE: {
    title: '日历正在使用',
    remedy: '请先从 `errors` 列出的调度和日历中移除它，再删除。',
  },
  POOL_CONFLICT: {
    title: '两个执行器池互相矛盾',
    remedy: '请让指出的两个池在某个标签上取不同的值，或为共享的上限写同一个数。',
  },
  UNKNOWN_TIMEZONE: {
    title: '未知的时区',
    remedy: '请使用 IANA 名称，例如 Asia/Shanghai 或 Europe/Berlin；缩写有歧义。',
  },
  DUPLICATE_NAME: { title: '名称重复', remedy: '请换一个名称，或修改已有的定义。' },
  OTHER_SOURCE: {
    title: '该任务由另一个来源声明',
    remedy:
      '请换一个名称，或从另一来源中移除该任务，或有意接管：请求或代码中的 `takeOver`，或 `tidewheel apply --take-over`。',
  },
  PAYLOAD_TOO_LARGE: { title: '输入超过上限', remedy: '请把大数据存放在别处，只传递引用。' },
  UNAUTHENTICATED: { title: '没有有效的凭据', remedy: '请用 `tidewheel token sign-in` 生成的新链接登录。' },
  FORBIDDEN: { title: '没有权限', remedy: '请使用角色和命名空间都允许此操作的令牌。' },
  RESERVED_NAMESPACE: {
    title: '该命名空间属于系统',
    remedy: '请使用其他命名空间；其中的内容由主节点自行创建和删除。',
  },
  NOT_FOUND: { title: '未找到', remedy: '请检查名称、ID 和命名空间。' },
  UNKNOWN_JOB: { title: '没有这个任务', remedy: '请先应用它的定义；`tidewheel job list` 列出已有的任务。' },
  CONFLICT: { title: '当前状态不允许此操作', remedy: '请查看当前状态后再决定。' },
  IDEMPOTENCY_MISMATCH: { title: '幂等键已用于另一个请求', remedy: '新的请求请使用新的键。' },
  STALE_VERSION: { title: '定义已被他人修改', remedy: '请重新读取，合并您的修改，并带上新的 ETag。' },
  VERSION_REQUIRED: { title: '缺少 If-Match', remedy: '请带上您所修改版本的 ETag。' },
  TOO_MANY_REQUESTS: { title: '请求过多', remedy: '请按 Retry-After 的秒数等待。' },
  UNAVAILABLE: { title: '暂时无法提供服务', remedy: '请按 Retry-After 的秒数等待后重试。' },
  STORE_FULL: {
    title: '存储空间几乎用尽',
    remedy:
      '请腾出空间：更大的磁盘或预算、更短的保留时间；`tidewheel store status` 显示占用情况。正在进行的工作会继续。',
  },
  SHUTTING_DOWN: { title: '此主节点正在停止', remedy: '请使用另一个主节点，或稍后重试。' },
  INTERNAL: { title: '服务器内部出错', remedy: '请在主节点日志中查找请求编号。' },
  INVALID_FILE: { title: '无法读取文件', remedy: '请修改指出的那一行。' },
  INVALID_CONFIG: { title: '配置无效', remedy: '请修改指出的配置项。' },
  PUBLIC_WITHOUT_TLS: { title: '公网地址需要 TLS', remedy: '请监听回环地址，或配置 TLS。' },
  KEDA_OPEN: {
    title: '面向 KEDA 的公网地址需要证书',
    remedy: '请配置 keda.cert、keda.key 和 keda.clientCa，或监听回环地址；若网络只放行 KEDA，可使用 --keda-insecure。',
  },
  DATABASE_NEWER: { title: '数据库由更新的版本写入', remedy: '请启动不低于该版本的 Tidewheel，或恢复升级前的备份。' },
  DATABASE_CORRUPT: {
    title: '数据库已损坏',
    remedy: '请保留文件，恢复最新备份，再用 `tidewheel audit fires` 核对。',
  },
  DATABASE_CHANGED: { title: '已应用的迁移被修改过', remedy: '请运行创建此数据库的发行版本。' },
  DATABASE_LOCKED: { title: '另一个进程正在使用此数据目录', remedy: '请停止该进程，或用 --data 选择其他目录。' },
  STORE_UNREACHABLE: { title: '无法连接存储', remedy: '请检查其地址以及是否正在运行。' },
  STORE_IS_REPLICA: {
    title: '存储是副本，不是主库',
    remedy: '请在 `store.url` 中写主库，或用逗号写出所有服务器：系统会从中找到主库，故障转移之后也一样。',
  },
  STORE_OTHER_CLUSTER: {
    title: '这是另一个集群的数据库',
    remedy: '请让 `store.url` 只包含同一个数据库的服务器，即此集群启动时使用的那个。',
  },
  COORDINATOR_REFUSED: {
    title: 'etcd 有应答，但拒绝了此主节点',
    remedy:
      '请检查 `etcd.user` 及其密码和在 `etcd.prefix` 下的权限，或检查 `etcd.ca`、`etcd.cert` 与 `etcd.key`；详情会指明是哪一项。',
  },
  COORDINATOR_UNREACHABLE: {
    title: 'etcd 没有应答，或失去了多数派',
    remedy: '请恢复其多数成员，或修正 `etcd.endpoints`。在此期间调度照常触发，运行照常派发；恢复后会自动选出领导者。',
  },
  OUTCOME_UNKNOWN: { title: '无法确定操作是否完成', remedy: '重试之前请先查看结果，或使用相同的幂等键重试。' },
  PROTOCOL_ERROR: { title: '执行器违反了协议', remedy: '请使用相同协议版本的客户端。' },
  PROTOCOL_VERSION: { title: '不支持此协议版本', remedy: '请升级较旧的一方。' },
  FRAME_TOO_LARGE: { title: '执行器数据帧超过上限', remedy: '请减小批量并缩短输出。' },
  SESSION_DEAD: { title: '会话已结束', remedy: '请重新注册；其尝试的结果会被拒绝。' },
  REBALANCE: {
    title: '该 worker 应由另一个 master 服务',
    remedy: '无需处理：worker 会转到所告知的 master，并在那里恢复会话。',
  },
  LAST_MASTER: {
    title: '没有其他 master 继续工作',
    remedy: '请启动另一个 master，或让被隔离的 master 恢复工作（`tidewheel cluster uncordon`）。',
  },
  WRONG_CLUSTER: {
    title: '该 worker 属于另一个集群',
    remedy: '请为其配置所属集群的 master 地址，或重启它以在本集群重新注册。',
  },
  ADDRESS_TAKEN: {
    title: '另一个 master 使用了相同的公布地址',
    remedy: '请为每个 master 配置各自的地址（--address）。',
  },
  LOCK_HELD: { title: '锁已被他人持有', remedy: '请等待，用 `tidewheel lock list` 查看持有者，或请操作员强制释放。' },
  LOCK_LOST: {
    title: '锁已不再属于您',
    remedy: '请停止在该锁下进行的工作；继续之前请重新获取锁（会得到新的令牌号）。',
  },
  STORE_CLOSED: {
    title: '该存储不可使用',
    remedy:
      '若存储已迁移，请让 master 使用消息中所示的存储；若复制或恢复被中断，请重新执行，或用 `tidewheel store open` 撤销。',
  },
  TARGET_NOT_EMPTY: {
    title: '目标并非为空',
    remedy: '请指定空的数据库、文件或目录；已有内容绝不会被覆盖。',
  },
  INTERRUPTED: {
    title: '已按要求停止',
    remedy: '尚未切换任何内容。重新执行即可，已完成的部分不会重做。',
  },
  BACKUP_CORRUPT: {
    title: '备份已损坏',
    remedy: '请改用其他备份：`tidewheel backup list` 会显示哪些已通过验证；并检查其所在的磁盘或对象存储。',
  },
  BACKUP_NEWER: {
    title: '备份比本程序更新',
    remedy: '请使用制作该备份的 Tidewheel 版本或更新版本进行恢复。',
  },
  BACKUP_KEY: {
    title: '备份密钥缺失或错误',
    remedy: '请指定制作该备份时所用的密钥文件：`backup.keyFile` 或 --key-file。没有它，任何人都无法读取该备份。',
  },
  BACKUP_BUSY: {
    title: '另一个备份正在进行',
    remedy: '请等待其结束：`tidewheel backup list` 会显示进度。',
  },
  BACKUP_FAILED: {
    title: '备份或恢复失败',
    remedy: '请修复消息中指出的问题后重试。原有内容未被改动。',
  },
  BACKUP_TARGET: {
    title: '备份存放位置不可用',
    remedy: '请检查其是否可达、凭据是否允许读写，以及空间是否已满。',
  },
  OTHER_CLUSTER: {
    title: '该存储属于另一个集群',
    remedy: '请核对两者的名称。若要与该存储并存，请恢复到新的位置。',
  },
  RESTORE_GAP: {
    title: '存储已恢复，缺口尚未处理',
    remedy:
      '请用 `tidewheel backup gap` 查看，然后选择：`tidewheel backup gap --close skip`、last 或 all。在此之前不会触发任何任务。',
  },
  WAL_CONFLICT: {
    title: '归档中同名文件内容不同',
    remedy: '有两台服务器归档到同一位置：请为每个集群指定各自的位置。已归档内容绝不会被覆盖。',
  },
  SCALER_FAILED: {
    title: '执行器池所在的平台没有照做',
    remedy:
      '请按 `tidewheel pool show NAME` 对驱动的说明修正：平台本身、凭据、程序或地址。系统会自动重试，已有的执行器照常工作。',
  },
  SCALER_NOT_ALLOWED: {
    title: '配置不允许使用这种扩缩方式',
    remedy:
      '请在每个主节点的配置中写明程序（`scaler.commands`）、地址（`scaler.webhooks`）或集群（`scaler.kubernetes`），或为该执行器池换一种驱动。',
  },
  UNREACHABLE: { title: '没有主节点应答', remedy: '请检查地址，以及主节点是否在运行。' },
  WAIT_TIMED_OUT: { title: '等待超时', remedy: '运行仍在继续，请稍后再看。' },
};
