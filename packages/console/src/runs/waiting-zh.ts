// The server's sentences on why a run waits, in Chinese. The server says them in English; what is not known here is shown as it came.
// A test holds the patterns to the server's source, so that a changed sentence is noticed.

type Say = (...parts: string[]) => string;

/** Patterns of whole sentences; their groups are the parts that vary. */
export const waitingPatterns: readonly (readonly [pattern: RegExp, say: Say])[] = [
  [/^It is scheduled for (.+)\.$/, (at) => `它定于 ${at} 执行。`],
  [
    /^Attempt (\d+) did not succeed; the next one follows at (.+)\.$/,
    (n, at) => `第 ${n} 次尝试未成功，下一次在 ${at}。`,
  ],
  [/^It waits for another run\.$/, () => '等待另一个运行。'],
  [/^It waits for its turn, which comes in a moment\.$/, () => '马上轮到它。'],
  [/^It waits for run (\S+) of its schedule to end\.$/, (id) => `等待同一调度计划的运行 ${id} 结束。`],
  [
    /^It waits for run (\S+) of its schedule to end, and for (\d+) runs? before it\.$/,
    (id, n) => `等待同一调度计划的运行 ${id} 结束，前面还有 ${n} 个运行在等待。`,
  ],
  [
    /^Canceling was asked for; worker "(.*)" is being told to stop\.$/,
    (worker) => `已请求取消，正在通知执行器“${worker}”停止。`,
  ],
  [/^Worker "(.*)" has been handed the run and is starting it\.$/, (worker) => `已交给执行器“${worker}”，正在启动。`],
  [
    /^The lane of queue "(.*)" and handler "(.*)" is paused\.$/,
    (queue, handler) => `队列“${queue}”中 ${handler} 的通道已暂停。`,
  ],
  [
    /^(\d+) workers? could run it, but (?:it is|all are) draining\.$/,
    (n) => `有 ${n} 个执行器能够运行它，但都在排空。`,
  ],
  [
    /^All slots are busy: (\d+) of (\d+) on (\d+) workers? that can run it\.$/,
    (busy, slots, n) => `能够运行它的 ${n} 个执行器没有空槽位：${slots} 个槽位中 ${busy} 个忙碌。`,
  ],
  [/^It is next: a worker with a free slot is connected\.$/, () => '它是下一个：已有执行器空出槽位。'],
  [/^No worker is connected in the namespace "(.*)"\.$/, (namespace) => `命名空间“${namespace}”中没有已连接的执行器。`],
  [/^No connected worker serves the queue "(.*)"\.$/, (queue) => `没有已连接的执行器服务队列“${queue}”。`],
  [
    /^No connected worker of the queue "(.*)" has the handler "(.*)"\.$/,
    (queue, handler) => `队列“${queue}”的执行器都不能运行 ${handler}。`,
  ],
  [
    /^No connected worker of the queue "(.*)" with the handler "(.*)" carries the labels (.*)\.$/,
    (queue, handler, labels) => `队列“${queue}”中能运行 ${handler} 的执行器都没有标签 ${labels}。`,
  ],
];

/** Null for a sentence that is not known. */
export function waitingInChinese(sentence: string): string | null {
  for (const [pattern, say] of waitingPatterns) {
    const match = pattern.exec(sentence);
    if (match !== null) return say(...match.slice(1));
  }
  return null;
}

/** Instants in a sentence of the server, in the reader's way. */
export function withInstants(sentence: string, show: (at: number) => string): string {
  return sentence.replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, (iso) => show(Date.parse(iso)));
}
