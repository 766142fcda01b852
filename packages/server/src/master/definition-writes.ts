// Writes a plan of definitions within one transaction: settle the schedules that change, then lanes, jobs, versions, schedules, events.

import type { JobSpec, ScheduleDefinition } from '@tidewheel/protocol';
import {
  isChanged,
  type JobPlan,
  nextAnchor,
  nextPaused,
  type SchedulePlan,
  type ScheduleState,
  type StoredSchedule,
} from '../core/definition-plan.ts';
import { delayedFire, isDelay } from '../core/fixed-delay.ts';
import { serverLimits } from '../core/limits.ts';
import { compileTimes, nextFireAfter } from '../core/schedule-times.ts';
import type { CalendarPlan } from '../core/calendar-plan.ts';
import type { CompiledCalendar } from '../core/calendar.ts';
import type { PoolPlan } from '../core/pools/pool-plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { eventsAppend, type NewEvent } from '../store/events.ts';
import type { FireDeps, FiresDecided } from '../store/fires.ts';
import { rulesPut, type RuleWrite } from '../store/holds.ts';
import {
  jobsDelete,
  jobsInsert,
  jobsUpdate,
  jobVersionsInsert,
  lanesEnsure,
  type JobWrite,
  type NewJobVersion,
} from '../store/jobs.ts';
import {
  schedulesInsert,
  schedulesSettle,
  schedulesUpdate,
  type ScheduleWrite,
  type SettledSchedule,
} from '../store/schedules.ts';
import { type DelayFacts, delayFacts } from '../store/turns.ts';
import { Breath } from './breath.ts';
import type { CalendarBook } from './calendar-book.ts';
import { PoolBook } from './pool-book.ts';

export interface WriteDeps extends FireDeps {
  identity: Identity;
  clock: Clock;
}

/** What becomes of the jobs, the calendars and the pools, in one transaction. */
export interface DefinitionPlans {
  readonly jobs: readonly JobPlan[];
  readonly calendars: CalendarBook;
  /** None when absent. */
  readonly pools?: PoolBook;
}

/** Who changes what, and the id of the first event, by which the change can be read back. */
export interface Change {
  namespace: string;
  actor: string;
  eventId: string;
}

/** `now`: the store's clock, for what is new. Answers the fires that were decided on the way. */
export async function writePlans(
  tx: Tx,
  deps: WriteDeps,
  change: Change,
  { jobs, calendars, pools = PoolBook.none }: DefinitionPlans,
  now: number,
): Promise<FiresDecided[]> {
  const changed = jobs.filter(isChanged);
  const schedulePlans = changed.flatMap((plan) => plan.schedules);
  const existing = schedulePlans.filter((plan) => plan.action !== 'unchanged').flatMap((plan) => plan.stored?.id ?? []);
  const dependent = calendars.dependents.map((schedule) => schedule.id);
  // First of all: what is due is decided under the old specs, the old calendars and the old job versions.
  const { settled, decided } = await schedulesSettle(tx, deps, [...existing, ...dependent]);
  const delays = await delaysOf(tx, schedulePlans, calendars.dependents);
  await calendars.write(tx, change.namespace, change.actor);
  await pools.write(tx, change.namespace, deps.identity);
  const jobIds = await writeJobs(tx, deps, change, changed);
  // Thousands of schedules take some tens of milliseconds to be worked out, and the master has other things to do meanwhile.
  const breath = new Breath(deps.clock);
  // Before the new ones: a name may move from one job to another.
  const updates: (ScheduleWrite | null)[] = [];
  for (const plan of schedulePlans) {
    updates.push(updateOf(plan, calendars, change.actor, settled, delays));
    await breath.take();
  }
  for (const schedule of calendars.dependents) {
    updates.push(boundAnew(schedule, calendars, settled, delays));
    await breath.take();
  }
  for (const some of portions(updates)) {
    await schedulesUpdate(tx, change.actor, some);
    await breath.take();
  }
  const creations: (ScheduleWrite | null)[] = [];
  for (const job of changed) {
    const jobId = jobIds.get(job.name);
    if (jobId === undefined) continue;
    for (const plan of job.schedules) {
      creations.push(creationOf(plan, calendars, deps.identity.next(), jobId, change.actor, now));
      await breath.take();
    }
  }
  for (const some of portions(creations)) {
    await schedulesInsert(tx, change.namespace, change.actor, some);
    await breath.take();
  }
  await writeEvents(tx, deps, change, { jobs: changed, calendars, pools });
  return decided;
}

