// Tasks, schedules and calendars of one program as the definitions that a master stores.

import { type ApplyRequest, type CalendarInput, type JobInput, limits, Refusal } from '@tidewheel/protocol';
import type { Calendar } from './calendar.ts';
import type { Schedule } from './schedule.ts';
import type { Task } from './task.ts';

export interface Definitions {
  /** Schedules bring their task along. */
  readonly tasks: ReadonlyMap<string, Task>;
  readonly jobs: JobInput[];
  readonly calendars: CalendarInput[];
}

/** Throws when an id stands twice for different things. */
export function definitionsOf(
  tasks: readonly Task[],
  schedules: readonly Schedule[],
  calendars: readonly Calendar[] = [],
): Definitions {
  const byId = byOwnId('tasks', [...tasks, ...schedules.map((schedule) => schedule.task)]);
  const scheduled = byOwnId('schedules', schedules);
  const declared = [...byOwnId('calendars', calendars).values()];
  const jobs = [...byId.values()].map((task) => {
    const own = [...scheduled.values()].filter((schedule) => schedule.task === task);
    return own.length === 0
      ? task.definition
      : { ...task.definition, schedules: own.map((schedule) => schedule.definition) };
  });
  if (jobs.length > limits.applyJobs) throw new Refusal('VALIDATION_FAILED', `more than ${limits.applyJobs} tasks`);
  return { tasks: byId, jobs, calendars: declared.map((calendar) => calendar.definition) };
}

/** The same thing may be given twice, as it may be exported by several files. */
function byOwnId<T extends { readonly id: string }>(kind: string, things: readonly T[]): Map<string, T> {
  const byId = new Map<string, T>();
  for (const thing of things) {
    const before = byId.get(thing.id);
    if (before !== undefined && before !== thing)
      throw new Refusal('DUPLICATE_NAME', `two ${kind} are called "${thing.id}"`);
    byId.set(thing.id, thing);
  }
  return byId;
}

export interface RegistrationOptions {
  /** Workers of one program; with `prune`, jobs that the group registered before and no longer has are removed. */
  group?: string | undefined;
  prune?: boolean | undefined;
  /** Takes jobs that a file, a person or another group declares; without it they are refused (OTHER_SOURCE). */
  takeOver?: boolean | undefined;
}

/** All jobs of one worker group are applied under one source, so that pruning touches no other. */
export function applyOf(
  { jobs, calendars }: Pick<Definitions, 'jobs' | 'calendars'>,
  { group = 'default', prune = false, takeOver = false }: RegistrationOptions,
): ApplyRequest {
  // A master that does not know a field yet would refuse it.
  const newer = { ...(takeOver ? { takeOver } : {}), ...(calendars.length > 0 ? { calendars } : {}) };
  return { jobs, prune, source: `code/${group}`, ...newer };
}
