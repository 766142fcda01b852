// What a worker uses of its machine: its own process, and the process groups of its attempts, which are looked at once a second where the
// system tells (Linux). Peaks are kept, because they, not the means, decide how large a machine must be. What begins and ends between two looks
// is not seen.

import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { AttemptUsage, WorkerStats } from '@tidewheel/protocol';

const lookMs = 1000;
/** A peak of the processor is the mean of so long: what is over sooner would only have taken a moment longer. */
const spanMs = 60_000;
/** Of attempts whose result never came. */
const attemptsMost = 5000;
/** What Linux counts processor time and memory in. */
const tickMs = 10;
const pageBytes = 4096;

interface GroupUse {
  readonly group: number;
  memoryBytes: number;
  peakBytes: number;
  cpuMs: number;
  seen: boolean;
}

export class UsageMeter {
  readonly #attempts = new Map<string, GroupUse>();
  readonly #living = new Set<string>();
  /** Processor time of attempts that have ended. */
  #endedCpuMs = 0;
  #usedBytes = 0;
  #usedCpu = 0;
  #peakBytes = 0;
  #peakCpu = 0;
  #last = { cpu: process.cpuUsage(), atMs: performance.now() };
  #marks: { atMs: number; cpuMs: number }[] = [];
  #looking: NodeJS.Timeout | null = null;

  spawned(attemptId: string, group: number): void {
    if (process.platform !== 'linux') return;
    this.#attempts.set(attemptId, { group, memoryBytes: 0, peakBytes: 0, cpuMs: 0, seen: false });
    this.#living.add(attemptId);
    for (const old of [...this.#attempts.keys()].slice(0, Math.max(0, this.#attempts.size - attemptsMost)))
      this.#forget(old);
    this.#looking ??= setTimeout(() => void this.#look(), lookMs).unref();
  }

  gone(attemptId: string): void {
    this.#living.delete(attemptId);
    const use = this.#attempts.get(attemptId);
    if (use !== undefined) use.memoryBytes = 0;
  }

  /** Of an attempt that has ended; undefined when it was never seen. */
  takeAttempt(attemptId: string): AttemptUsage | undefined {
    const use = this.#attempts.get(attemptId);
    this.#forget(attemptId);
    return use?.seen === true ? { memoryBytes: use.peakBytes, cpuMs: use.cpuMs } : undefined;
  }

  /** `cpu` and `memoryBytes` since the last call, of the process alone; what is used and the peaks since the start, of all. */
  take(): WorkerStats {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.#last.cpu);
    const cpu = (user + system) / 1000 / Math.max(1, now - this.#last.atMs);
    this.#last = { cpu: process.cpuUsage(), atMs: now };
    const memoryBytes = process.memoryUsage.rss();
    this.#notePeaks(now, memoryBytes);
    return {
      cpu: rounded(cpu),
      memoryBytes,
      usedMemoryBytes: this.#usedBytes,
      usedCpu: rounded(this.#usedCpu),
      peakMemoryBytes: this.#peakBytes,
      ...(this.#peakCpu > 0 ? { peakCpu: rounded(this.#peakCpu) } : {}),
      ...ownGroup(),
    };
  }

  stop(): void {
    if (this.#looking !== null) clearTimeout(this.#looking);
    this.#looking = null;
    this.#living.clear();
  }

  #notePeaks(now: number, memoryBytes: number): void {
    let [bytes, cpuMs] = [memoryBytes, this.#endedCpuMs];
    for (const use of this.#attempts.values()) [bytes, cpuMs] = [bytes + use.memoryBytes, cpuMs + use.cpuMs];
    const { user, system } = this.#last.cpu;
    this.#usedBytes = bytes;
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    this.#marks.push({ atMs: now, cpuMs: cpuMs + (user + system) / 1000 });
    while ((this.#marks[1]?.atMs ?? now) <= now - spanMs) this.#marks.shift();
    const [first, latest] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || latest === undefined || latest.atMs <= first.atMs) return;
    this.#usedCpu = (latest.cpuMs - first.cpuMs) / (latest.atMs - first.atMs);
    if (latest.atMs - first.atMs >= spanMs) this.#peakCpu = Math.max(this.#peakCpu, this.#usedCpu);
  }

  #forget(attemptId: string): void {
    this.#endedCpuMs += this.#attempts.get(attemptId)?.cpuMs ?? 0;
    this.#attempts.delete(attemptId);
    this.#living.delete(attemptId);
  }

  async #look(): Promise<void> {
    const groups = await groupsUse();
    for (const attemptId of this.#living) {
      const use = this.#attempts.get(attemptId);
      const found = use === undefined ? undefined : groups.get(use.group);
      if (use === undefined || found === undefined) continue;
      use.seen = true;
      use.memoryBytes = found.memoryBytes;
      use.peakBytes = Math.max(use.peakBytes, found.memoryBytes);
      // Time of children that nobody waited for goes with them.
      use.cpuMs = Math.max(use.cpuMs, found.cpuMs);
    }
    this.#notePeaks(performance.now(), process.memoryUsage.rss());
    this.#looking = this.#living.size === 0 ? null : setTimeout(() => void this.#look(), lookMs).unref();
  }
}

/** Memory and processor time of each process group, its ended and waited-for children included. */
async function groupsUse(): Promise<Map<number, { memoryBytes: number; cpuMs: number }>> {
  const groups = new Map<number, { memoryBytes: number; cpuMs: number }>();
  const names = await readdir('/proc').catch(() => []);
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    // pid (name) state ppid pgrp …, and the name may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const group = Number(fields[2]);
    if (!(group > 0)) continue;
    const use = groups.get(group) ?? { memoryBytes: 0, cpuMs: 0 };
    use.memoryBytes += Math.max(0, Number(fields[21])) * pageBytes;
    for (const field of [11, 12, 13, 14]) use.cpuMs += Number(fields[field]) * tickMs;
    groups.set(group, use);
  }
  return groups;
}

/** Of the container that the worker is in, where its group is mounted as containers have it. */
function ownGroup(): Pick<WorkerStats, 'memoryLimitBytes' | 'oomKills'> {
  if (process.platform !== 'linux') return {};
  const limit = Number(textOf('/sys/fs/cgroup/memory.max'));
  const kills = /^oom_kill (\d+)$/m.exec(textOf('/sys/fs/cgroup/memory.events'))?.[1];
  return {
    ...(Number.isSafeInteger(limit) && limit > 0 ? { memoryLimitBytes: limit } : {}),
    ...(kills === undefined ? {} : { oomKills: Number(kills) }),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function rounded(cores: number): number {
  return Math.round(cores * 1000) / 1000;
}