/** What is to be written, as much at a time as takes a few milliseconds. */
function portions(writes: readonly (ScheduleWrite | null)[]): ScheduleWrite[][] {
  const given = writes.filter((write) => write !== null);
  const size = serverLimits.scheduleWrites;
  return Array.from({ length: Math.ceil(given.length / size) }, (_, index) =>
    given.slice(index * size, (index + 1) * size),
  );
}

/** Answers the ids of the jobs by name. */
async function writeJobs(
  tx: Tx,
  deps: WriteDeps,
  change: Change,
  plans: readonly JobPlan[],
): Promise<Map<string, string>> {
  const specs = plans.flatMap((plan) => (plan.specChanged && plan.wanted !== null ? [plan.wanted] : []));
  const laneOf = await lanesEnsure(tx, deps.identity, change.namespace, specs);
  const ids = new Map<string, string>();
  const versions: NewJobVersion[] = [];
  const writes: { insert: JobWrite[]; update: JobWrite[]; delete: string[] } = { insert: [], update: [], delete: [] };
  for (const plan of plans) {
    const id = plan.stored?.id ?? deps.identity.next();
    ids.set(plan.name, id);
    if (plan.wanted === null) writes.delete.push(id);
    else {
      const version = newJobVersion(plan, plan.wanted, id, deps.identity, laneOf);
      if (version !== null) versions.push(version);
      writes[plan.stored === null ? 'insert' : 'update'].push(jobWrite(plan, plan.wanted, id, version));
    }
  }
  await jobVersionsInsert(tx, change.actor, versions);
  await jobsInsert(tx, change.namespace, writes.insert);
  await jobsUpdate(tx, writes.update);
  await jobsDelete(tx, writes.delete);
  await rulesPut(tx, rulesOf(change.namespace, plans, ids));
  return ids;
}

/** Of jobs whose rules may have changed. Those of a deleted job stay as they were, for what it leaves behind. */
function rulesOf(namespace: string, plans: readonly JobPlan[], ids: ReadonlyMap<string, string>): RuleWrite[] {
  return plans.flatMap(({ name, specChanged, wanted }) => {
    const jobId = ids.get(name);
    return specChanged && wanted !== null && jobId !== undefined ? [{ namespace, jobId, keep: wanted.retention }] : [];
  });
}

function newJobVersion(
  plan: JobPlan,
  spec: JobSpec,
  jobId: string,
  identity: Pick<Identity, 'next'>,
  laneOf: (spec: JobSpec) => string,
): NewJobVersion | null {
  if (!plan.specChanged) return null;
  return { id: identity.next(), jobId, version: (plan.stored?.version ?? 0) + 1, laneId: laneOf(spec), spec };
}

function jobWrite(plan: JobPlan, spec: JobSpec, id: string, version: NewJobVersion | null): JobWrite {
  return {
    id,
    name: plan.name,
    version: (plan.stored?.version ?? 0) + 1,
    versionId: version?.id ?? null,
    enabled: spec.enabled,
    source: plan.source,
  };
}

function creationOf(
  plan: SchedulePlan,
  calendars: CalendarBook,
  id: string,
  jobId: string,
  actor: string,
  now: number,
): ScheduleWrite | null {
  if (plan.action !== 'create' || plan.wanted === null) return null;
  const { wanted: spec, name } = plan;
  const pause = spec.paused ? { reason: byDefinition, by: actor } : null;
  const same = { id, jobId, name, version: 1, spec, anchorAt: now, calendars: calendars.bindingOf(spec) };
  return { ...same, ...stateFrom(spec, now, now, pause, calendars.compiled, undefined) };
}

function updateOf(
  plan: SchedulePlan,
  calendars: CalendarBook,
  actor: string,
  settled: ReadonlyMap<string, SettledSchedule>,
  delays: ReadonlyMap<string, DelayFacts>,
): ScheduleWrite | null {
  const { stored, wanted, name } = plan;
  const row = stored === null ? undefined : settled.get(stored.id);
  if (plan.action === 'unchanged' || stored === null || row === undefined) return null;
  const cursor = Math.max(row.cursor, row.now);
  const same = { id: stored.id, jobId: stored.jobId, name, version: row.version + 1 };
  if (wanted === null) {
    const { spec, anchorAt, calendars: bound } = stored;
    return { ...same, spec, anchorAt, calendars: bound, ...ended('deleted', cursor) };
  }
  const anchorAt = nextAnchor(plan, row.now);
  const paused = nextPaused(plan, row.state);
  const byPerson = paused && row.state === 'paused' && row.pausedReason !== null;
  const pause = paused
    ? byPerson
      ? { reason: row.pausedReason ?? '', by: row.pausedBy ?? '' }
      : { reason: byDefinition, by: actor }
    : null;
  const bound = calendars.bindingOf(wanted);
  return {
    ...same,
    spec: wanted,
    anchorAt,
    calendars: bound,
    ...stateFrom(wanted, anchorAt, cursor, pause, calendars.compiled, delays.get(stored.id)),
  };
}

