// The attempts of one worker between its runner and its masters: the book says which are held, the outbox what is still to be
// told of them. Everything here may happen twice, and late; whatever concerns an attempt that is not held has no effect.

import { forgottenKind, limits } from '@tidewheel/protocol';
import type { Assign, LogStream, Result, WorkerMessage } from '@tidewheel/protocol';
import { AttemptBook } from './attempt-book.ts';
import { Outbox } from './outbox.ts';
import type { Runner, WorkerClock } from './session-ports.ts';
import { utf8Bytes, utf8Cut } from './text-size.ts';
import { workerLimits } from './worker-limits.ts';

export type AttemptResult = Pick<Result, 'attemptId' | 'outcome' | 'output' | 'error' | 'durationMs' | 'usage'>;

export class Attempts {
  readonly #runner: Runner;
  readonly #clock: WorkerClock;
  readonly #book: AttemptBook;
  readonly #outbox = new Outbox();
  /** Unacknowledged results of earlier incarnations, sent only for the record. */
  readonly #past = new Set<string>();

  constructor(slots: number, runner: Runner, clock: WorkerClock) {
    this.#book = new AttemptBook(slots);
    this.#runner = runner;
    this.#clock = clock;
  }

  get free(): number {
    return this.#book.free;
  }

  get holding(): string[] {
    return this.#book.holding();
  }

  /** Nothing runs, nothing waits, and the master knows everything. */
  get allSettled(): boolean {
    return this.#book.empty && this.#outbox.empty;
  }

  // ── From the master ──

  assigned(assign: Assign): void {
    const taken = this.#book.accept(assign);
    if (taken === 'start') this.#runner.start(assign);
    if (taken === 'running' || taken === 'finished') {
      this.#outbox.repeat(assign.runId, assign.attemptId, taken === 'running', this.#clock.monotonicMs());
    }
    // Usually the repetition of an assignment. But a store that lost its newest commits waits for it, and would for ever.
    if (taken === 'over') this.#sayForgotten(assign);
  }

  #sayForgotten({ runId, attemptId }: Assign): void {
    const error = {
      kind: forgottenKind,
      message: 'this attempt is over for its worker: it was acknowledged, or taken away',
    };
    const result: Result = { type: 'result', runId, attemptId, outcome: 'failed', output: null, error, durationMs: 0 };
    this.#outbox.result(result, this.#clock.monotonicMs());
  }

  cancel(attemptId: string, reason: string, graceMs?: number): void {
    const cancel = this.#book.cancel(attemptId, graceMs);
    if (cancel === 'stop') this.#runner.cancel(attemptId, reason, graceMs);
    if (cancel === 'never-started') {
      const error = { kind: 'canceled', message: 'canceled before it had started' };
      this.finished({ attemptId, outcome: 'canceled', output: null, error, durationMs: 0 });
    }
  }

  /** The results are settled, one way or the other. */
  acknowledged(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      this.#past.delete(attemptId);
      this.#outbox.settled(attemptId);
      if (this.#book.remove(attemptId)) this.#runner.abandon(attemptId);
    }
    this.#startWaiting();
  }

  logsStored(attemptId: string, seq: number): void {
    this.#outbox.logsStored(attemptId, seq);
  }

  /** These attempts are not ours any more. */
  takenAway(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      this.#past.delete(attemptId);
      this.#outbox.forget(attemptId);
      if (this.#book.remove(attemptId)) this.#runner.abandon(attemptId);
    }
    this.#startWaiting();
  }

  /** None is ours any more. Results that were finished are kept for the record. Gives the number of attempts that were stopped. */
  abandonAll(): number {
    const { running, waiting, finished } = this.#book.clear();
    for (const attemptId of [...running, ...waiting]) this.#outbox.forget(attemptId);
    for (const attemptId of finished) {
      const keep = this.#past.size < workerLimits.resultsOfThePast;
      this.#outbox.forget(attemptId, keep);
      if (keep) this.#past.add(attemptId);
    }
    for (const attemptId of running) this.#runner.abandon(attemptId);
    return running.length;
  }

  // ── From the runner ──

  started(attemptId: string): void {
    const runId = this.#book.runningRunId(attemptId);
    if (runId !== undefined) this.#outbox.started(runId, attemptId);
  }

  log(attemptId: string, stream: LogStream, offsetMs: number, text: string): void {
    const runId = this.#book.runningRunId(attemptId);
    if (runId === undefined) return;
    if (text.length * 3 <= limits.logChunkBytes || utf8Bytes(text) <= limits.logChunkBytes) {
      this.#outbox.log(runId, attemptId, stream, offsetMs, text);
      return;
    }
    for (let from = 0; from < text.length; ) {
      const to = utf8Cut(text, from, limits.logChunkBytes);
      this.#outbox.log(runId, attemptId, stream, offsetMs, text.slice(from, to));
      from = to;
    }
  }

  finished(result: AttemptResult): void {
    const runId = this.#book.finish(result.attemptId);
    if (runId === undefined) return;
    this.#outbox.result({ type: 'result', runId, ...result }, this.#clock.monotonicMs());
    this.#startWaiting();
  }

  // ── To the master ──

  /** A new connection: all that is not acknowledged is told again. */
  rewind(): void {
    this.#outbox.rewind(this.#book.runningAttempts(), this.#clock.monotonicMs());
  }

  retryLate(patienceMs: number): void {
    this.#outbox.retryLate(this.#clock.monotonicMs(), patienceMs);
  }

  takeMessages(): WorkerMessage[] {
    return this.#outbox.take(this.#clock.monotonicMs());
  }

  #startWaiting(): void {
    for (let assign = this.#book.nextWaiting(); assign !== null; assign = this.#book.nextWaiting()) {
      this.#runner.start(assign);
    }
  }
}
