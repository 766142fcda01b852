// A command that runs while a lock is held. It is a process group of its own, so that all of it can be stopped when the lock is
// lost: somebody else may be doing the same work by then.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { HeldLock } from '@tidewheel/sdk';
import { exitCodes } from './exit-codes.ts';
import { UsageError } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { visibleLine } from './text-width.ts';

export interface UnderLock {
  readonly killAfterMs: number;
  readonly interrupted: AbortSignal;
}

/** The command's own exit code, 128 and the signal's number when one ended it, 4 when the lock was lost meanwhile. */
export async function runUnderLock(
  terminal: Terminal,
  lock: Pick<HeldLock, 'name' | 'token' | 'lost'>,
  argv: readonly string[],
  { killAfterMs, interrupted }: UnderLock,
): Promise<number> {
  const [file = '', ...args] = argv;
  const env = { ...terminal.env, TIDEWHEEL_LOCK: lock.name, TIDEWHEEL_LOCK_TOKEN: String(lock.token) };
  const child = spawn(file, args, { stdio: 'inherit', detached: true, env });
  const over = new AbortController();
  const stop = (): void => {
    signalGroup(child.pid, 'SIGTERM');
    void terminal.sleep(killAfterMs, over.signal).then(() => {
      if (!over.signal.aborted) signalGroup(child.pid, 'SIGKILL');
    });
  };
  const lost = (): void => {
    const { reason } = lock.lost as { reason: unknown };
    const why = reason instanceof Error ? `: ${visibleLine(reason.message)}` : '';
    terminal.err(`the lock ${lock.name} is lost${why}; stopping the command\n`);
    stop();
  };
  lock.lost.addEventListener('abort', lost, { once: true });
  interrupted.addEventListener('abort', stop, { once: true });
  // Either may have happened while the process was being made.
  if (lock.lost.aborted) lost();
  else if (interrupted.aborted) stop();
  try {
    const code = await ended(child, file);
    // What the command left behind in its group must not outlive the lock either.
    if (lock.lost.aborted) signalGroup(child.pid, 'SIGKILL');
    return lock.lost.aborted ? exitCodes.conflict : code;
  } finally {
    over.abort();
    lock.lost.removeEventListener('abort', lost);
    interrupted.removeEventListener('abort', stop);
  }
}

function ended(child: ReturnType<typeof spawn>, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new UsageError(`${file} cannot be run: ${error.message}`)));
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group is gone already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