/** A schedule that stays as it is, under other calendars. A finished one may begin again. */
function boundAnew(
  { id, jobId, name, spec, anchorAt }: StoredSchedule,
  calendars: CalendarBook,
  settled: ReadonlyMap<string, SettledSchedule>,
  delays: ReadonlyMap<string, DelayFacts>,
): ScheduleWrite | null {
  const row = settled.get(id);
  if (row === undefined) return null;
  const pause = row.state === 'paused' ? { reason: row.pausedReason ?? '', by: row.pausedBy ?? '' } : null;
  const cursor = Math.max(row.cursor, row.now);
  const same = { id, jobId, name, version: row.version + 1, spec, anchorAt, calendars: calendars.bindingOf(spec) };
  return { ...same, ...stateFrom(spec, anchorAt, cursor, pause, calendars.compiled, delays.get(id)) };
}

const byDefinition = 'paused in its definition';

type StateFields = Pick<ScheduleWrite, 'state' | 'cursor' | 'nextFireAt' | 'pausedReason' | 'pausedBy'>;

function ended(state: ScheduleState | 'deleted', cursor: number): StateFields {
  return { state, cursor, nextFireAt: null, pausedReason: null, pausedBy: null };
}

/** The state of a schedule from `cursor` on: paused, enabled, or finished because no fire comes any more. `delayed`: of a fixed delay that is not new. */
export function stateFrom(
  spec: ScheduleDefinition,
  anchorAt: number,
  cursor: number,
  pause: { reason: string; by: string } | null,
  calendars: ReadonlyMap<string, CompiledCalendar>,
  delayed: DelayFacts | undefined,
): StateFields {
  if (pause !== null) return { ...ended('paused', cursor), pausedReason: pause.reason, pausedBy: pause.by };
  // Its run goes on: the end of that gives it its next time.
  if (isDelay(spec) && delayed?.unfinished === true) return ended('enabled', cursor);
  const nextFireAt = isDelay(spec)
    ? delayedFire(spec, delayed?.from ?? anchorAt, cursor)
    : nextFireAfter(compileTimes(spec, anchorAt, calendars), cursor);
  return nextFireAt === null ? ended('finished', cursor) : { ...ended('enabled', cursor), nextFireAt };
}

/** What those count from that are to have a fixed delay. */
function delaysOf(
  tx: Tx,
  plans: readonly SchedulePlan[],
  dependents: readonly StoredSchedule[],
): Promise<Map<string, DelayFacts>> {
  const changed = plans.filter(
    (plan) => plan.action !== 'unchanged' && plan.wanted !== null && plan.stored !== null && isDelay(plan.wanted),
  );
  return delayFacts(tx, [
    ...changed.flatMap((plan) => plan.stored?.id ?? []),
    ...dependents.filter((schedule) => isDelay(schedule.spec)).map((schedule) => schedule.id),
  ]);
}

/** Values stay out: they may be large, and the versions hold them. */
async function writeEvents(tx: Tx, deps: WriteDeps, change: Change, plans: Required<DefinitionPlans>): Promise<void> {
  const { namespace, actor } = change;
  const told = (kind: string, plan: JobPlan | SchedulePlan | CalendarPlan | PoolPlan): NewEvent[] => {
    if (plan.action === 'unchanged') return [];
    const detail = { changed: plan.differences.map((one) => one.pointer) };
    return [{ namespace, actor, action: `${kind}.${plan.action}`, subject: plan.name, detail }];
  };
  const events = [
    ...plans.calendars.plans.flatMap((calendar) => told('calendar', calendar)),
    ...plans.pools.plans.flatMap((pool) => told('pool', pool)),
    ...plans.jobs.flatMap((job) => [
      ...told('job', job),
      ...job.schedules.flatMap((schedule) => told('schedule', schedule)),
    ]),
  ];
  await eventsAppend(
    tx,
    deps.identity,
    events.map((event, index) => (index === 0 ? { ...event, id: change.eventId } : event)),
  );
}
