// Takes new runs from the API. Requests that arrive together share a transaction; each request is all or nothing, and one
// that is refused harms no other. Answers leave only after the commit; after a lost acknowledgement the runs are read back.

import { limits, Refusal, type TriggerResult } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { OutcomeUnknown, type Tx } from '../ports/database.ts';
import type { JobVersion } from '../store/definition-cache.ts';
import { jobKey, jobsByName, type JobTarget } from '../store/job-lookup.ts';
import { runsInSlots, type ClaimedRun, type Slot } from '../store/runs-claim.ts';
import { runsExisting, runsInsert, type NewRun, type SubmittedRun } from '../store/runs-submit.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { GroupCommit } from './group-commit.ts';
import { takeKeys } from './intake-keys.ts';
import type { Service } from './service.ts';

/** One run that a caller wants. Durations in ms; `payload` undefined means the job's own. */
export interface RunRequest {
  job: string;
  payload?: unknown;
  delayMs?: number;
  priority?: number;
  idempotencyKey?: string;
  trigger?: 'api' | 'retry' | 'schedule';
  scheduleId?: string | null;
  retryOf?: string | null;
}

/** A caller's request on its way: `runIds` are made before the commit, so that an unknown outcome can be read back. */
export interface Submission {
  namespace: string;
  requests: readonly RunRequest[];
  runIds: readonly string[];
  payloads: readonly (string | null)[];
}

export class RunIntake implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #changes: Changes;
  readonly #commits: GroupCommit<Submission, TriggerResult[]>;
  #accepting = true;

  constructor(context: MasterContext, dispatcher: Dispatcher, changes: Changes) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#changes = changes;
    this.#commits = new GroupCommit({
      commit: (batch) => this.#commit(batch),
      size: (submission) => submission.requests.length,
      batchMost: serverLimits.submitRuns,
      waitingMost: serverLimits.submitWaiting,
    });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#accepting = false;
    await this.#commits.drained();
  }

  /** Refusals: UNKNOWN_JOB, CONFLICT (disabled job), PAYLOAD_TOO_LARGE, IDEMPOTENCY_MISMATCH, TOO_MANY_REQUESTS, OUTCOME_UNKNOWN, SHUTTING_DOWN. */
  async submit(namespace: string, requests: readonly RunRequest[]): Promise<TriggerResult[]> {
    if (!this.#accepting) throw new Refusal('SHUTTING_DOWN', 'this master takes no more runs', { retryAfterSeconds: 1 });
    const payloads = requests.map((request, index) => payloadText(request.payload, index));
    const runIds = requests.map(() => this.#context.identity.next());
    return this.#commits.submit({ namespace, requests, runIds, payloads });
  }

  async #commit(batch: readonly Submission[]): Promise<(TriggerResult[] | Refusal)[]> {
    const plan = new SubmitPlan(this.#context, this.#dispatcher, batch);
    try {
      const submitted = await this.#context.db.transaction((tx) => plan.write(tx));
      this.#announce(plan, submitted);
      await this.#deliverOffers(plan, submitted);
      return plan.answers();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      this.#context.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
      return await this.#readBack(plan);
    } finally {
      plan.releaseOffers();
    }
  }

  /** The whole batch is one transaction: its first run tells for all whether it was committed. */
  async #readBack(plan: SubmitPlan): Promise<(TriggerResult[] | Refusal)[]> {
    const existing = await runsExisting(this.#context.db, plan.newRunIds());
    this.#announce(plan, existing);
    const taken = await runsInSlots(this.#context.db, plan.offers);
    plan.releaseOffers();
    await this.#dispatcher.deliver(taken, 'direct');
    if (plan.newRunIds().length > 0 && existing.length > 0) return plan.answers();
    return plan.answers().map((answer) =>
      answer instanceof Refusal ? answer : new Refusal('OUTCOME_UNKNOWN', 'the store did not acknowledge the runs', { retryAfterSeconds: 1 }),
    );
  }

  #announce(plan: SubmitPlan, submitted: readonly SubmittedRun[]): void {
    const { signals, metrics } = this.#context;
    if (submitted.length === 0) return;
    metrics.add('tidewheel_runs_submitted_total', submitted.length);
    const lanes = new Set(submitted.filter((run) => run.state === 'ready').map((run) => run.laneId));
    if (lanes.size > 0) signals.publish('ready', { lanes: [...lanes] });
    if (submitted.some((run) => run.state === 'scheduled')) signals.publish('scheduled', null);
    this.#changes.note(plan.namespaces(), 'runs');
  }

  async #deliverOffers(plan: SubmitPlan, submitted: readonly SubmittedRun[]): Promise<void> {
    const direct = submitted.filter((run) => run.state === 'running').flatMap((run) => plan.claimOf(run) ?? []);
    plan.releaseOffers();
    await this.#dispatcher.deliver(direct, 'direct');
  }
}

