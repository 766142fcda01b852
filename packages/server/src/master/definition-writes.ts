// Writes a plan of definitions within one transaction: settle the schedules that change, then lanes, jobs, versions, schedules, events.

import type { JobSpec, ScheduleDefinition } from '@tidewheel/protocol';
import {
  isChanged,
  type JobPlan,
  nextAnchor,
  nextPaused,
  type SchedulePlan,
  type ScheduleState,
} from '../core/definition-plan.ts';
import { compileTimes, nextFireAfter } from '../core/schedule-times.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { eventsAppend, type NewEvent } from '../store/events.ts';
import type { FireDeps, FiresDecided } from '../store/fires.ts';
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

export interface WriteDeps extends FireDeps {
  identity: Identity;
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
  plans: readonly JobPlan[],
  now: number,
): Promise<FiresDecided[]> {
  const changed = plans.filter(isChanged);
  const schedulePlans = changed.flatMap((plan) => plan.schedules);
  const existing = schedulePlans.filter((plan) => plan.action !== 'unchanged').flatMap((plan) => plan.stored?.id ?? []);
  // First of all: what is due is decided under the old specs and the old job versions.
  const { settled, decided } = await schedulesSettle(tx, deps, existing);
  const jobIds = await writeJobs(tx, deps, change, changed);
  // Before the new ones: a name may move from one job to another.
  const updates = schedulePlans.flatMap((plan) => updateOf(plan, change.actor, settled) ?? []);
  await schedulesUpdate(tx, change.actor, updates);
  const creations = changed.flatMap((job) =>
    job.schedules.flatMap(
      (plan) => creationOf(plan, deps.identity.next(), jobIds.get(job.name), change.actor, now) ?? [],
    ),
  );
  await schedulesInsert(tx, change.namespace, change.actor, creations);
  await writeEvents(tx, deps, change, changed);
  return decided;
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
  return ids;
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
  id: string,
  jobId: string | undefined,
  actor: string,
  now: number,
): ScheduleWrite | null {
  if (plan.action !== 'create' || plan.wanted === null || jobId === undefined) return null;
  const { wanted: spec, name } = plan;
  const pause = spec.paused ? { reason: byDefinition, by: actor } : null;
  return { id, jobId, name, version: 1, spec, anchorAt: now, ...stateFrom(spec, now, now, pause) };
}

function updateOf(
  plan: SchedulePlan,
  actor: string,
  settled: ReadonlyMap<string, SettledSchedule>,
): ScheduleWrite | null {
  const { stored, wanted, name } = plan;
  const row = stored === null ? undefined : settled.get(stored.id);
  if (plan.action === 'unchanged' || stored === null || row === undefined) return null;
  const cursor = Math.max(row.cursor, row.now);
  const same = { id: stored.id, jobId: stored.jobId, name, version: row.version + 1 };
  if (wanted === null) return { ...same, spec: stored.spec, anchorAt: stored.anchorAt, ...ended('deleted', cursor) };
  const anchorAt = nextAnchor(plan, row.now);
  const paused = nextPaused(plan, row.state);
  const byPerson = paused && row.state === 'paused' && row.pausedReason !== null;
  const pause = paused
    ? byPerson
      ? { reason: row.pausedReason ?? '', by: row.pausedBy ?? '' }
      : { reason: byDefinition, by: actor }
    : null;
  return { ...same, spec: wanted, anchorAt, ...stateFrom(wanted, anchorAt, cursor, pause) };
}

const byDefinition = 'paused in its definition';

type StateFields = Pick<ScheduleWrite, 'state' | 'cursor' | 'nextFireAt' | 'pausedReason' | 'pausedBy'>;

function ended(state: ScheduleState | 'deleted', cursor: number): StateFields {
  return { state, cursor, nextFireAt: null, pausedReason: null, pausedBy: null };
}

/** The state of a schedule from `cursor` on: paused, enabled with a next fire, or finished because none comes any more. */
export function stateFrom(
  spec: ScheduleDefinition,
  anchorAt: number,
  cursor: number,
  pause: { reason: string; by: string } | null,
): StateFields {
  if (pause !== null) return { ...ended('paused', cursor), pausedReason: pause.reason, pausedBy: pause.by };
  const nextFireAt = nextFireAfter(compileTimes(spec, anchorAt), cursor);
  return nextFireAt === null ? ended('finished', cursor) : { ...ended('enabled', cursor), nextFireAt };
}

async function writeEvents(tx: Tx, deps: WriteDeps, change: Change, plans: readonly JobPlan[]): Promise<void> {
  const { namespace, actor } = change;
  const events = plans.flatMap((job): NewEvent[] => {
    const told = (kind: string, plan: JobPlan | SchedulePlan): NewEvent[] =>
      plan.action === 'unchanged'
        ? []
        : // Values stay out: they may be large, and the versions hold them.
          [
            {
              namespace,
              actor,
              action: `${kind}.${plan.action}`,
              subject: plan.name,
              detail: { changed: plan.differences.map((one) => one.pointer) },
            },
          ];
    return [...told('job', job), ...job.schedules.flatMap((schedule) => told('schedule', schedule))];
  });
  await eventsAppend(
    tx,
    deps.identity,
    events.map((event, index) => (index === 0 ? { ...event, id: change.eventId } : event)),
  );
}
