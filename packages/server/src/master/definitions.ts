// Changes of definitions: apply a set of jobs, put or delete one, pause and resume a schedule. Each is one transaction, all or
// nothing, recorded in the audit log in the same transaction, and announced to the services only after the commit.
// A commit whose acknowledgement was lost is read back by the id of its first event.

import {
  type ApplyOrder,
  type ApplyResult,
  type JobDefinition,
  type JobView,
  Refusal,
  type Role,
  type ScheduleView,
  type TriggerResult,
} from '@tidewheel/protocol';
import { calendarChanges } from '../core/calendar-plan.ts';
import { checkNames, checkSources } from '../core/declared.ts';
import { checkCalendarTimes, checkDefinitions, checkPlan, checkRole } from '../core/definition-check.ts';
import { changesOf, isChanged, type JobPlan, planDefinitions, type StoredSchedule } from '../core/definition-plan.ts';
import { isDelay } from '../core/fixed-delay.ts';
import { OutcomeUnknown, type Tx } from '../ports/database.ts';
import type { Scalers } from '../ports/scaler.ts';
import { eventExists, eventsAppend } from '../store/events.ts';
import type { FiresDecided } from '../store/fires.ts';
import { jobNameById } from '../store/job-lookup.ts';
import { jobView } from '../store/job-views.ts';
import { jobsStored, namespaceLock, storeNow, withSchedules } from '../store/jobs.ts';
import { scheduleView } from '../store/schedule-views.ts';
import {
  scheduleNamed,
  scheduleNameHolders,
  schedulesOfJobs,
  schedulesSettle,
  schedulesUpdate,
} from '../store/schedules.ts';
import { poolChanges } from '../core/pools/pool-plan.ts';
import { CalendarBook, checkCalendarRole } from './calendar-book.ts';
import { delayFacts } from '../store/turns.ts';
import { type Change, type DefinitionPlans, stateFrom, writePlans } from './definition-writes.ts';
import type { MasterContext } from './deps.ts';
import { announceFires } from './fired.ts';
import type { RunIntake } from './intake.ts';
import { checkPoolRole, PoolBook } from './pool-book.ts';
import { isPassing } from './service.ts';

export type DefinitionsDeps = Pick<
  MasterContext,
  | 'db'
  | 'clock'
  | 'identity'
  | 'signals'
  | 'metrics'
  | 'definitions'
  | 'failpoints'
  | 'masterId'
  | 'settings'
  | 'scalers'
>;

/** What a caller believes to be stored. Both absent: the job must not exist yet. */
export interface Precondition {
  /** The version of the ETag that the caller sends back, or `*` for any. */
  ifMatch?: number | '*';
  ifNoneMatch?: boolean;
}

/** Runs a body in one transaction: the store's own, or one that a leader's term fences. */
type Within = <T>(body: (tx: Tx) => Promise<T>) => Promise<T>;

export interface ApplyOptions {
  readonly role: Role;
  readonly within?: Within;
}

export interface Outcome<T> {
  value: T;
  /** False when nothing was written, so that nothing is announced. */
  written: boolean;
  decided: readonly FiresDecided[];
  /** Pools, or orders of them, were changed. */
  pools?: boolean;
}

export class Definitions {
  readonly #deps: DefinitionsDeps;
  readonly #intake: Pick<RunIntake, 'submit'>;

  constructor(deps: DefinitionsDeps, intake: Pick<RunIntake, 'submit'>) {
    this.#deps = deps;
    this.#intake = intake;
  }

  /**
   * Makes the stored definitions as wanted. With `prune`, jobs that were applied under the same source and are not named are deleted.
   * A job that another source declares is taken from it only with `takeOver`.
   * Refusals: OTHER_SOURCE, INVALID_CRON, UNKNOWN_TIMEZONE, DUPLICATE_NAME, PAYLOAD_TOO_LARGE, VALIDATION_FAILED (an instant in the past), FORBIDDEN.
   */
  async apply(namespace: string, actor: string, request: ApplyOrder, options: ApplyOptions): Promise<ApplyResult> {
    const { dryRun } = request;
    checkDefinitions(request.jobs, '/jobs');
    checkNames('calendar', request.calendars ?? [], '/calendars');
    checkNames('pool', request.pools ?? [], '/pools');
    const { scalers = {} } = this.#deps;
    if (dryRun) {
      const plans = await this.#deps.db.transaction(async (tx) =>
        planApply(tx, namespace, request, options.role, scalers, await storeNow(tx)),
      );
      return { applied: false, changes: allChanges(plans) };
    }
    const work = async (tx: Tx, change: Change): Promise<Outcome<ApplyResult>> => {
      const now = await storeNow(tx);
      const plans = await planApply(tx, namespace, request, options.role, scalers, now);
      const decided = await writePlans(tx, this.#deps, change, plans, now);
      const written = plans.jobs.some(isChanged) || plans.calendars.changed || plans.pools.changed;
      return { value: { applied: true, changes: allChanges(plans) }, written, decided, pools: plans.pools.changed };
    };
    return this.change(namespace, actor, work, options.within);
  }

