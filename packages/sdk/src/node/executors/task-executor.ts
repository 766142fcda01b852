// Runs SDK tasks in this process. What a task leaves behind (timers, promises) is attributed to its attempt by an
// AsyncLocalStorage, so that an exception nobody caught fails that attempt and no other.

import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';
import type { Assign, RunError } from '@tidewheel/protocol';
import { check, describeFaults, type Checked } from '../../schema.ts';
import type { RunContext, Task, TaskArguments, TaskLog } from '../../task.ts';
import type { Execution, ExecutionReport, Executor } from '../../worker/executor.ts';
import type { WorkerClock, WorkerTimer } from '../../worker/session-ports.ts';

/** `ended`: the attempt was over already, so it can be failed no more. */
export type Attribution = 'failed' | 'ended' | 'nobody';

export class TaskExecutor implements Executor {
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #clock: WorkerClock;
  readonly #current = new AsyncLocalStorage<TaskExecution>();

  constructor(tasks: ReadonlyMap<string, Task>, clock: WorkerClock) {
    this.#tasks = tasks;
    this.#clock = clock;
  }

  start(assign: Assign, report: ExecutionReport): Execution {
    const id = assign.handler.kind === 'task' ? assign.handler.task : '';
    const execution = new TaskExecution(assign, report, this.#clock);
    const task = this.#tasks.get(id);
    if (task === undefined) execution.fail({ kind: 'no-task', message: `this worker has no task "${id}"` });
    else this.#current.run(execution, () => execution.begin(task));
    return execution;
  }

  /** Called for an exception or rejection that nobody caught, in the context in which it was raised. */
  attribute(error: unknown): { to: Attribution; runId: string | null } {
    const execution = this.#current.getStore();
    if (execution === undefined) return { to: 'nobody', runId: null };
    const to = execution.ended ? 'ended' : 'failed';
    execution.crash(error);
    return { to, runId: execution.runId };
  }
}

class TaskExecution implements Execution {
  readonly #assign: Assign;
  readonly #report: ExecutionReport;
  readonly #clock: WorkerClock;
  /** Made when first asked for: most tasks never look at their signal. */
  #abort: AbortController | null = null;
  #stopReason: Error | null = null;
  #patience: WorkerTimer | null = null;
  ended = false;

  constructor(assign: Assign, report: ExecutionReport, clock: WorkerClock) {
    this.#assign = assign;
    this.#report = report;
    this.#clock = clock;
  }

  get runId(): string {
    return this.#assign.runId;
  }

  begin(task: Task): void {
    try {
      const { payload } = this.#assign;
      const value: unknown = payload === null ? undefined : JSON.parse(payload);
      const checked = task.input === undefined ? { ok: true as const, value } : check(task.input, value);
      if (checked instanceof Promise)
        checked.then((late) => this.#checked(task, late)).catch((error: unknown) => this.#thrown(error));
      else this.#checked(task, checked);
    } catch (error) {
      this.#thrown(error);
    }
  }

  stop(reason: string, graceMs: number): void {
    if (this.ended) return;
    this.#stopReason ??= new DOMException(reason, 'AbortError');
    this.#abort?.abort(this.#stopReason);
    this.#patience?.cancel();
    this.#patience = this.#clock.timer(graceMs, () => {
      this.#end({ kind: 'stopped', note: 'still running: it ignored the abort signal' });
    });
  }

  fail(error: RunError): void {
    this.#end({ kind: 'failed', error });
  }

  crash(error: unknown): void {
    this.fail({ ...errorOf(error), kind: 'uncaught' });
    this.#abort?.abort(error);
  }

  #checked(task: Task, input: Checked): void {
    if (!input.ok) {
      this.fail({ kind: 'input-invalid', message: describeFaults(input.faults) });
      return;
    }
    if (this.ended) return;
    const result = task.run(this.#arguments(input.value) as TaskArguments<never>);
    if (result instanceof Promise || isThenable(result)) {
      Promise.resolve(result)
        .then((value: unknown) => this.#returned(task, value))
        .catch((error: unknown) => this.#thrown(error));
    } else this.#returned(task, result);
  }

  #returned(task: Task, value: unknown): void {
    if (task.output === undefined) {
      this.#done(value);
      return;
    }
    const checked = check(task.output, value);
    if (checked instanceof Promise)
      checked.then((late) => this.#judged(late)).catch((error: unknown) => this.#thrown(error));
    else this.#judged(checked);
  }

  #judged(output: Checked): void {
    if (output.ok) this.#done(output.value);
    else this.fail({ kind: 'output-invalid', message: describeFaults(output.faults) });
  }

  #done(value: unknown): void {
    let output: string | null;
    try {
      output = (JSON.stringify(value) as string | undefined) ?? null;
    } catch (error) {
      this.fail({ kind: 'output-invalid', message: `the output is not JSON: ${errorOf(error).message}` });
      return;
    }
    this.#end({ kind: 'done', output });
  }

  #thrown(error: unknown): void {
    if (this.#stopReason === null) this.fail(errorOf(error));
    else this.#end({ kind: 'stopped', note: error === this.#stopReason ? '' : errorOf(error).message });
  }

  #end(ended: Parameters<ExecutionReport['end']>[0]): void {
    if (this.ended) return;
    this.ended = true;
    this.#patience?.cancel();
    this.#report.end(ended);
  }

  #signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#stopReason !== null) this.#abort.abort(this.#stopReason);
    }
    return this.#abort.signal;
  }

  #arguments(input: unknown): TaskArguments<unknown> {
    const signal = (): AbortSignal => this.#signal();
    return {
      input,
      ctx: contextOf(this.#assign, this.#report),
      log: taskLog((text) => this.#report.log('log', text)),
      get signal() {
        return signal();
      },
    };
  }
}

function contextOf(assign: Assign, report: ExecutionReport): RunContext {
  const { runId, attempt, attemptsMax, attemptId, namespace, job, schedule, fireAt } = assign;
  const { previousFireAt = null, nextFireAt = null } = assign;
  let told = '';
  return {
    runId,
    attempt,
    attemptsMax,
    attemptId,
    namespace,
    job,
    schedule,
    fireAt,
    previousFireAt,
    nextFireAt,
    heartbeat: () => report.beat(),
    progress: (done, message = '') => {
      const percent = Math.floor(100 * Math.min(1, Math.max(0, done)));
      const line = `progress: ${percent} %${message === '' ? '' : ` ${message}`}\n`;
      if (line === told) report.beat();
      else report.log('log', line);
      told = line;
    },
  };
}

function taskLog(write: (text: string) => void): TaskLog {
  const line =
    (prefix: string) =>
    (...values: unknown[]): void =>
      write(`${prefix}${format(...values)}\n`);
  return { debug: line('debug: '), info: line(''), warn: line('warning: '), error: line('error: ') };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function errorOf(error: unknown): RunError {
  if (!(error instanceof Error)) return { kind: 'thrown', message: format('%s', error) };
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return {
    kind: 'thrown',
    message: `${error.message || error.name}${cause}`,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}
