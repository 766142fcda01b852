// Runs attempts on paper: each takes a time and ends in a way that the seed chooses within what its job is known for.
// Starts and ends are written into the ground truth as they happen on this worker, whatever anyone believes elsewhere.

import type { Assign, ReportedOutcome } from '@tidewheel/protocol';
import type { Runner, WorkerSession } from '@tidewheel/sdk';
import type { Behaviour } from './behaviour.ts';
import type { Execution, GroundTruth } from './ground-truth.ts';
import type { MainThread } from './main-thread.ts';
import type { SimProcess } from './sim-process.ts';
import type { ScheduledEvent, VirtualTime } from './virtual-time.ts';

export interface RunnerDeps {
  process: SimProcess;
  main: MainThread;
  time: VirtualTime;
  truth: GroundTruth;
  behaviourOf: (namespace: string, job: string) => Behaviour;
  /** The attempt takes its worker process with it. */
  killWorker: () => void;
}

/** What an attempt writes: each line says whose it is, and which. */
export function lineOf(attemptId: string, line: number): string {
  return `${attemptId} ${line}`;
}

interface Running {
  execution: Execution;
  behaviour: Behaviour;
  killGraceMs: number;
  timers: ScheduledEvent[];
  stopping: boolean;
}

export class SimRunner implements Runner {
  readonly #deps: RunnerDeps;
  readonly #running = new Map<string, Running>();
  /** Messages between the threads, in order: each event takes the first. */
  readonly #inbox: { act: () => void; abandons: string | null }[] = [];
  #session: WorkerSession | null = null;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    deps.process.onEnd(() => this.#processGone());
  }

  /** The session that results go to. The two need each other, so one is given later. */
  reportTo(session: WorkerSession): void {
    this.#session = session;
  }

  start(assign: Assign): void {
    this.#tell('start', () => {
      // As with a real runner: what has been abandoned while the loop stood still is not begun.
      if (!this.#inbox.some(({ abandons }) => abandons === assign.attemptId)) this.#start(assign);
    });
  }

  cancel(attemptId: string, _reason: string, graceMs?: number): void {
    this.#tell('cancel', () => {
      const running = this.#running.get(attemptId);
      if (running !== undefined) this.#stop(running, 'canceled', graceMs);
    });
  }

  abandon(attemptId: string): void {
    this.#tell('abandon', () => this.#abandon(attemptId), attemptId);
  }

  mainSeq(): number {
    return this.#deps.main.pulse;
  }

  stats(): { loopLagMs: number } {
    return { loopLagMs: 0 };
  }

  #start(assign: Assign): void {
    const { process, time, truth, behaviourOf } = this.#deps;
    const execution: Execution = {
      runId: assign.runId,
      attemptId: assign.attemptId,
      attempt: assign.attempt,
      job: assign.job,
      schedule: assign.schedule,
      fireAt: assign.fireAt,
      namespace: assign.namespace,
      worker: process.name,
      life: process.life,
      startedAt: time.now,
      payload: assign.payload,
      end: null,
      cutOffAt: null,
      logLines: 0,
    };
    truth.executions.push(execution);
    time.trace.add(time.now, process.name, `starts ${assign.job} ${assign.attemptId}`);
    const behaviour = behaviourOf(assign.namespace, assign.job);
    const running: Running = { execution, behaviour, killGraceMs: assign.killGraceMs, timers: [], stopping: false };
    this.#running.set(assign.attemptId, running);
    // As with a real runner, the start is told from a later turn of the loop.
    this.#later(running, 0, 'attempt started', () => {
      this.#session?.started(assign.attemptId);
      if (behaviour.logLines > 0) this.#log(execution, 0);
    });
    this.#plan(running, assign);
  }

  // The session lives in another thread: what it asks for reaches this one when its loop turns, in the order of asking.
  #tell(what: string, act: () => void, abandons: string | null = null): void {
    this.#inbox.push({ act, abandons });
    this.#deps.main.after(0, what, () => this.#inbox.shift()?.act());
  }

  #abandon(attemptId: string): void {
    const running = this.#running.get(attemptId);
    if (running === undefined) return;
    this.#forget(running);
    running.execution.cutOffAt = this.#deps.time.now;
    this.#deps.time.trace.add(this.#deps.time.now, this.#deps.process.name, `abandons ${attemptId}`);
  }

  #plan(running: Running, assign: Assign): void {
    const { random } = this.#deps.process;
    const { behaviour } = running;
    if (assign.runTimeoutMs !== null)
      this.#later(running, assign.runTimeoutMs, 'run timeout', () => this.#stop(running, 'timed-out'));
    if (random.chance(behaviour.killShare)) {
      this.#later(running, random.spread(...behaviour.durationMs), 'attempt kills its worker', this.#deps.killWorker);
    } else if (!behaviour.endless) {
      const outcome = random.chance(behaviour.failShare) ? 'failed' : 'succeeded';
      this.#later(running, random.spread(...behaviour.durationMs), `attempt ${outcome}`, () =>
        this.#end(running, outcome),
      );
    }
  }

  #stop(running: Running, outcome: 'canceled' | 'timed-out', wantedGraceMs = running.killGraceMs): void {
    const graceMs = Math.min(wantedGraceMs, running.killGraceMs);
    if (running.stopping) {
      // A second wish to stop it can only leave less time.
      if (graceMs < running.killGraceMs)
        this.#later(running, graceMs, `attempt ${outcome}`, () => this.#end(running, outcome));
      return;
    }
    running.stopping = true;
    const { random } = this.#deps.process;
    // Some obey at once, some have to be killed.
    const delay = random.chance(0.7) ? random.between(0, 50) : graceMs;
    this.#later(running, delay, `attempt ${outcome}`, () => this.#end(running, outcome));
  }

  #end(running: Running, outcome: ReportedOutcome): void {
    const { time, process } = this.#deps;
    const { execution, behaviour } = running;
    this.#forget(running);
    execution.end = { at: time.now, outcome };
    time.trace.add(time.now, process.name, `ends ${execution.attemptId} ${outcome}`);
    const durationMs = time.now - execution.startedAt;
    while (execution.logLines < behaviour.logLines) this.#log(execution, durationMs);
    this.#session?.result({
      attemptId: execution.attemptId,
      outcome,
      output: outcome === 'succeeded' ? JSON.stringify({ by: execution.attemptId }) : null,
      error:
        outcome === 'succeeded'
          ? null
          : { kind: outcome === 'failed' ? 'thrown' : outcome, message: `${execution.job} ${outcome}` },
      durationMs,
    });
  }

  #log(execution: Execution, offsetMs: number): void {
    execution.logLines += 1;
    this.#session?.log(execution.attemptId, 'stdout', offsetMs, lineOf(execution.attemptId, execution.logLines));
  }

  #later(running: Running, delayMs: number, what: string, run: () => void): void {
    running.timers.push(this.#deps.main.after(delayMs, what, run));
  }

  #forget(running: Running): void {
    this.#running.delete(running.execution.attemptId);
    for (const timer of running.timers) timer.canceled = true;
  }

  #processGone(): void {
    for (const running of this.#running.values()) running.execution.cutOffAt = this.#deps.time.now;
    this.#running.clear();
  }
}
