// What the schema of a definition cannot know: that cron and zone are real, that names are used once, that payloads fit, that an
// instant lies ahead, and what a worker may define. Each refusal points to the place of its fault.

import {
  type ErrorCode,
  type Fault,
  handlerKey,
  type JobDefinition,
  limits,
  Refusal,
  type Role,
  type ScheduleDefinition,
} from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { type JobPlan, timesChanged } from './definition-plan.ts';
import { serverLimits } from './limits.ts';
import { compileTimes, nextFireAfter } from './schedule-times.ts';

class Faults {
  readonly #faults: Fault[] = [];
  #first: { code: ErrorCode; detail: string } | null = null;

  add(code: ErrorCode, pointer: string, detail: string): void {
    this.#first ??= { code, detail };
    if (this.#faults.length < serverLimits.faults) this.#faults.push({ pointer, detail });
  }

  get full(): boolean {
    return this.#faults.length >= serverLimits.faults;
  }

  throwAny(): void {
    if (this.#first === null) return;
    const { code, detail } = this.#first;
    throw new Refusal(code, `${this.#faults[0]?.pointer}: ${detail}`, { faults: this.#faults });
  }
}

/** `pointer`: where the list of jobs stands in the request; null when the one job is the request itself. */
export function checkDefinitions(jobs: readonly JobDefinition[], pointer: '/jobs' | null): void {
  const scheduleCount = jobs.reduce((sum, job) => sum + job.schedules.length, 0);
  if (scheduleCount > serverLimits.applySchedules) {
    throw new Refusal(
      'VALIDATION_FAILED',
      `${scheduleCount} schedules in one request; at most ${serverLimits.applySchedules}`,
    );
  }
  const faults = new Faults();
  const jobNames = new Set<string>();
  const scheduleNames = new Map<string, string>();
  for (const [index, job] of jobs.entries()) {
    if (faults.full) break;
    const at = placeOfJob(index, pointer);
    if (jobNames.has(job.name)) faults.add('DUPLICATE_NAME', `${at}/name`, `the job "${job.name}" stands twice`);
    jobNames.add(job.name);
    checkPayload(faults, `${at}/payload`, job.payload);
    for (const [place, schedule] of job.schedules.entries()) {
      if (faults.full) break;
      const there = `${at}/schedules/${place}`;
      const holder = scheduleNames.get(schedule.name);
      if (holder !== undefined) {
        faults.add(
          'DUPLICATE_NAME',
          `${there}/name`,
          `the schedule "${schedule.name}" also stands in the job "${holder}"`,
        );
      }
      scheduleNames.set(schedule.name, job.name);
      checkPayload(faults, `${there}/payload`, schedule.payload);
      // What calendars mean is known within the transaction only.
      if (schedule.calendar === undefined) checkTimes(faults, there, schedule, new Map());
    }
  }
  faults.throwAny();
}

/** The times of schedules that name calendars. */
export function checkCalendarTimes(
  jobs: readonly JobDefinition[],
  calendars: ReadonlyMap<string, CompiledCalendar>,
  pointer: '/jobs' | null,
): void {
  const faults = new Faults();
  for (const [index, job] of jobs.entries()) {
    for (const [place, schedule] of job.schedules.entries()) {
      if (faults.full) break;
      const there = `${placeOfJob(index, pointer)}/schedules/${place}`;
      if (schedule.calendar !== undefined) checkTimes(faults, there, schedule, calendars);
    }
  }
  faults.throwAny();
}

/**
 * Of a plan: names that other jobs hold, and new or changed times of which none would ever come. `holders`: schedule name → the job that
 * holds it. `calendars`: as they will be.
 */
export function checkPlan(
  plans: readonly JobPlan[],
  holders: ReadonlyMap<string, string>,
  now: number,
  pointer: '/jobs' | null,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): void {
  const faults = new Faults();
  for (const [index, plan] of plans.entries()) {
    if (plan.wanted === null) continue;
    const names = plan.schedules.filter((schedule) => schedule.wanted !== null);
    for (const [place, schedule] of names.entries()) {
      const at = `${placeOfJob(index, pointer)}/schedules/${place}`;
      const holder = holders.get(schedule.name);
      if (schedule.action === 'create' && holder !== undefined) {
        faults.add('DUPLICATE_NAME', `${at}/name`, `the schedule "${schedule.name}" belongs to the job "${holder}"`);
      }
      const instant = instantOf(schedule.wanted);
      const before = instantOf(schedule.stored?.spec ?? null);
      if (instant !== null && instant !== before && instant <= now) {
        faults.add(
          'VALIDATION_FAILED',
          `${at}/at`,
          `${new Date(instant).toISOString()} is in the past, so it would never fire`,
        );
      } else if (!faults.full && timesChanged(schedule)) checkComing(faults, at, schedule.wanted, now, calendars);
    }
  }
  faults.throwAny();
}

/** A worker may define what workers execute by name, and nothing that runs programs or calls addresses. */
export function checkRole(plans: readonly JobPlan[], role: Role, pointer: '/jobs' | null): void {
  if (role !== 'worker') return;
  const faults = new Faults();
  for (const [index, plan] of plans.entries()) {
    for (const spec of [plan.wanted, plan.stored?.spec ?? null]) {
      if (spec === null || handlerKey(spec).startsWith('task:')) continue;
      const detail = `a worker's token may define tasks only, and "${plan.name}" is of kind ${handlerKey(spec)}`;
      faults.add('FORBIDDEN', plan.wanted === null ? '/prune' : placeOfJob(index, pointer), detail);
    }
  }
  faults.throwAny();
}

function placeOfJob(index: number, pointer: '/jobs' | null): string {
  return pointer === null ? '' : `${pointer}/${index}`;
}

function instantOf(schedule: ScheduleDefinition | null): number | null {
  if (schedule?.at === undefined) return null;
  return typeof schedule.at === 'number' ? schedule.at : Date.parse(schedule.at);
}

function checkTimes(
  faults: Faults,
  pointer: string,
  schedule: ScheduleDefinition,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): void {
  if (schedule.in === 0)
    faults.add(
      'VALIDATION_FAILED',
      `${pointer}/in`,
      'at least 1ms: the moment of creation itself has passed when it is stored',
    );
  try {
    compileTimes(schedule, 0, calendars);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const fault of error.faults) faults.add(error.code, `${pointer}${fault.pointer}`, fault.detail);
  }
}

/** That some time will come. One whose end has passed is finished, which may be what is wanted. */
function checkComing(
  faults: Faults,
  pointer: string,
  schedule: ScheduleDefinition | null,
  now: number,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): void {
  if (schedule === null || schedule.at !== undefined || schedule.delay !== undefined) return;
  const end = typeof schedule.end === 'string' ? Date.parse(schedule.end) : (schedule.end ?? Infinity);
  if (end <= now || nextFireAfter(compileTimes(schedule, now, calendars), now) !== null) return;
  const trigger = (['cron', 'every', 'in', 'rrule', 'times'] as const).find((key) => schedule[key] !== undefined);
  const bounded = schedule.calendar !== undefined || schedule.start !== undefined || schedule.end !== undefined;
  const cause = bounded ? 'its calendars and bounds leave no time' : 'all of its times are in the past';
  faults.add('VALIDATION_FAILED', `${pointer}/${trigger ?? ''}`, `it would never fire: ${cause}`);
}

function checkPayload(faults: Faults, pointer: string, payload: unknown): void {
  if (payload === undefined) return;
  const bytes = new TextEncoder().encode(JSON.stringify(payload)).length;
  if (bytes <= limits.payloadBytes) return;
  faults.add('PAYLOAD_TOO_LARGE', pointer, `${bytes} bytes of JSON, at most ${limits.payloadBytes}`);
}
