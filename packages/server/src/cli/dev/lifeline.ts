// A child process must not outlive the `dev` that started it, not even when that was killed with SIGKILL.
// The parent keeps the other end of a pipe open and never writes to it: when the pipe ends, the parent is gone.
// A thread of its own watches the pipe, so that user code which blocks the main thread cannot keep the process alive.

import { Worker } from 'node:worker_threads';

/** The descriptor under which the parent hands the pipe to its children, after stdin, stdout and stderr. */
export const lifelineFd = 3;

/** Between the notice that the parent is gone and the kill of this process. */
const leaveWithinMs = 3000;

export interface LifelineData {
  readonly fd: number;
  /** Null: it leaves when its work is done. */
  readonly leaveWithinMs: number | null;
}

/** Calls `parentGone` once; whatever that does, the process is killed a little later, unless it may outlive its parent. */
export function watchLifeline(fd: number, parentGone: () => void, { outlive = false } = {}): void {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const data: LifelineData = { fd, leaveWithinMs: outlive ? null : leaveWithinMs };
  const thread = new Worker(new URL(`./lifeline-thread.${extension}`, import.meta.url), { workerData: data });
  thread.once('message', parentGone);
  thread.unref();
}
