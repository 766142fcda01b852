// Runs attempts in the main thread: picks the executor, keeps the time limit, says how each attempt ended.
//
// Whoever stops an attempt decides its outcome: once it was told to stop because of a cancel or its time limit, it is
// `canceled` or `timed-out`, whatever it still brings about. An abandoned attempt is stopped and reports nothing.

import { formatDuration, limits, type Assign, type LogStream, type RunError } from '@tidewheel/protocol';
import type { AttemptResult } from './attempts.ts';
import { Deadlines } from './deadlines.ts';
import type { Ended, Execution, Executor } from './executor.ts';
import type { WorkerClock } from './session-ports.ts';
import { shortened, utf8Bytes } from './text-size.ts';
import { workerLimits } from './worker-limits.ts';

export interface RunnerReports {
  started(attemptId: string): void;
  log(attemptId: string, stream: LogStream, offsetMs: number, text: string): void;
  result(result: AttemptResult): void;
  spawned(attemptId: string, pid: number): void;
  /** Of an attempt that was `spawned` nothing is left. */
  gone(attemptId: string): void;
}

export type Executors = Readonly<Partial<Record<Assign['handler']['kind'], Executor>>>;

type StopCause = 'canceled' | 'timed-out' | 'silent' | 'abandoned';

interface RunningAttempt {
  readonly assign: Assign;
  readonly startedAt: number;
  execution: Execution | null;
  logBytes: number;
  spawned: boolean;
  stop: { cause: StopCause; reason: string } | null;
}

export class AttemptRunner {
  readonly #executors: Executors;
  readonly #reports: RunnerReports;
  readonly #clock: WorkerClock;
  readonly #running = new Map<string, RunningAttempt>();
  readonly #timeLimits: Deadlines;
  /** By when an attempt must have given its next sign of progress. */
  readonly #silences: Deadlines;
  #whenEmpty: (() => void)[] = [];

  constructor(executors: Executors, reports: RunnerReports, clock: WorkerClock) {
    this.#executors = executors;
    this.#reports = reports;
    this.#clock = clock;
    this.#timeLimits = new Deadlines(clock, (attemptId) => this.#overTime(attemptId));
    this.#silences = new Deadlines(clock, (attemptId) => this.#silent(attemptId));
  }

  start(assign: Assign): void {
    const { attemptId, runTimeoutMs } = assign;
    if (this.#running.has(attemptId)) return;
    const attempt: RunningAttempt = {
      assign,
      startedAt: this.#clock.monotonicMs(),
      execution: null,
      logBytes: 0,
      spawned: false,
      stop: null,
    };
    this.#running.set(attemptId, attempt);
    this.#reports.started(attemptId);
    const executor = this.#executors[assign.handler.kind];
    if (executor === undefined) {
      const message = `this worker does not run ${assign.handler.kind} jobs`;
      this.#ended(attempt, { kind: 'failed', error: { kind: 'no-executor', message } });
      return;
    }
    if (runTimeoutMs !== null) this.#timeLimits.set(attemptId, runTimeoutMs);
    this.#beat(attempt);
    const execution = executor.start(assign, {
      log: (stream, text) => {
        this.#beat(attempt);
        this.#log(attempt, stream, text);
      },
      beat: () => this.#beat(attempt),
      spawned: (pid) => {
        attempt.spawned = true;
        this.#reports.spawned(attemptId, pid);
      },
      end: (ended) => this.#ended(attempt, ended),
    });
    attempt.execution = execution;
  }

  cancel(attemptId: string, reason: string, graceMs?: number): void {
    this.#stop(attemptId, 'canceled', reason === '' ? 'canceled' : `canceled: ${reason}`, graceMs);
  }

  /** The attempt belongs to someone else by now: its end must come within the lease's margin. */
  abandon(attemptId: string): void {
    this.#stop(attemptId, 'abandoned', 'the attempt is no longer of this worker');
  }

  /** Abandons everything; resolves when nothing runs any more. */
  abandonAll(): Promise<void> {
    for (const attemptId of this.#running.keys()) this.abandon(attemptId);
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #overTime(attemptId: string): void {
    const limitMs = this.#running.get(attemptId)?.assign.runTimeoutMs ?? 0;
    this.#stop(attemptId, 'timed-out', `over its time limit of ${formatDuration(limitMs)}`);
  }

  #beat({ assign: { attemptId, heartbeatTimeoutMs }, stop }: RunningAttempt): void {
    if (heartbeatTimeoutMs === null || heartbeatTimeoutMs === undefined || stop !== null) return;
    if (this.#running.has(attemptId)) this.#silences.set(attemptId, heartbeatTimeoutMs);
  }

  #silent(attemptId: string): void {
    const limitMs = this.#running.get(attemptId)?.assign.heartbeatTimeoutMs ?? 0;
    this.#stop(attemptId, 'silent', `no sign of progress for ${formatDuration(limitMs)}`);
  }

  #stop(attemptId: string, cause: StopCause, reason: string, wantedGraceMs?: number): void {
    const attempt = this.#running.get(attemptId);
    if (attempt === undefined) return;
    const { stop, assign, execution } = attempt;
    // An attempt that is being stopped can still be abandoned: then it must not report.
    if (stop !== null && cause !== 'abandoned') {
      // Nor does a second reason to stop change the outcome; it may only leave less time.
      if (wantedGraceMs !== undefined) execution?.stop(stop.reason, wantedGraceMs);
      return;
    }
    attempt.stop = { cause, reason };
    this.#timeLimits.clear(attemptId);
    this.#silences.clear(attemptId);
    const mostMs = cause === 'abandoned' ? workerLimits.abandonGraceMs : (wantedGraceMs ?? assign.killGraceMs);
    const graceMs = Math.min(assign.killGraceMs, mostMs);
    execution?.stop(reason, graceMs);
  }

