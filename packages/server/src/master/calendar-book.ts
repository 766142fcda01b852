// The calendars of a namespace within one change of its definitions: as they are, as they will be, and which schedules that concerns.
//
// A schedule is bound to versions of calendars. So a change of a calendar gives each schedule that depends on it a new version, as any
// other change does, in the same transaction: what is due is decided under the old calendars first. When more schedules depend on it
// than one transaction can carry (serverLimits.calendarSchedules), the change is refused.

import { type CalendarDefinition, Refusal, type Role, type ScheduleDefinition } from '@tidewheel/protocol';
import { calendarsOfSchedule, containersOf, sortedVersions, withNested } from '../core/calendar-graph.ts';
import {
  type CalendarPlan,
  type CalendarUser,
  type CalendarWish,
  checkCalendarCount,
  planCalendars,
  refuseInUse,
  type StoredCalendar,
  usesAfter,
} from '../core/calendar-plan.ts';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import type { JobPlan } from '../core/definition-plan.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import {
  calendarDefinitions,
  calendarDependents,
  calendarNodes,
  calendarsDelete,
  calendarsWrite,
} from '../store/calendars.ts';
import { type DependentSchedule, schedulesDependingOn } from '../store/schedules.ts';

const noWish: CalendarWish = { wanted: [], unwanted: [], source: null };

export class CalendarBook {
  readonly plans: readonly CalendarPlan[];
  /** Every calendar that the change concerns, compiled as it will be. */
  readonly compiled: ReadonlyMap<string, CompiledCalendar>;
  /** Schedules that need a new version because of a calendar, besides those that change anyway. */
  readonly dependents: readonly DependentSchedule[];
  readonly #uses: ReadonlyMap<string, readonly string[]>;
  readonly #versions: Map<string, number>;

  private constructor(
    plans: readonly CalendarPlan[],
    compiled: ReadonlyMap<string, CompiledCalendar>,
    dependents: readonly DependentSchedule[],
    uses: ReadonlyMap<string, readonly string[]>,
    versions: Map<string, number>,
  ) {
    this.plans = plans;
    this.compiled = compiled;
    this.dependents = dependents;
    this.#uses = uses;
    this.#versions = versions;
  }

  /**
   * Reads what the change needs; nothing when no calendar is concerned. `pointer`: where the wanted calendars stand in the request.
   * Refusals: VALIDATION_FAILED, UNKNOWN_CALENDAR, UNKNOWN_TIMEZONE, CALENDAR_IN_USE, CONFLICT (too many schedules).
   */
  static async open(
    tx: Tx,
    namespace: string,
    jobs: readonly JobPlan[],
    wish: CalendarWish | CalendarsOfSource = noWish,
    pointer = '/calendars',
  ): Promise<CalendarBook> {
    const named = namesIn(jobs);
    const pruning = 'pruneSource' in wish && wish.pruneSource !== null;
    if (named.length + wish.wanted.length + wish.unwanted.length === 0 && !pruning)
      return new CalendarBook([], new Map(), [], new Map(), new Map());
    const stored = new Map((await calendarNodes(tx, namespace)).map((node) => [node.name, node]));
    const whole = pruning ? { ...wish, unwanted: unwantedOf(wish, stored) } : wish;
    const known = await definitionsOf(
      tx,
      namespace,
      stored,
      wish.wanted.map((one) => one.name),
    );
    const plans = planCalendars(stored, whole, (name) => known.get(name) ?? null);
    const uses = usesAfter(stored, plans);
    checkCalendarCount(uses.size);
    const changed = plans.filter((plan) => plan.rulesChanged).map((plan) => plan.name);
    const removed = plans.filter((plan) => plan.action === 'delete').map((plan) => plan.name);
    const dependents = await dependentsOf(tx, namespace, jobs, [...changed, ...removed]);
    refuseInUse([...calendarUsers(uses, removed), ...scheduleUsers(dependents, removed)]);
    await refuseCrowd(tx, namespace, jobs, uses);
    const needed = withNested(
      [...containersOf(changed, uses), ...named, ...dependents.flatMap((one) => calendarsOfSchedule(one.spec))],
      uses,
    );
    const definitions = [...wish.wanted];
    const wanted = new Set(wish.wanted.map((one) => one.name));
    const others = needed.filter((name) => !wanted.has(name));
    definitions.push(...(await definitionsOf(tx, namespace, stored, others)).values());
    const compiled = placing(wish.wanted.length, pointer, () => compileCalendars(definitions));
    const versions = new Map([...stored.values()].map((node) => [node.name, node.version]));
    return new CalendarBook(plans, compiled, dependents, uses, versions);
  }

  get changed(): boolean {
    return this.plans.some((plan) => plan.action !== 'unchanged');
  }

