// Tasks and schedules of one program as the definitions that a master stores.

import { limits, Refusal, type ApplyRequest, type JobInput } from '@tidewheel/protocol';
import type { Schedule } from './schedule.ts';
import type { Task } from './task.ts';

export interface Definitions {
  /** Schedules bring their task along. */
  readonly tasks: ReadonlyMap<string, Task>;
  readonly jobs: JobInput[];
}

/** Throws when an id stands twice for different things. */
export function definitionsOf(tasks: readonly Task[], schedules: readonly Schedule[]): Definitions {
  const byId = new Map<string, Task>();
  for (const task of [...tasks, ...schedules.map((schedule) => schedule.task)]) {
    if (byId.has(task.id) && byId.get(task.id) !== task) {
      throw new Refusal('DUPLICATE_NAME', `two tasks are called "${task.id}"`);
    }
    byId.set(task.id, task);
  }
  const scheduled = new Map<string, Schedule>();
  for (const schedule of schedules) {
    if (scheduled.has(schedule.id) && scheduled.get(schedule.id) !== schedule) {
      throw new Refusal('DUPLICATE_NAME', `two schedules are called "${schedule.id}"`);
    }
    scheduled.set(schedule.id, schedule);
  }
  const jobs = [...byId.values()].map((task) => {
    const own = [...scheduled.values()].filter((schedule) => schedule.task === task);
    return own.length === 0
      ? task.definition
      : { ...task.definition, schedules: own.map((schedule) => schedule.definition) };
  });
  if (jobs.length > limits.applyJobs) throw new Refusal('VALIDATION_FAILED', `more than ${limits.applyJobs} tasks`);
  return { tasks: byId, jobs };
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
  jobs: JobInput[],
  { group = 'default', prune = false, takeOver = false }: RegistrationOptions,
): ApplyRequest {
  // A master that does not know the field yet would refuse it.
  return { jobs, prune, source: `code/${group}`, ...(takeOver ? { takeOver } : {}) };
}
