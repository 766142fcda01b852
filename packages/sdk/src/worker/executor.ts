// How one kind of handler runs: started with an assignment, it reports text and, exactly once, its end.

import type { Assign, LogStream, RunError } from '@tidewheel/protocol';

export type Ended =
  /** `output` is JSON text. */
  | { kind: 'done'; output: string | null }
  | { kind: 'failed'; error: RunError }
  /** It ended, or was given up, because it was told to stop; `note` says how that went. */
  | { kind: 'stopped'; note: string };

export interface ExecutionReport {
  /** A sign of progress, too. */
  log(stream: LogStream, text: string): void;
  /** A sign of progress without words. */
  beat(): void;
  /** A process group was started for it; it is told so that it can be killed from elsewhere when this loop hangs. */
  spawned(pid: number): void;
  end(ended: Ended): void;
}

export interface Execution {
  /** Politely first, by force after `graceMs`. Its end follows in any case. A second call can only shorten the grace. */
  stop(reason: string, graceMs: number): void;
}

export interface Executor {
  start(assign: Assign, report: ExecutionReport): Execution;
}
