// What people say about how long history is kept: the rules of a namespace, and legal holds. All of it is written down with who and why.

import {
  type HoldRequest,
  type HoldView,
  limits,
  Refusal,
  type Retention,
  type RetentionView,
} from '@tidewheel/protocol';
import { eventsAppend } from '../store/events.ts';
import { holdPlace, holdRelease, holdView, retentionView, rulesPut, runExists } from '../store/holds.ts';
import { jobIdNamed, namespaceLock } from '../store/jobs.ts';
import { retentionHold, wholeNamespace } from '../store/retention.ts';
import type { MasterContext } from './deps.ts';

export class Keeping {
  readonly #context: Pick<MasterContext, 'db' | 'identity' | 'settings'>;

  constructor(context: Pick<MasterContext, 'db' | 'identity' | 'settings'>) {
    this.#context = context;
  }

  rules(namespace: string): Promise<RetentionView> {
    const { db, settings } = this.#context;
    return retentionView(db, namespace, settings.retention.runs);
  }

  /** In the place of what the namespace said before. */
  async setRules(namespace: string, actor: string, keep: Retention): Promise<RetentionView> {
    const { db, identity, settings } = this.#context;
    return db.transaction(async (tx) => {
      await namespaceLock(tx, namespace);
      await rulesPut(tx, [{ namespace, jobId: wholeNamespace, keep }]);
      const event = { namespace, actor, action: 'retention.set', subject: `namespace/${namespace}`, detail: keep };
      await eventsAppend(tx, identity, [event]);
      return retentionView(tx, namespace, settings.retention.runs);
    });
  }

  /** Waits for what is being removed at this moment, for a second or two at most. Refusals: UNKNOWN_JOB, NOT_FOUND (the run), CONFLICT (too many). */
  async place(namespace: string, actor: string, { job, run, reason }: HoldRequest): Promise<HoldView> {
    const { db, identity } = this.#context;
    const id = identity.next();
    return db.transaction(async (tx) => {
      await retentionHold(tx);
      const jobId = job === undefined ? null : await jobIdNamed(tx, namespace, job);
      if (job !== undefined && jobId === null) throw new Refusal('UNKNOWN_JOB', `there is no job "${job}"`);
      if (run !== undefined && !(await runExists(tx, namespace, run)))
        throw new Refusal('NOT_FOUND', `the run ${run} is not there, or not any more`);
      const hold = { id, namespace, jobId, runId: run ?? null, reason, by: actor };
      if ((await holdPlace(tx, hold)) === 'too-many')
        throw new Refusal(
          'CONFLICT',
          `the namespace has ${limits.holdsPerNamespace} holds already; hold a job or all of it`,
        );
      const subject = run !== undefined ? `run/${run}` : job !== undefined ? `job/${job}` : `namespace/${namespace}`;
      await eventsAppend(tx, identity, [{ namespace, actor, action: 'hold.place', subject, detail: { id, reason } }]);
      const view = await holdView(tx, namespace, id);
      if (view === null) throw new Error(`the hold ${id} vanished within a transaction`);
      return view;
    });
  }

  /** Refusals: NOT_FOUND. */
  async release(namespace: string, actor: string, id: string, reason: string): Promise<HoldView> {
    const { db, identity } = this.#context;
    return db.transaction(async (tx) => {
      await retentionHold(tx);
      const hold = await holdRelease(tx, namespace, id);
      if (hold === null) throw new Refusal('NOT_FOUND', `there is no hold ${id}`);
      const subject =
        hold.run !== null ? `run/${hold.run}` : hold.job !== null ? `job/${hold.job}` : `namespace/${namespace}`;
      const detail = { id, reason, placedBy: hold.placedBy, placedFor: hold.reason };
      await eventsAppend(tx, identity, [{ namespace, actor, action: 'hold.release', subject, detail }]);
      return hold;
    });
  }
}
