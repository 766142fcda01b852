// One batch of submissions on its way through a transaction: which are refused, which runs are made, which slots are offered.
// Nothing here has an effect besides its SQL and the reserved slots, which are released whatever happens.

import { Refusal, type TriggerResult } from '@tidewheel/protocol';
import { ConstraintViolated, type Tx } from '../ports/database.ts';
import type { JobVersion } from '../store/definition-cache.ts';
import { eventsAppend } from '../store/events.ts';
import { jobKey, jobsByName, type JobTarget } from '../store/job-lookup.ts';
import type { ClaimedRun } from '../store/runs-claim.ts';
import { runsInsert, type NewRun, type SubmittedRun } from '../store/runs-submit.ts';
import { runsInsertFresh } from '../store/runs-submit-fresh.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { claimsOf, runOf, takeKeys } from './intake-keys.ts';
import { Offers } from './offers.ts';
import type { RunRequest, Submission } from './submission.ts';

/** `write` may run several times (deadlocks), so it starts afresh each time. */
export class SubmitPlan {
  readonly #context: MasterContext;
  readonly #batch: readonly Submission[];
  #answers: (TriggerResult[] | Refusal)[] = [];
  #runs: NewRun[] = [];
  /** Those with an offer, by id. */
  #direct = new Map<string, NewRun>();
  readonly offers: Offers;
  /** When it was begun: before anything of it can have been written. */
  readonly askedMs: number;

  constructor(context: MasterContext, dispatcher: Dispatcher, batch: readonly Submission[]) {
    this.#context = context;
    this.offers = new Offers(dispatcher);
    this.#batch = batch;
    this.askedMs = context.clock.monotonicMs();
  }

  answers(): (TriggerResult[] | Refusal)[] {
    return this.#answers;
  }

  newRunIds(): string[] {
    return this.#runs.map((run) => run.id);
  }

  namespaces(): Set<string> {
    return new Set(this.#runs.map((run) => run.namespace));
  }

  /**
   * The usual way: all jobs as they were seen last, all keys new, nothing to record. Null when that is not so and nothing was
   * written: then `write` finds out more.
   */
  async writeFresh(): Promise<SubmittedRun[] | null> {
    const { db, failpoints, settings } = this.#context;
    const jobs = this.#jobsSeen();
    if (jobs === null) return null;
    const claims = claimsOf(this.#context, this.#batch, []);
    const distinct = new Set(claims.map(({ namespace, key }) => jobKey(namespace, key)));
    if (distinct.size < claims.length) return null;
    this.#begin();
    this.#answers = this.#batch.map((one) => this.#plan(one, jobs.targets, jobs.versions, new Map()));
    failpoints.reach('submit.before-commit');
    try {
      return await runsInsertFresh(db, this.#runs, claims, settings.idempotencyTtlMs);
    } catch (error) {
      // Somebody took one of the keys meanwhile.
      if (error instanceof ConstraintViolated) return null;
      throw error;
    }
  }

  async write(tx: Tx): Promise<SubmittedRun[]> {
    this.#begin();
    const names = this.#batch.flatMap((one) =>
      one.requests.map((request) => ({ namespace: one.namespace, name: request.job })),
    );
    const jobs = await jobsByName(tx, names);
    this.#context.definitions.see(jobs);
    const refusals = this.#batch.map((one) => refusalOf(one, jobs));
    const keys = await takeKeys(tx, this.#context, this.#batch, refusals);
    const versions = await this.#context.definitions.jobVersions(
      tx,
      [...jobs.values()].map((job) => job.versionId),
    );
    this.#answers = this.#batch.map((one, index) => refusals[index] ?? this.#plan(one, jobs, versions, keys));
    const submitted = this.#runs.length === 0 ? [] : await runsInsert(tx, this.#runs);
    const events = this.#batch.flatMap((one, index) => {
      const answer = this.#answers[index];
      return answer === undefined || answer instanceof Refusal ? [] : (one.record?.(answer) ?? []);
    });
    await eventsAppend(tx, this.#context.identity, events);
    this.#context.failpoints.reach('submit.before-commit');
    return submitted;
  }

  /** An earlier try has written nothing. */
  #begin(): void {
    this.offers.release();
    this.#runs = [];
    this.#direct.clear();
  }

