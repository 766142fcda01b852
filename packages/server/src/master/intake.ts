// Takes new runs from the API. Requests that arrive together share a transaction; each request is all or nothing, and one
// that is refused harms no other. Answers leave only after the commit; after a lost acknowledgement the runs are read back.

import { limits, Refusal, type TriggerResult } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { runIdAfter } from '../core/run-ids.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import { runsInSlots } from '../store/runs-claim.ts';
import { runsExisting, type SubmittedRun } from '../store/runs-submit.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { GroupCommit } from './group-commit.ts';
import type { Room } from './space-watch.ts';
import { isPassing, type Service } from './service.ts';
import type { RunRequest, Submission } from './submission.ts';
import { SubmitPlan } from './submit-plan.ts';

export class RunIntake implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #changes: Changes;
  readonly #commits: GroupCommit<Submission, TriggerResult[]>;
  readonly #room: Room;
  #accepting = true;

  constructor(context: MasterContext, dispatcher: Dispatcher, changes: Changes, room: Room) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#changes = changes;
    this.#room = room;
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

  /** Refusals: UNKNOWN_JOB, CONFLICT (disabled job), PAYLOAD_TOO_LARGE, IDEMPOTENCY_MISMATCH, TOO_MANY_REQUESTS, STORE_FULL, OUTCOME_UNKNOWN, SHUTTING_DOWN. */
  async submit(
    namespace: string,
    requests: readonly RunRequest[],
    { key = null, record = null }: Partial<Pick<Submission, 'key' | 'record'>> = {},
  ): Promise<TriggerResult[]> {
    if (!this.#accepting)
      throw new Refusal('SHUTTING_DOWN', 'this master takes no more runs', { retryAfterSeconds: 1 });
    this.#room.assertRoom();
    const payloads = requests.map((request, index) => payloadText(request.payload, index));
    const first = this.#context.identity.next();
    const runIds = requests.map((_, index) => runIdAfter(first, index));
    return this.#commits.submit({ namespace, requests, runIds, payloads, key, record });
  }

  async #commit(batch: readonly Submission[]): Promise<(TriggerResult[] | Refusal)[]> {
    const { failpoints } = this.#context;
    const plan = new SubmitPlan(this.#context, this.#dispatcher, batch);
    failpoints.reach('submit.before');
    try {
      const submitted = (await plan.writeFresh()) ?? (await this.#context.db.transaction((tx) => plan.write(tx)));
      failpoints.reach('submit.committed');
      this.#announce(plan, submitted);
      await this.#deliverOffers(plan, submitted);
      failpoints.reach('submit.before-answer');
      return plan.answers();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      this.#context.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
      return await this.#readBack(plan);
    } finally {
      plan.offers.release();
    }
  }

  /**
   * The whole batch is one transaction: its first run tells for all whether it was committed. While the store cannot be read
   * the outcome stays unknown: to answer that the store is unavailable would say that nothing was done.
   */
  async #readBack(plan: SubmitPlan): Promise<(TriggerResult[] | Refusal)[]> {
    try {
      const existing = await runsExisting(this.#context.db, plan.newRunIds());
      this.#announce(plan, existing);
      const taken = await runsInSlots(this.#context.db, plan.offers.slots);
      plan.offers.release();
      await this.#dispatcher.deliver(taken, 'direct');
      if (existing.length > 0) return plan.answers();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    return plan
      .answers()
      .map((answer) =>
        answer instanceof Refusal
          ? answer
          : new Refusal('OUTCOME_UNKNOWN', 'the store did not acknowledge the runs', { retryAfterSeconds: 1 }),
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
    plan.offers.release();
    await this.#dispatcher.deliver(direct, 'direct', plan.askedMs);
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
