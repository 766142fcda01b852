// Loads tasks, schedules and calendars from the TypeScript or JavaScript files that --tasks names: whatever they export counts.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Fault, Refusal } from '@tidewheel/protocol';
import { type Calendar, isCalendar, isSchedule, isTask, type Schedule, type Task } from '@tidewheel/sdk';
import type { PlacedFault } from './manifest.ts';
import { readText } from './manifest-files.ts';

export interface LoadedTasks {
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  readonly calendars: readonly Calendar[];
}

export async function loadTasks(paths: readonly string[]): Promise<LoadedTasks> {
  const tasks = new Map<string, Task>();
  const schedules = new Map<string, Schedule>();
  const calendars = new Map<string, Calendar>();
  for (const path of paths) {
    const exported = Object.values(await load(path));
    const found = exported.flatMap((value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [value]));
    for (const value of found) {
      if (isTask(value)) add('task', tasks, value, path);
      else if (isCalendar(value)) add('calendar', calendars, value, path);
      else if (isSchedule(value)) {
        add('schedule', schedules, value, path);
        // A schedule says which task it fires, so that task need not be exported by itself.
        if (!tasks.has(value.task.id)) tasks.set(value.task.id, value.task);
      }
    }
    if (!found.some((value) => isTask(value) || isSchedule(value) || isCalendar(value))) {
      throw new Refusal('INVALID_FILE', `${path} exports no task; write \`export const name = task({ … })\``);
    }
  }
  return { tasks: [...tasks.values()], schedules: [...schedules.values()], calendars: [...calendars.values()] };
}

function add<T extends { readonly id: string }>(kind: string, known: Map<string, T>, value: T, path: string): void {
  const before = known.get(value.id);
  if (before !== undefined && before !== value) {
    throw new Refusal('DUPLICATE_NAME', `the ${kind} "${value.id}" stands twice; the second time in ${path}`);
  }
  known.set(value.id, value);
}

async function load(path: string): Promise<Record<string, unknown>> {
  const text = readText(path);
  const absolute = resolve(path);
  try {
    return (await import(pathToFileURL(absolute).href)) as Record<string, unknown>;
  } catch (error) {
    throw new Refusal('INVALID_FILE', `${path} cannot be loaded`, {
      faults: faultsOf(error, path, absolute, text),
      cause: error,
    });
  }
}

/** Where in the file it went wrong, as far as the error tells; what a task's definition lacks is told besides. */
function faultsOf(error: unknown, path: string, absolute: string, text: string): Fault[] {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const at = stack.indexOf(`${absolute}:`);
  const [, line = '1', column = '1'] = /^:(\d+)(?::(\d+))?/.exec(at < 0 ? '' : stack.slice(at + absolute.length)) ?? [];
  const excerpt = text.split('\n')[Number(line) - 1] ?? '';
  const detail = message.split('\n')[0] ?? '';
  const placed: PlacedFault = { pointer: '', detail, file: path, line: Number(line), column: Number(column), excerpt };
  return error instanceof Refusal ? [placed, ...error.faults] : [placed];
}
