// Settles what workers report: logs, starts and results of all connected workers share transactions.
//
// Order within a transaction: logs first, because a result ends the attempt's right to write. Nothing is acknowledged before
// the commit. A batch whose outcome is unknown is simply done again: every report is a compare-and-set that recognises itself.
// What cannot be stored now stays here, bounded, and the worker keeps it too until it is acknowledged.

import type { LogMessage } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { sleep } from '../ports/clock.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import {
  logsAppend,
  resultsAccept,
  runsStarted,
  type Reported,
  type SessionResult,
  type Verdict,
} from '../store/runs-report.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { announceFreed } from './fired.ts';
import { isPassing, type Service } from './service.ts';

export interface ReportSink {
  logsStored(sessionId: string, attemptId: string, seq: number): void;
  settled(sessionId: string, attemptId: string, verdict: Verdict): void;
}

interface SessionLog {
  sessionId: string;
  log: LogMessage;
}

interface Batch {
  logs: SessionLog[];
  results: SessionResult[];
  starts: Start[];
}

interface Start {
  runId: string;
  attemptId: string;
  atMs: number;
}

/** Starts of attempts that end sooner than this are never written: their result tells it. */
const startQuietMs = 300;
const retryMs = 200;

export class Reports implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #sink: ReportSink;
  #logs: SessionLog[] = [];
  #logBytes = 0;
  #results: SessionResult[] = [];
  readonly #starts = new Map<string, Start>();
  #startsDue = false;
  #startTimer = false;
  #pump: Promise<void> | null = null;
  #stopped = false;

  constructor(context: MasterContext, changes: Changes, sink: ReportSink) {
    this.#context = context;
    this.#changes = changes;
    this.#sink = sink;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Settles what is here, as far as the store answers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#pump;
  }

  /** False when too much waits: the worker is not acknowledged and sends it again. */
  log(sessionId: string, log: LogMessage): boolean {
    if (this.#logBytes + log.text.length > serverLimits.logWaitingBytes) return false;
    this.#logBytes += log.text.length;
    this.#logs.push({ sessionId, log });
    this.#go();
    return true;
  }

  result(result: SessionResult): void {
    this.#starts.delete(result.attemptId);
    this.#results.push(result);
    this.#go();
  }

  started(runId: string, attemptId: string): void {
    this.#starts.set(attemptId, { runId, attemptId, atMs: this.#context.clock.monotonicMs() });
    if (this.#startTimer) return;
    this.#startTimer = true;
    this.#context.clock.timer(
      startQuietMs,
      () => {
        this.#startTimer = false;
        this.#startsDue = this.#starts.size > 0;
        this.#go();
      },
      { background: true },
    );
  }

  #go(): void {
    if (!this.#stopped) this.#pump ??= this.#run();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#logs.length + this.#results.length > 0 || this.#startsDue) {
      const batch = this.#take();
      if (!(await this.#settle(batch))) break;
    }
    this.#pump = null;
  }

  #take(): Batch {
    const logs = this.#logs.splice(0, serverLimits.logChunks);
    for (const { log } of logs) this.#logBytes -= log.text.length;
    // A result may go only when all logs that came before it go too.
    const results = this.#logs.length > 0 ? [] : this.#results.splice(0, serverLimits.completionResults);
    const starts = this.#startsDue ? [...this.#starts.values()] : [];
    if (this.#startsDue) this.#starts.clear();
    this.#startsDue = false;
    return { logs, results, starts };
  }

  /** False when the service was stopped before the store answered. */
  async #settle(batch: Batch): Promise<boolean> {
    for (;;) {
      try {
        const reported = await this.#commit(batch);
        this.#context.failpoints.reach('report.committed');
        this.#announce(batch, reported);
        this.#context.failpoints.reach('report.acknowledged');
        return true;
      } catch (error) {
        if (!isPassing(error)) {
          this.#context.fatal(error);
          return false;
        }
        if (error instanceof OutcomeUnknown) this.#context.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
        if (this.#stopped) return false;
        await sleep(this.#context.clock, retryMs);
      }
    }
  }

  #commit(batch: Batch): Promise<Reported> {
    const { db, clock, definitions, failpoints, identity, masterId } = this.#context;
    failpoints.reach('report.before');
    return db.transaction(async (tx) => {
      const now = clock.monotonicMs();
      await runsStarted(
        tx,
        batch.starts.map((start) => ({ ...start, agoMs: now - start.atMs })),
      );
      await logsAppend(
        tx,
        batch.logs.map(({ log }) => log),
      );
      failpoints.reach('report.logs-stored');
      const deps = { masterId, definitions, fraction: () => identity.fraction() };
      const reported = await resultsAccept(tx, deps, batch.results);
      failpoints.reach('report.before-commit');
      return reported;
    });
  }

  #announce(batch: Batch, reported: Reported): void {
    const { metrics, signals } = this.#context;
    for (const { sessionId, log } of batch.logs) this.#sink.logsStored(sessionId, log.attemptId, log.seq);
    for (const result of batch.results) {
      const verdict = reported.verdicts.get(result.attemptId) ?? 'stale';
      this.#sink.settled(result.sessionId, result.attemptId, verdict);
      if (verdict === 'accepted')
        metrics.observe('tidewheel_run_duration_seconds', result.durationMs / 1000, { outcome: result.outcome });
      if (verdict === 'stale') metrics.add('tidewheel_results_stale_total', 1);
    }
    for (const run of reported.finished) metrics.add('tidewheel_runs_finished_total', 1, { state: run.state });
    if (reported.lanes.size > 0) signals.publish('ready', { lanes: [...reported.lanes] });
    if (reported.delayed) signals.publish('scheduled', null);
    announceFreed(this.#context, reported.freed);
    const logged = new Set([...batch.logs.map(({ log }) => log.runId), ...reported.finished.map((run) => run.id)]);
    if (logged.size > 0) signals.publish('logs', { runs: [...logged] });
    this.#changes.note(reported.namespaces, 'runs');
  }
}