  /** By key and by id of the version; null when one is not known, or was disabled. */
  #jobsSeen(): { targets: Map<string, JobTarget>; versions: Map<string, JobVersion> } | null {
    const targets = new Map<string, JobTarget>();
    const versions = new Map<string, JobVersion>();
    for (const { namespace, requests, record } of this.#batch) {
      if (record !== null) return null;
      for (const { job } of requests) {
        const seen = this.#context.definitions.jobSeen(namespace, job);
        if (seen === null || !seen.target.enabled) return null;
        targets.set(jobKey(namespace, job), seen.target);
        versions.set(seen.version.id, seen.version);
      }
    }
    return { targets, versions };
  }

  #plan(
    one: Submission,
    jobs: ReadonlyMap<string, JobTarget>,
    versions: ReadonlyMap<string, JobVersion>,
    keys: ReadonlyMap<string, string>,
  ): TriggerResult[] {
    return one.requests.map((request, index) => {
      const runId = runOf(one, index, keys);
      if (runId !== one.runIds[index]) return { runId, created: false };
      const job = jobs.get(jobKey(one.namespace, request.job));
      const version = job === undefined ? undefined : versions.get(job.versionId);
      if (job === undefined || version === undefined)
        throw new Error(`the job ${request.job} vanished within a transaction`);
      const run = this.#newRun(one, request, runId, one.payloads[index] ?? null, job, version);
      this.#runs.push(run);
      if (run.offer !== null) this.#direct.set(run.id, run);
      return { runId, created: true };
    });
  }

  #newRun(
    one: Submission,
    request: RunRequest,
    id: string,
    payload: string | null,
    job: JobTarget,
    version: JobVersion,
  ): NewRun {
    const delayMs = request.delayMs ?? 0;
    const offer = delayMs > 0 ? null : this.offers.take(job.laneId);
    const { spec } = version;
    return {
      id,
      namespace: one.namespace,
      jobId: job.jobId,
      jobVersionId: job.versionId,
      laneId: job.laneId,
      priority: request.priority ?? spec.priority,
      delayMs,
      trigger: request.trigger ?? 'api',
      scheduleId: request.scheduleId ?? null,
      retryOf: request.retryOf ?? null,
      payload: payload ?? (spec.payload === undefined ? null : JSON.stringify(spec.payload)),
      startTimeoutMs: spec.timeout.start ?? null,
      offer,
    };
  }

  /** A run that was inserted already claimed, as the dispatcher hands it over. */
  claimOf(run: SubmittedRun): ClaimedRun | null {
    const made = this.#direct.get(run.id);
    if (made === undefined || made.offer === null) return null;
    return {
      id: made.id,
      namespace: made.namespace,
      jobVersionId: made.jobVersionId,
      laneId: made.laneId,
      attempt: 1,
      attemptId: made.offer.attemptId,
      sessionId: made.offer.sessionId,
      payload: made.payload,
      scheduleId: made.scheduleId,
      fireAt: null,
      previousFireAt: null,
      nextFireAt: null,
      dueAt: run.dueAt,
      claimedAt: run.dueAt,
      cancelRequestedAt: null,
      cancelReason: null,
      cancelGraceMs: null,
    };
  }
}

function refusalOf(one: Submission, jobs: ReadonlyMap<string, JobTarget>): Refusal | undefined {
  for (const [index, request] of one.requests.entries()) {
    const job = jobs.get(jobKey(one.namespace, request.job));
    const pointer = one.requests.length === 1 ? '/job' : `/runs/${index}/job`;
    if (job === undefined) {
      return new Refusal('UNKNOWN_JOB', `there is no job "${request.job}" in the namespace "${one.namespace}"`, {
        faults: [{ pointer, detail: `"${request.job}" is not defined` }],
      });
    }
    if (!job.enabled)
      return new Refusal('CONFLICT', `the job "${request.job}" is disabled`, {
        faults: [{ pointer, detail: 'the job is disabled' }],
      });
  }
  return undefined;
}
