// A schedule of a task, in code: when it fires, and with which input. It is registered together with its task.

import { Refusal, scheduleDefinitionSchema, faultsOf, type ScheduleInput } from '@tidewheel/protocol';
import { check, describeFaults } from './schema.ts';
import type { Task, TaskInput } from './task.ts';

/** When: one of cron, every, at, in, delay, rrule, or several as `times`; bounds, calendars and policies as in a file. */
export type ScheduleOptions<Input> = Omit<ScheduleInput, 'name' | 'payload'> & {
  /** A stable name, unique in the namespace. */
  id: string;
} & (undefined extends Input ? { input?: Input } : { input: Input });

const brand = Symbol.for('tidewheel.schedule');

export interface Schedule {
  readonly id: string;
  readonly task: Task;
  readonly definition: ScheduleInput;
  readonly [brand]: true;
}

/** Throws a Refusal at once when the definition or its input is invalid (an asynchronous schema is checked when it runs). */
export function schedule<T extends Task>(task: T, options: ScheduleOptions<TaskInput<T>>): Schedule {
  const { id, input, ...when } = options;
  const definition = { ...when, name: id, ...(input === undefined ? {} : { payload: input }) } as ScheduleInput;
  const parsed = scheduleDefinitionSchema.safeParse(definition);
  if (!parsed.success) {
    throw new Refusal('VALIDATION_FAILED', `the schedule "${id}" is not well defined`, {
      faults: faultsOf(parsed.error.issues),
    });
  }
  refuseInput(id, task, input);
  return { id, task, definition, [brand]: true };
}

function refuseInput(id: string, task: Task, input: unknown): void {
  if (task.input === undefined) return;
  const checked = check(task.input, input);
  if (checked instanceof Promise || checked.ok) return;
  const faults = checked.faults.map((fault) => ({ ...fault, pointer: `/input${fault.pointer}` }));
  throw new Refusal(
    'VALIDATION_FAILED',
    `the schedule "${id}" gives its task an invalid input: ${describeFaults(faults)}`,
    { faults },
  );
}

export function isSchedule(value: unknown): value is Schedule {
  return typeof value === 'object' && value !== null && brand in value;
}