  /** Refusals besides those of `apply`: VERSION_REQUIRED, STALE_VERSION. */
  async putJob(
    namespace: string,
    actor: string,
    definition: JobDefinition,
    precondition: Precondition,
  ): Promise<{ job: JobView; created: boolean }> {
    checkDefinitions([definition], null);
    return this.change(namespace, actor, async (tx, change) => {
      const now = await storeNow(tx);
      const [stored] = await jobsStored(tx, namespace, [definition.name], null);
      checkPrecondition('job', definition.name, stored?.version ?? null, precondition);
      // Changing a job by hand does not take it from the source under which it is applied and pruned.
      const plans = await plansFor(tx, namespace, [definition], stored?.source ?? 'api', null);
      const calendars = await CalendarBook.open(tx, namespace, plans);
      checkCalendarTimes([definition], calendars.compiled, null);
      checkPlan(plans, await holdersOf(tx, namespace, plans), now, null, calendars.compiled);
      const decided = await writePlans(tx, this.#deps, change, { jobs: plans, calendars }, now);
      const job = await jobView(tx, namespace, definition.name);
      if (job === null) throw new Error(`the job ${definition.name} vanished within a transaction`);
      return { value: { job, created: stored === undefined }, written: plans.some(isChanged), decided };
    });
  }

  /** Its schedules go with it; runs that were made go on. Refusals: NOT_FOUND, VERSION_REQUIRED, STALE_VERSION. */
  async deleteJob(
    namespace: string,
    actor: string,
    name: string,
    precondition: Pick<Precondition, 'ifMatch'>,
  ): Promise<void> {
    return this.change(namespace, actor, async (tx, change) => {
      const [stored] = await jobsStored(tx, namespace, [name], null);
      if (stored === undefined)
        throw new Refusal('NOT_FOUND', `there is no job "${name}" in the namespace "${namespace}"`);
      checkPrecondition('job', name, stored.version, precondition);
      const jobs = withSchedules([stored], await schedulesOfJobs(tx, [stored.id]));
      const plans = planDefinitions(jobs, [], stored.source);
      const calendars = await CalendarBook.open(tx, namespace, plans);
      const decided = await writePlans(tx, this.#deps, change, { jobs: plans, calendars }, await storeNow(tx));
      return { value: undefined, written: true, decided };
    });
  }

  /** Pausing what is paused changes nothing. Refusals: NOT_FOUND, CONFLICT (finished). */
  async schedulePause(namespace: string, actor: string, name: string, reason: string): Promise<ScheduleView> {
    return this.#changeState(namespace, actor, name, 'schedule.pause', { reason }, (state) =>
      state === 'paused' ? null : { reason, by: actor },
    );
  }

  /** Times that passed while it was paused are not made up for. Refusals: NOT_FOUND, CONFLICT (finished). */
  async scheduleResume(namespace: string, actor: string, name: string): Promise<ScheduleView> {
    return this.#changeState(namespace, actor, name, 'schedule.resume', {}, (state) =>
      state === 'enabled' ? null : 'resume',
    );
  }

