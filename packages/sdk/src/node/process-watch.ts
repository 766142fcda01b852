// What happens to the process that a worker lives in: signals that ask it to stop, and exceptions that nobody caught.
// Handlers are there only while the worker is, and give way to others of the same kind.

import type { WorkerLog } from '../worker/session-ports.ts';
import type { Attribution } from './executors/task-executor.ts';

export interface WatchedWorker {
  drain(): Promise<void>;
  stop(): Promise<void>;
  attribute(error: unknown): { to: Attribution; runId: string | null };
}

export interface WatchOptions {
  readonly signals: boolean;
  readonly uncaught: boolean;
  readonly log: WorkerLog;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof exitCodes;

/** Returns the way to end it. */
export function watchProcess(worker: WatchedWorker, options: WatchOptions): () => void {
  const { log } = options;
  let asked = false;
  let stopping = false;

  const onSignal = (signal: StopSignal): void => {
    if (!asked) {
      asked = true;
      log.info('draining: what runs may finish. A second signal stops at once', { signal });
      void worker.drain().finally(() => leave(0));
      return;
    }
    if (stopping) return;
    stopping = true;
    log.warn('stopping at once: what runs is abandoned', { signal });
    void worker.stop().finally(() => leave(exitCodes[signal]));
  };

  const onUncaught = (error: unknown): void => {
    const { to, runId } = worker.attribute(error);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (to === 'failed') return;
    if (to === 'ended') {
      log.error('a task left something behind that failed after its end', { runId, error: text });
      return;
    }
    // Other handlers decide for themselves when there are any.
    if (process.listenerCount('uncaughtException') > 1 || stopping) return;
    stopping = true;
    log.error('an exception that belongs to no task: the state of this process is unknown, so it stops', {
      error: text,
    });
    void worker.stop().finally(() => process.exit(1));
  };

  /** Only when nobody else answers to this signal: then the process would have ended by it. */
  const leave = (code: number): void => {
    end();
    if (process.listenerCount('SIGTERM') === 0 && process.listenerCount('SIGINT') === 0) process.exit(code);
  };

  const end = (): void => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
  };

  if (options.signals) {
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  }
  if (options.uncaught) {
    process.on('uncaughtException', onUncaught);
    process.on('unhandledRejection', onUncaught);
  }
  return end;
}