  #log(attempt: RunningAttempt, stream: LogStream, text: string): void {
    // The first chunk over the bound still goes, because the session marks the cut.
    if (attempt.logBytes > limits.logAttemptBytes || attempt.stop?.cause === 'abandoned') return;
    attempt.logBytes += utf8Bytes(text);
    this.#reports.log(attempt.assign.attemptId, stream, this.#sinceStart(attempt), text);
  }

  #sinceStart(attempt: RunningAttempt): number {
    return Math.max(0, Math.round(this.#clock.monotonicMs() - attempt.startedAt));
  }

  #ended(attempt: RunningAttempt, ended: Ended): void {
    const { attemptId } = attempt.assign;
    if (this.#running.get(attemptId) !== attempt) return;
    this.#running.delete(attemptId);
    this.#timeLimits.clear(attemptId);
    this.#silences.clear(attemptId);
    if (attempt.stop?.cause !== 'abandoned') {
      this.#reports.result({ attemptId, ...verdictOf(attempt.stop, ended), durationMs: this.#sinceStart(attempt) });
    }
    if (attempt.spawned) this.#reports.gone(attemptId);
    if (this.#running.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

const errorKinds = { canceled: 'canceled', 'timed-out': 'timeout', silent: 'heartbeat-timeout' } as const;

type Verdict = Pick<AttemptResult, 'outcome' | 'output' | 'error'>;

function verdictOf(stop: RunningAttempt['stop'], ended: Ended): Verdict {
  if (stop !== null && stop.cause !== 'abandoned') {
    const { cause, reason } = stop;
    const note = ended.kind === 'stopped' ? ended.note : ended.kind === 'failed' ? ended.error.message : '';
    const error = {
      kind: errorKinds[cause],
      message: note === '' ? reason : `${reason}; ${note}`,
    };
    return { outcome: cause === 'silent' ? 'timed-out' : cause, output: null, error: bounded(error) };
  }
  if (ended.kind === 'done') return doneOrTooLarge(ended.output);
  const error = ended.kind === 'failed' ? ended.error : { kind: 'stopped', message: ended.note };
  return { outcome: 'failed', output: null, error: bounded(error) };
}

function doneOrTooLarge(output: string | null): Verdict {
  if (output === null || output.length * 3 <= limits.outputBytes) return { outcome: 'succeeded', output, error: null };
  const bytes = utf8Bytes(output);
  if (bytes <= limits.outputBytes) return { outcome: 'succeeded', output, error: null };
  const message = `the output has ${bytes} bytes; at most ${limits.outputBytes} are kept. Store it elsewhere and return a reference.`;
  return { outcome: 'failed', output: null, error: { kind: 'output-too-large', message } };
}

/** Message and stack together within the bound, the message first. */
function bounded(error: RunError): RunError {
  const message = shortened(error.message, limits.errorBytes);
  if (error.stack === undefined) return { kind: error.kind, message };
  const room = limits.errorBytes - utf8Bytes(message);
  return room < 100
    ? { kind: error.kind, message }
    : { kind: error.kind, message, stack: shortened(error.stack, room) };
}
