// A run that was triggered: look at it, wait for its result, stop it.

import { isFinal, Refusal, type RunError, type RunState, type RunView } from '@tidewheel/protocol';
import { clientLimits, sleep } from './client-ports.ts';
import type { CancelAnswer, RunsApi } from './runs-api.ts';

/** The run ended in another way than by success. */
export class RunFailed extends Error {
  readonly runId: string;
  readonly state: RunState;
  readonly run: RunView;
  /** What the last attempt reported, if it reported. */
  readonly error: RunError | null;

  constructor(run: RunView) {
    super(`run ${run.id} of ${run.job} ${run.state}${run.error === null ? '' : `: ${run.error.message}`}`);
    this.name = 'RunFailed';
    this.runId = run.id;
    this.state = run.state;
    this.run = run;
    this.error = run.error;
  }
}

export interface WaitOptions {
  /** Without it the wait has no end. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export class RunHandle<Output = unknown> {
  readonly id: string;
  /** False when the idempotency key named a run that was there before. */
  readonly created: boolean;
  readonly #runs: RunsApi;

  constructor(id: string, created: boolean, runs: RunsApi) {
    this.id = id;
    this.created = created;
    this.#runs = runs;
  }

  status(): Promise<RunView> {
    return this.#runs.get(this.id);
  }

  cancel(reason = ''): Promise<CancelAnswer> {
    return this.#runs.cancel(this.id, reason);
  }

  /** The run once it is final, however it ended. Refusal WAIT_TIMED_OUT when it goes on for longer. */
  async finished(options: WaitOptions = {}): Promise<RunView> {
    const { clock } = this.#runs.ports;
    const until = clock.monotonicMs() + (options.timeoutMs ?? Infinity);
    for (let waitMs: number = clientLimits.pollFirstMs; ; waitMs = Math.min(waitMs * 1.5, clientLimits.pollMaxMs)) {
      const run = await this.status();
      if (isFinal(run.state)) return run;
      const leftMs = until - clock.monotonicMs();
      if (leftMs <= 0) throw new Refusal('WAIT_TIMED_OUT', `run ${this.id} is still ${run.state}`);
      await sleep(clock, Math.min(waitMs, leftMs), options.signal);
    }
  }

  /** What the task returned, as JSON carries it. Throws RunFailed when the run did not succeed. */
  async result(options: WaitOptions = {}): Promise<Output> {
    const run = await this.finished(options);
    if (run.state !== 'succeeded') throw new RunFailed(run);
    return run.output as Output;
  }
}
