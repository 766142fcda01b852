// Which process of a worker executes its tasks: the one that was started, or a child of it when it is supervised. The truth files are
// named by it. And all processes of a worker, for faults of a whole machine.

import { readFileSync } from 'node:fs';
import type { FaultyCluster } from './faulty-cluster.ts';
import type { FaultyProgram } from './processes.ts';
import { type Execution, readTruth } from './truth.ts';

export function workingProcess(cluster: FaultyCluster, worker: FaultyProgram): number {
  const working = new Set(
    executionsNow(cluster)
      .filter((one) => !one.job.startsWith('shell'))
      .map((one) => one.pid),
  );
  const found = processesOf(worker).filter((pid) => working.has(pid));
  const [pid] = found;
  if (pid === undefined) throw new Error(`the worker ${worker.pid} has executed nothing yet`);
  return pid;
}

/** The worker as it was started, then what it has started. */
export function processesOf(worker: FaultyProgram): number[] {
  return [worker.pid, ...descendantsOf(worker.pid)];
}

/** Those that have ended since they were listed are left out: a shell job's own children come and go. */
export function signalAll(pids: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

export function executionsNow(cluster: FaultyCluster): Execution[] {
  return readTruth(cluster.truth);
}

function descendantsOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
    return children.map(Number).flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}
