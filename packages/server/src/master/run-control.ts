// Cancel and retry of one run, as people ask for them. Each leaves a record of who did it.

import { isFinal, Refusal, type RunState, type TriggerResult } from '@tidewheel/protocol';
import { eventsAppend } from '../store/events.ts';
import { jobNameById } from '../store/job-lookup.ts';
import { runCancel, runOrigin, type CancelOutcome } from '../store/runs-control.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { announceFreed } from './fired.ts';
import type { RunIntake } from './intake.ts';

export class RunControl {
  readonly #context: MasterContext;
  readonly #intake: RunIntake;
  readonly #changes: Changes;

  constructor(context: MasterContext, intake: RunIntake, changes: Changes) {
    this.#context = context;
    this.#intake = intake;
    this.#changes = changes;
  }

  /** `requested`: the run is running and its worker is being told. Asking again for a finished run answers `finished`. */
  async cancel(
    namespace: string,
    actor: string,
    runId: string,
    reason: string,
  ): Promise<{ outcome: 'canceled' | 'requested' | 'finished'; state: RunState }> {
    const { db, failpoints, identity, masterId, signals, metrics } = this.#context;
    failpoints.reach('cancel.before');
    const outcome = await db.transaction(async (tx): Promise<CancelOutcome> => {
      const done = await runCancel(tx, masterId, namespace, runId, reason);
      if (done.kind === 'canceled' || done.kind === 'requested') {
        await eventsAppend(tx, identity, [
          { namespace, actor, action: 'run.cancel', subject: runId, detail: { reason } },
        ]);
      }
      failpoints.reach('cancel.before-commit');
      return done;
    });
    failpoints.reach('cancel.committed');
    if (outcome.kind === 'unknown')
      throw new Refusal('NOT_FOUND', `there is no run ${runId} in the namespace "${namespace}"`);
    if (outcome.kind === 'finished') return { outcome: 'finished', state: outcome.state };
    this.#changes.note([namespace], 'runs');
    if (outcome.kind === 'requested') {
      signals.publish('cancel', { sessions: [outcome.sessionId] });
      failpoints.reach('cancel.told');
      return { outcome: 'requested', state: 'running' };
    }
    announceFreed(this.#context, outcome.freed);
    signals.publish('logs', { runs: [runId] });
    metrics.add('tidewheel_runs_finished_total', 1, { state: 'canceled' });
    return { outcome: 'canceled', state: 'canceled' };
  }

  /** A new run of the same job with the same, or another, payload. Only finished runs can be repeated. */
  async retry(namespace: string, actor: string, runId: string, payload?: unknown): Promise<TriggerResult> {
    const { db } = this.#context;
    const origin = await runOrigin(db, namespace, runId);
    if (origin === null) throw new Refusal('NOT_FOUND', `there is no run ${runId} in the namespace "${namespace}"`);
    if (!isFinal(origin.state))
      throw new Refusal('CONFLICT', `the run is ${origin.state}; only finished runs can be retried`);
    const job = await jobNameById(db, origin.jobId);
    if (job === null) throw new Refusal('UNKNOWN_JOB', 'the job of this run has been deleted');
    const carried: unknown = payload ?? (origin.payload === null ? undefined : JSON.parse(origin.payload));
    const request = {
      job,
      trigger: 'retry',
      retryOf: runId,
      ...(carried === undefined ? {} : { payload: carried }),
    } as const;
    const [result] = await this.#intake.submit(namespace, [request], {
      record: (results) => [
        { namespace, actor, action: 'run.retry', subject: runId, detail: { newRun: results[0]?.runId } },
      ],
    });
    if (result === undefined) throw new Error('a submission of one run answered with none');
    return result;
  }
}