  /** One run now, with the payload of the schedule; the schedule itself goes on as it was. Refusals: NOT_FOUND and those of an intake. */
  async scheduleTrigger(namespace: string, actor: string, name: string): Promise<TriggerResult> {
    const { db } = this.#deps;
    const schedule = await scheduleNamed(db, namespace, name);
    const job = schedule === null ? null : await jobNameById(db, schedule.jobId);
    if (schedule === null || job === null)
      throw new Refusal('NOT_FOUND', `there is no schedule "${name}" in the namespace "${namespace}"`);
    const { payload } = schedule.spec;
    const request = { job, scheduleId: schedule.id, ...(payload === undefined ? {} : { payload }) };
    const [result] = await this.#intake.submit(namespace, [request], {
      record: (results) => [
        { namespace, actor, action: 'schedule.trigger', subject: name, detail: { run: results[0]?.runId } },
      ],
    });
    if (result === undefined) throw new Error('a submission of one run answered with none');
    return result;
  }

  async #changeState(
    namespace: string,
    actor: string,
    name: string,
    action: string,
    detail: Record<string, unknown>,
    decide: (state: StoredSchedule['state']) => { reason: string; by: string } | 'resume' | null,
  ): Promise<ScheduleView> {
    const answer = await this.change<ScheduleView | Refusal>(namespace, actor, async (tx, change) => {
      const { identity } = this.#deps;
      const stored = await scheduleNamed(tx, namespace, name);
      if (stored === null)
        throw new Refusal('NOT_FOUND', `there is no schedule "${name}" in the namespace "${namespace}"`);
      const { settled, decided } = await schedulesSettle(tx, this.#deps, [stored.id]);
      const row = settled.get(stored.id);
      if (row === undefined) throw new Error(`the schedule ${name} vanished within a transaction`);
      if (row.state === 'finished') {
        // Not thrown: the last fire may be among what was decided on the way, and rolled back it would come after this answer.
        const refusal = new Refusal('CONFLICT', `the schedule "${name}" is finished: no fire comes any more`);
        return { value: refusal, written: decided.length > 0, decided };
      }
      const wanted = decide(row.state);
      if (wanted !== null) {
        const { id, jobId, spec, anchorAt, calendars } = stored;
        const binding = { namespace, calendars };
        const compiled = (await this.#deps.definitions.calendars.bound(tx, [binding]))(binding);
        const pause = wanted === 'resume' ? null : wanted;
        const delayed = (await delayFacts(tx, isDelay(spec) ? [id] : [])).get(id);
        const state = stateFrom(spec, anchorAt, Math.max(row.cursor, row.now), pause, compiled, delayed);
        const same = { id, jobId, name, version: row.version + 1, spec, anchorAt, calendars };
        await schedulesUpdate(tx, actor, [{ ...same, ...state }]);
        await eventsAppend(tx, identity, [{ id: change.eventId, namespace, actor, action, subject: name, detail }]);
      }
      const view = await scheduleView(tx, namespace, name);
      if (view === null) throw new Error(`the schedule ${name} vanished within a transaction`);
      return { value: view, written: wanted !== null, decided };
    });
    if (answer instanceof Refusal) throw answer;
    return answer;
  }

  /** One change of definitions, in line with all others. `work` may run several times (deadlocks), so it must have no effect but its SQL. */
  async change<T>(
    namespace: string,
    actor: string,
    work: (tx: Tx, change: Change) => Promise<Outcome<T>>,
    within: Within = (body) => this.#deps.db.transaction(body),
  ): Promise<T> {
    const { failpoints, identity } = this.#deps;
    const change: Change = { namespace, actor, eventId: identity.next() };
    failpoints.reach('change.before');
    let planned: Outcome<T> | null = null;
    try {
      planned = await within(async (tx) => {
        await namespaceLock(tx, namespace);
        planned = null;
        planned = await work(tx, change);
        failpoints.reach('change.before-commit');
        return planned;
      });
      failpoints.reach('change.committed');
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      planned = await this.#readBack(change, planned, error);
    }
    this.#announce(namespace, planned);
    return planned.value;
  }

  async #readBack<T>(change: Change, planned: Outcome<T> | null, cause: OutcomeUnknown): Promise<Outcome<T>> {
    this.#deps.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
    try {
      if (planned !== null && (!planned.written || (await eventExists(this.#deps.db, change.eventId)))) return planned;
    } catch (error) {
      // A store that cannot be read leaves the outcome unknown; it does not make it undone.
      if (!isPassing(error)) throw error;
    }
    throw new Refusal('OUTCOME_UNKNOWN', 'the store did not acknowledge the change', { retryAfterSeconds: 1, cause });
  }

  #announce(namespace: string, { written, decided, pools = false }: Outcome<unknown>): void {
    const { signals } = this.#deps;
    for (const one of decided) announceFires(this.#deps, one);
    const runs = decided.some((one) => one.runs.length > 0);
    if (!written && decided.length === 0) return;
    signals.publish('schedules', null);
    if (pools) signals.publish('pools', null);
    signals.publish('changed', {
      namespace,
      topics: ['jobs', 'schedules', ...(pools ? (['pools'] as const) : []), ...(runs ? (['runs'] as const) : [])],
    });
  }
}

/** Refuses whatever stands against the request. */
async function planApply(
  tx: Tx,
  namespace: string,
  { jobs, calendars: wanted, pools: wantedPools, source, prune, takeOver }: ApplyOrder,
  role: Role,
  scalers: Scalers,
  now: number,
): Promise<Required<DefinitionPlans>> {
  const plans = await plansFor(tx, namespace, jobs, source, prune ? source : null);
  checkRole(plans, role, '/jobs');
  if (!takeOver) checkSources('job', plans, '/jobs');
  // Whoever does not know of calendars yet names none, and prunes none.
  const pruneSource = prune && wanted !== undefined ? source : null;
  const wish = { wanted: wanted ?? [], unwanted: [], source, pruneSource };
  const calendars = await CalendarBook.open(tx, namespace, plans, wish);
  checkCalendarRole(calendars, role);
  if (!takeOver) checkSources('calendar', calendars.plans, '/calendars');
  checkCalendarTimes(jobs, calendars.compiled, '/jobs');
  checkPlan(plans, await holdersOf(tx, namespace, plans), now, '/jobs', calendars.compiled);
  const pruned = prune && wantedPools !== undefined ? source : null;
  const poolWish = { wanted: wantedPools ?? [], unwanted: [], source, pruneSource: pruned };
  const pools = await PoolBook.open(tx, namespace, poolWish, scalers);
  checkPoolRole(pools, role);
  if (!takeOver) checkSources('pool', pools.plans, '/pools');
  return { jobs: plans, calendars, pools };
}

function allChanges({ jobs, calendars, pools }: Required<DefinitionPlans>): ApplyResult['changes'] {
  return [...calendarChanges(calendars.plans), ...poolChanges(pools.plans), ...changesOf(jobs)];
}

async function plansFor(
  tx: Tx,
  namespace: string,
  definitions: readonly JobDefinition[],
  source: string,
  pruneSource: string | null,
): Promise<JobPlan[]> {
  const names = definitions.map((definition) => definition.name);
  const jobs = await jobsStored(tx, namespace, names, pruneSource);
  const schedules = await schedulesOfJobs(
    tx,
    jobs.map((job) => job.id),
  );
  return planDefinitions(withSchedules(jobs, schedules), definitions, source);
}

/** Names of wanted new schedules that are taken and not given up by the same plan. */
async function holdersOf(tx: Tx, namespace: string, plans: readonly JobPlan[]): Promise<Map<string, string>> {
  const schedules = plans.flatMap((plan) => plan.schedules);
  const givenUp = new Set(schedules.flatMap((plan) => (plan.action === 'delete' ? (plan.stored?.id ?? []) : [])));
  const names = schedules.filter((plan) => plan.action === 'create').map((plan) => plan.name);
  const holders = await scheduleNameHolders(tx, namespace, names);
  return new Map(holders.filter((holder) => !givenUp.has(holder.id)).map((holder) => [holder.name, holder.job]));
}

export function checkPrecondition(
  kind: 'job' | 'calendar' | 'pool',
  name: string,
  version: number | null,
  precondition: Precondition,
): void {
  const { ifMatch, ifNoneMatch } = precondition;
  if (ifNoneMatch === true && version !== null)
    throw new Refusal('STALE_VERSION', `the ${kind} "${name}" exists already, at version ${version}`);
  if (ifMatch === undefined && ifNoneMatch !== true && version !== null) {
    throw new Refusal(
      'VERSION_REQUIRED',
      `the ${kind} "${name}" exists; say which version you are changing (it is at ${version})`,
    );
  }
  if (ifMatch === undefined) return;
  if (version === null) throw new Refusal('STALE_VERSION', `the ${kind} "${name}" does not exist any more`);
  if (ifMatch !== '*' && ifMatch !== version) {
    throw new Refusal('STALE_VERSION', `the ${kind} "${name}" is at version ${version}, not ${ifMatch}`);
  }
}