function payloadText(payload: unknown, index: number): string | null {
  if (payload === undefined) return null;
  const text = JSON.stringify(payload);
  if (text.length <= limits.payloadBytes && new TextEncoder().encode(text).length <= limits.payloadBytes) return text;
  throw new Refusal('PAYLOAD_TOO_LARGE', `the payload of run ${index} is over ${limits.payloadBytes} bytes`, {
    faults: [{ pointer: `/runs/${index}/payload`, detail: `at most ${limits.payloadBytes} bytes of JSON` }],
  });
}

/** One batch on its way through a transaction. `write` may run several times (deadlocks), so it starts afresh each time. */
class SubmitPlan {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #batch: readonly Submission[];
  #answers: (TriggerResult[] | Refusal)[] = [];
  #runs: NewRun[] = [];
  /** Those with an offer, by id. */
  #direct = new Map<string, NewRun>();
  offers: Slot[] = [];

  constructor(context: MasterContext, dispatcher: Dispatcher, batch: readonly Submission[]) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#batch = batch;
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

  releaseOffers(): void {
    this.#dispatcher.release(this.offers);
    this.offers = [];
  }

  async write(tx: Tx): Promise<SubmittedRun[]> {
    this.releaseOffers();
    this.#runs = [];
    this.#direct.clear();
    const names = this.#batch.flatMap((one) => one.requests.map((request) => ({ namespace: one.namespace, name: request.job })));
    const jobs = await jobsByName(tx, names);
    const refusals = this.#batch.map((one) => refusalOf(one, jobs));
    const keys = await takeKeys(tx, this.#context, this.#batch, refusals);
    const versions = await this.#context.definitions.jobVersions(tx, [...jobs.values()].map((job) => job.versionId));
    this.#answers = this.#batch.map((one, index) => refusals[index] ?? this.#plan(one, jobs, versions, keys));
    return this.#runs.length === 0 ? [] : runsInsert(tx, this.#runs);
  }

  #plan(
    one: Submission,
    jobs: ReadonlyMap<string, JobTarget>,
    versions: ReadonlyMap<string, JobVersion>,
    keys: ReadonlyMap<string, string>,
  ): TriggerResult[] {
    return one.requests.map((request, index) => {
      const runId = one.runIds[index] ?? '';
      const holder = request.idempotencyKey === undefined ? runId : (keys.get(jobKey(one.namespace, request.idempotencyKey)) ?? runId);
      if (holder !== runId) return { runId: holder, created: false };
      const job = jobs.get(jobKey(one.namespace, request.job));
      const version = job === undefined ? undefined : versions.get(job.versionId);
      if (job === undefined || version === undefined) throw new Error(`the job ${request.job} vanished within a transaction`);
      const run = this.#newRun(one, request, runId, one.payloads[index] ?? null, job, version);
      this.#runs.push(run);
      if (run.offer !== null) this.#direct.set(run.id, run);
      return { runId, created: true };
    });
  }

  #newRun(one: Submission, request: RunRequest, id: string, payload: string | null, job: JobTarget, version: JobVersion): NewRun {
    const delayMs = request.delayMs ?? 0;
    const offer = delayMs > 0 ? null : this.#dispatcher.offer(job.laneId);
    if (offer !== null) this.offers.push(offer);
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
      dueAt: run.dueAt,
      claimedAt: run.dueAt,
      cancelRequestedAt: null,
      cancelReason: null,
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
    if (!job.enabled) return new Refusal('CONFLICT', `the job "${request.job}" is disabled`, { faults: [{ pointer, detail: 'the job is disabled' }] });
  }
  return undefined;
}
