// The worker as programs use it: registers its tasks, keeps a session with some master, runs what it is given, and leaves
// without losing anything.

import { url as inspectorUrl } from 'node:inspector';
import { errorCatalogue, parseDuration, probeTask, Refusal } from '@tidewheel/protocol';
import { connectionOf } from '../client/configuration.ts';
import type { Calendar } from '../calendar.ts';
import { applyOf, definitionsOf, type Definitions, type RegistrationOptions } from '../definitions.ts';
import type { Schedule } from '../schedule.ts';
import { task, type Task } from '../task.ts';
import { reconnectDelayMs } from '../worker/addresses.ts';
import { AttemptRunner, type Executors } from '../worker/attempt-runner.ts';
import type { SessionEnd, WorkerLog, WorkerSettings } from '../worker/session-ports.ts';
import { createClient, type ClientOptions } from './create-client.ts';
import { HttpExecutor } from './executors/http-executor.ts';
import { ShellExecutor } from './executors/shell-executor.ts';
import { TaskExecutor } from './executors/task-executor.ts';
import { watchProcess } from './process-watch.ts';
import { SessionThread } from './session-thread.ts';
import { stderrLog } from './stderr-log.ts';
import { systemClock, systemRandom } from './system-clock.ts';
import { settingsOf, type WorkerFacts } from './worker-settings.ts';

export interface WorkerOptions extends Omit<ClientOptions, 'fetch'>, WorkerFacts, RegistrationOptions {
  tasks?: readonly Task[] | undefined;
  /** They bring their tasks along. */
  schedules?: readonly Schedule[] | undefined;
  calendars?: readonly Calendar[] | undefined;
  /** Makes the tasks known as jobs when the worker starts; on unless it is set to false. */
  register?: boolean | undefined;
  /** How long a drain may take before what still runs is abandoned: `'30s'` unless given. */
  drainTimeout?: string | number | undefined;
  /** SIGTERM and SIGINT drain, the second one stops at once; on unless it is set to false. */
  handleSignals?: boolean | undefined;
  /** Exceptions that nobody caught fail the attempt that they come from; on unless it is set to false. */
  handleUncaught?: boolean | undefined;
  /**
   * A main loop that stands still for five seconds is hung. `'report'` (unless given): the worker says where, and takes no work
   * until it moves. `'exit'`: the process is ended, so that a supervisor can start it anew and its runs go elsewhere.
   */
  onHang?: 'report' | 'exit' | undefined;
  /** For supervisors: the descriptor of a pipe over which the worker tells how it is; see `superviseWorker`. */
  notesFd?: number | undefined;
  log?: WorkerLog | undefined;
}

/** What masters try the whole path with: it must cross the main loop, as every task does. */
const probe = task({ id: probeTask, run: () => null });

export function worker(options: WorkerOptions): Worker {
  return new Worker(options);
}

export class Worker {
  readonly name: string;
  readonly #options: WorkerOptions;
  readonly #settings: WorkerSettings;
  readonly #definitions: Definitions;
  readonly #connection: ReturnType<typeof connectionOf>;
  readonly #drainMs: number;
  readonly #log: WorkerLog;
  readonly #tasks: TaskExecutor;
  readonly #closed = Promise.withResolvers<SessionEnd>();
  #thread: SessionThread | null = null;
  #runner: AttemptRunner | null = null;
  #starting: Promise<this> | null = null;
  #leaving: 'no' | 'drain' | 'stop' = 'no';
  #endWatch: () => void = () => undefined;

