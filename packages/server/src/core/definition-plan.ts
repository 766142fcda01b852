// What has to be written so that the stored definitions become the wanted ones. Pure; the caller writes the plan in one transaction.

import type { Change, JobDefinition, JobSpec, ScheduleDefinition } from '@tidewheel/protocol';
import { canonicalJson } from './canonical-json.ts';
import { type Difference, differences } from './definition-diff.ts';

export type ScheduleState = 'enabled' | 'paused' | 'finished';

export interface StoredSchedule {
  readonly id: string;
  readonly jobId: string;
  readonly name: string;
  readonly version: number;
  readonly spec: ScheduleDefinition;
  readonly state: ScheduleState;
  readonly anchorAt: number;
  /** The versions of calendars that it is bound to, as JSON. */
  readonly calendars: string;
}

export interface StoredJob {
  readonly id: string;
  readonly name: string;
  /** Of the definition with its schedules: what an ETag tells. */
  readonly version: number;
  readonly source: string;
  readonly spec: JobSpec;
  readonly schedules: readonly StoredSchedule[];
}

export type Action = Change['action'];

export interface SchedulePlan {
  readonly action: Action;
  readonly name: string;
  readonly stored: StoredSchedule | null;
  readonly wanted: ScheduleDefinition | null;
  readonly differences: Difference[];
}

export interface JobPlan {
  readonly action: Action;
  readonly name: string;
  readonly stored: StoredJob | null;
  readonly wanted: JobSpec | null;
  readonly differences: Difference[];
  /** The spec itself differs, not only its source or its schedules, so that a new job version is needed. */
  readonly specChanged: boolean;
  readonly source: string;
  readonly schedules: readonly SchedulePlan[];
}

/** `stored`: the jobs of the wanted names, and those to be pruned. Jobs that are stored and not wanted are deleted. */
export function planDefinitions(
  stored: readonly StoredJob[],
  wanted: readonly JobDefinition[],
  source: string,
): JobPlan[] {
  const byName = new Map(stored.map((job) => [job.name, job]));
  const plans = wanted.map((definition) => planJob(byName.get(definition.name) ?? null, definition, source));
  const names = new Set(wanted.map((definition) => definition.name));
  for (const job of stored) if (!names.has(job.name)) plans.push(planDeletion(job));
  return plans;
}

function planJob(stored: StoredJob | null, definition: JobDefinition, source: string): JobPlan {
  const { schedules: wantedSchedules, ...rest } = definition;
  const wanted = plainJson(rest) as JobSpec;
  const schedules = planSchedules(stored?.schedules ?? [], wantedSchedules);
  if (stored === null) {
    return {
      action: 'create',
      name: definition.name,
      stored,
      wanted,
      differences: [],
      specChanged: true,
      source,
      schedules,
    };
  }
  const specDifferences = differences(stored.spec, wanted);
  const sourceDifferences =
    stored.source === source ? [] : [{ pointer: '/source', before: stored.source, after: source }];
  const found = [...specDifferences, ...sourceDifferences];
  return {
    action: found.length === 0 ? 'unchanged' : 'update',
    name: definition.name,
    stored,
    wanted,
    differences: found,
    specChanged: specDifferences.length > 0,
    source,
    schedules,
  };
}

function planDeletion(stored: StoredJob): JobPlan {
  const { name, source } = stored;
  const schedules = planSchedules(stored.schedules, []);
  return { action: 'delete', name, stored, wanted: null, differences: [], specChanged: false, source, schedules };
}

function planSchedules(stored: readonly StoredSchedule[], wanted: readonly ScheduleDefinition[]): SchedulePlan[] {
  const byName = new Map(stored.map((schedule) => [schedule.name, schedule]));
  const plans = wanted.map((definition): SchedulePlan => {
    const { name } = definition;
    const before = byName.get(name) ?? null;
    byName.delete(name);
    const spec = plainJson(definition) as ScheduleDefinition;
    if (before === null) return { action: 'create', name, stored: null, wanted: spec, differences: [] };
    const found = differences(before.spec, spec);
    return {
      action: found.length === 0 ? 'unchanged' : 'update',
      name,
      stored: before,
      wanted: spec,
      differences: found,
    };
  });
  for (const gone of byName.values()) {
    plans.push({ action: 'delete', name: gone.name, stored: gone, wanted: null, differences: [] });
  }
  return plans;
}

/** As it will be read back from the store: without keys that are undefined. */
function plainJson(value: object): object {
  return JSON.parse(canonicalJson(value)) as object;
}

/** Whether anything of a job, its schedules included, is written: then its version grows. */
export function isChanged(plan: JobPlan): boolean {
  return plan.action !== 'unchanged' || plan.schedules.some((schedule) => schedule.action !== 'unchanged');
}

export function changesOf(plans: readonly JobPlan[]): Change[] {
  return plans.flatMap((job): Change[] => [
    { kind: 'job', name: job.name, action: job.action, differences: job.differences },
    ...job.schedules.map(
      ({ name, action, differences: found }): Change => ({ kind: 'schedule', name, action, differences: found }),
    ),
  ]);
}

/** The triggers, and what counts their times. */
const counted = ['cron', 'every', 'anchor', 'at', 'in', 'delay', 'rrule', 'times', 'count'] as const;
const bounding = ['timezone', 'dst', 'calendar', 'start', 'end'] as const;

/** What a changed or new schedule counts its intervals, its `count` and its rules from: it begins anew when any of these changes. */
export function nextAnchor(plan: SchedulePlan, now: number): number {
  const { stored, wanted } = plan;
  if (stored === null || wanted === null) return stored?.anchorAt ?? now;
  return sameValues(stored.spec, wanted, counted) ? stored.anchorAt : now;
}

/** Whether a schedule is new, or its times may be others than before. */
export function timesChanged({ stored, wanted }: SchedulePlan): boolean {
  if (wanted === null) return false;
  return stored === null || !sameValues(stored.spec, wanted, counted) || !sameValues(stored.spec, wanted, bounding);
}

function sameValues<K extends keyof ScheduleDefinition>(
  before: ScheduleDefinition,
  after: ScheduleDefinition,
  keys: readonly K[],
): boolean {
  return keys.every((key) => canonicalJson(before[key] ?? null) === canonicalJson(after[key] ?? null));
}

/** Whether a schedule is to be paused: a pause by a person outlives changes, unless the definition's own `paused` changes. */
export function nextPaused(plan: SchedulePlan, state: ScheduleState): boolean {
  const { stored, wanted } = plan;
  if (wanted === null) return false;
  if (stored === null || stored.spec.paused !== wanted.paused) return wanted.paused;
  return state === 'paused';
}