  /** Writes the plan. From then on `bindingOf` tells the versions that are in force. */
  async write(tx: Tx, namespace: string, actor: string): Promise<void> {
    const writes = this.plans.flatMap(({ action, wanted, source, name, rulesChanged }) =>
      wanted === null || action === 'unchanged'
        ? []
        : { definition: wanted, source, uses: this.#uses.get(name) ?? [], newVersion: rulesChanged },
    );
    const versions = await calendarsWrite(tx, namespace, actor, writes);
    for (const [name, version] of versions) this.#versions.set(name, version);
    const gone = this.plans.filter((plan) => plan.action === 'delete').map((plan) => plan.name);
    await calendarsDelete(tx, namespace, gone);
  }

  /** The calendars that a schedule is bound to from now on, as its row has it. */
  bindingOf(spec: ScheduleDefinition): string {
    const names = withNested(calendarsOfSchedule(spec), this.#uses);
    return JSON.stringify(sortedVersions(names.map((name) => [name, this.#versions.get(name) ?? 0] as const)));
  }
}

/** With `pruneSource`, calendars of that source which are not wanted shall go. */
export interface CalendarsOfSource extends CalendarWish {
  readonly pruneSource: string | null;
}

function unwantedOf(
  wish: CalendarWish | CalendarsOfSource,
  stored: ReadonlyMap<string, StoredCalendar>,
): readonly string[] {
  const source = 'pruneSource' in wish ? wish.pruneSource : null;
  const wanted = new Set(wish.wanted.map((one) => one.name));
  const own = [...stored.values()].filter((one) => one.source === source && !wanted.has(one.name));
  return [...wish.unwanted, ...own.map((one) => one.name)];
}

function namesIn(jobs: readonly JobPlan[]): string[] {
  const specs = jobs.flatMap((job) => job.schedules.flatMap((schedule) => schedule.wanted ?? []));
  return [...new Set(specs.flatMap(calendarsOfSchedule))];
}

async function definitionsOf(
  tx: Tx,
  namespace: string,
  stored: ReadonlyMap<string, StoredCalendar>,
  names: readonly string[],
): Promise<Map<string, CalendarDefinition>> {
  const keys = names.flatMap((name) => {
    const version = stored.get(name)?.version;
    return version === undefined ? [] : { namespace, name, version };
  });
  return new Map((await calendarDefinitions(tx, keys)).map((row) => [row.name, row.definition]));
}

/** Stored schedules that depend on one of the calendars and are not changed by the plans of jobs anyway. */
async function dependentsOf(
  tx: Tx,
  namespace: string,
  jobs: readonly JobPlan[],
  calendars: readonly string[],
): Promise<DependentSchedule[]> {
  if (calendars.length === 0) return [];
  const found = await schedulesDependingOn(tx, namespace, calendars, serverLimits.calendarSchedules + 1);
  if (found.length > serverLimits.calendarSchedules) {
    throw new Refusal(
      'CONFLICT',
      `more than ${serverLimits.calendarSchedules} schedules depend on what is changed; make copies of the calendar under other names, and let fewer schedules use each`,
    );
  }
  const planned = new Set(
    jobs.flatMap((job) =>
      job.schedules.flatMap((plan) => (plan.action === 'unchanged' ? [] : (plan.stored?.id ?? []))),
    ),
  );
  return found.filter((schedule) => !planned.has(schedule.id));
}

/** A calendar that too many schedules depend on could not be changed any more. */
async function refuseCrowd(
  tx: Tx,
  namespace: string,
  jobs: readonly JobPlan[],
  uses: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const changing = jobs.flatMap((job) => job.schedules.filter((plan) => plan.action !== 'unchanged'));
  const more = new Map<string, number>();
  const count = (names: Iterable<string>, by: number): void => {
    for (const name of names) more.set(name, (more.get(name) ?? 0) + by);
  };
  for (const { wanted } of changing) if (wanted !== null) count(withNested(calendarsOfSchedule(wanted), uses), 1);
  const named = [...more.keys()];
  if (named.length === 0) return;
  for (const { stored } of changing)
    if (stored !== null) count(Object.keys(JSON.parse(stored.calendars) as object), -1);
  const before = await calendarDependents(tx, namespace, named);
  for (const name of named) {
    const after = (before.get(name) ?? 0) + (more.get(name) ?? 0);
    if (after <= serverLimits.calendarSchedules) continue;
    const detail = `${after} schedules would depend on the calendar "${name}"; at most ${serverLimits.calendarSchedules}, so that it can still be changed`;
    throw new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer: '/jobs', detail }] });
  }
}

function calendarUsers(uses: ReadonlyMap<string, readonly string[]>, removed: readonly string[]): CalendarUser[] {
  return [...uses].flatMap(([name, nested]) =>
    removed.filter((one) => nested.includes(one)).map((one) => ({ kind: 'calendar' as const, name, uses: one })),
  );
}

function scheduleUsers(dependents: readonly DependentSchedule[], removed: readonly string[]): CalendarUser[] {
  return dependents.flatMap(({ name, spec }) => {
    const direct = calendarsOfSchedule(spec);
    return removed.filter((one) => direct.includes(one)).map((one) => ({ kind: 'schedule' as const, name, uses: one }));
  });
}

/** Faults of the first `count` calendars point into the request, those of others name the calendar that is broken by it. */
function placing<T>(count: number, pointer: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const faults = error.faults.map(({ pointer: place, detail }) => {
      const [, index = '', rest = ''] = /^\/(\d+)(.*)$/.exec(place) ?? [];
      if (index === '' || Number(index) >= count) return { pointer, detail: error.message };
      return { pointer: pointer === '' ? rest : `${pointer}/${index}${rest}`, detail };
    });
    throw new Refusal(error.code, error.message, { faults });
  }
}

/** Calendars decide when jobs run, so a worker's token reaches no further with them than with jobs: to tasks. */
export function checkCalendarRole(book: CalendarBook, role: Role): void {
  if (role !== 'worker') return;
  const other = book.dependents.find((schedule) => schedule.kind !== 'task');
  if (other === undefined) return;
  const detail = `the schedule "${other.name}" depends on it, and a worker's token reaches the schedules of tasks only`;
  throw new Refusal('FORBIDDEN', detail, { faults: [{ pointer: '/calendars', detail }] });
}