  /** Throws a Refusal when the options are invalid. */
  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#log = options.log ?? stderrLog;
    this.#connection = connectionOf(options, process.env);
    this.#definitions = definitionsOf(options.tasks ?? [], options.schedules ?? [], options.calendars ?? []);
    this.#settings = settingsOf(options, this.#definitions.tasks.keys(), this.#connection.addresses);
    this.#drainMs = drainMsOf(options.drainTimeout ?? '30s');
    // Known to masters by itself, so it is not registered as a job of this namespace.
    this.#tasks = new TaskExecutor(new Map([...this.#definitions.tasks, [probe.id, probe]]), systemClock);
    this.name = this.#settings.worker;
    // `start` and the log tell of a failure too.
    this.#closed.promise.catch(() => undefined);
  }

  /** Resolves once with how it ended; rejects when the worker broke. */
  get closed(): Promise<SessionEnd> {
    return this.#closed.promise;
  }

  /** Resolves when a master has welcomed the worker; waits for one for as long as it takes. Rejects when it is refused. */
  start(): Promise<this> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** No new work; what runs may finish, until the drain timeout. */
  async drain(): Promise<void> {
    if (this.#leaving === 'no') this.#leaving = 'drain';
    if (this.#thread === null) this.#end({ kind: 'drained' });
    else {
      this.#thread.drain();
      const timer = systemClock.timer(this.#drainMs, () => {
        this.#log.warn('the drain takes too long: what still runs is abandoned', { afterMs: this.#drainMs });
        void this.stop();
      });
      await this.#closed.promise.finally(() => timer.cancel());
    }
  }

  /** Stops what runs, then says goodbye, so that masters can give the attempts to others at once. */
  async stop(): Promise<void> {
    const first = this.#leaving !== 'stop';
    this.#leaving = 'stop';
    const thread = this.#thread;
    if (thread === null) this.#end({ kind: 'stopped' });
    else if (first) {
      thread.drain();
      await this.#runner?.abandonAll();
      thread.stop();
    }
    await this.#closed.promise;
  }

  async #start(): Promise<this> {
    const { handleSignals = true, handleUncaught = true, register = true } = this.#options;
    const attribute = (error: unknown): ReturnType<TaskExecutor['attribute']> => this.#tasks.attribute(error);
    this.#endWatch = watchProcess(
      { drain: () => this.drain(), stop: () => this.stop(), attribute },
      { signals: handleSignals, uncaught: handleUncaught, log: this.#log },
    );
    try {
      const { jobs, calendars } = this.#definitions;
      if (register && jobs.length + calendars.length > 0) await this.#register();
      if (this.#leaving === 'no') await this.#connect();
    } catch (error) {
      this.#endWatch();
      throw error;
    }
    return this;
  }

  /** Keeps asking while no master can answer; refusals of another kind end it. */
  async #register(): Promise<void> {
    const { address, addresses, token, namespace } = this.#options;
    const client = createClient({ address, addresses, token, namespace });
    for (let failures = 0; this.#leaving === 'no'; failures += 1) {
      try {
        const { changes } = await client.apply(applyOf(this.#definitions, this.#options));
        const changed = changes
          .filter(({ action }) => action !== 'unchanged')
          .map(({ action, kind, name }) => `${action} ${kind} ${name}`);
        if (changed.length > 0) this.#log.info('registered', { changes: changed.join(', ') });
        return;
      } catch (error) {
        if (!(error instanceof Refusal) || !errorCatalogue[error.code].retryable) throw error;
        const delayMs = reconnectDelayMs(failures, systemRandom.fraction());
        this.#log.warn('the tasks could not be registered yet', {
          reason: error.message,
          nextTryInMs: Math.round(delayMs),
        });
        await new Promise<void>((resolve) => systemClock.timer(delayMs, resolve));
      }
    }
  }

  async #connect(): Promise<void> {
    const { onHang = 'report', notesFd = null } = this.#options;
    const care = { onHang: mayBeDebugged() ? 'ignore' : onHang, notesFd } as const;
    const thread = new SessionThread(this.#settings, this.#connection, care, this.#log);
    this.#thread = thread;
    this.#runner = new AttemptRunner(this.#executors(), thread.reports, systemClock);
    thread.runBy(this.#runner);
    thread.closed.then(
      (end) => this.#end(end),
      (error: unknown) => void this.#break(error),
    );
    await thread.ready;
  }

  #executors(): Executors {
    const wanted = new Set(this.#options.executors);
    return {
      task: this.#tasks,
      ...(wanted.has('shell') ? { shell: new ShellExecutor(systemClock) } : {}),
      ...(wanted.has('http') ? { http: new HttpExecutor(systemClock) } : {}),
    };
  }

  #end(end: SessionEnd): void {
    this.#endWatch();
    if (end.kind === 'refused') {
      this.#log.error('no master will have this worker', { code: end.refusal.code, reason: end.refusal.message });
      process.exitCode = 1;
    }
    this.#closed.resolve(end);
  }

  /** Nobody keeps the lease any more, so nothing may go on. */
  async #break(error: unknown): Promise<void> {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error('the I/O thread of the worker broke: everything it ran is abandoned', { error: text });
    process.exitCode = 1;
    await this.#runner?.abandonAll();
    this.#endWatch();
    this.#closed.reject(error as Error);
  }
}

/** A main loop that stands at a breakpoint does not hang. */
function mayBeDebugged(): boolean {
  return process.execArgv.some((flag) => flag.startsWith('--inspect')) || inspectorUrl() !== undefined;
}

function drainMsOf(timeout: string | number): number {
  const ms = typeof timeout === 'number' ? timeout : parseDuration(timeout);
  if (ms === null)
    throw new Refusal('INVALID_CONFIG', `drainTimeout "${timeout}" is not a duration; write for example 30s`);
  return ms;
}
