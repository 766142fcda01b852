// What has to be written so that the stored calendars become the wanted ones, and what stands against it. Pure.

import { type CalendarDefinition, type Change, limits, Refusal } from '@tidewheel/protocol';
import { calendarsNamedBy } from './calendar-graph.ts';
import { canonicalJson } from './canonical-json.ts';
import { refuseFaults } from './declared.ts';
import { type Difference, differences } from './definition-diff.ts';

export interface StoredCalendar {
  readonly name: string;
  readonly version: number;
  readonly source: string;
  readonly uses: readonly string[];
}

export interface CalendarPlan {
  readonly action: Change['action'];
  readonly name: string;
  readonly stored: StoredCalendar | null;
  readonly wanted: CalendarDefinition | null;
  readonly source: string;
  readonly differences: Difference[];
  /** The rules differ, not only the source, so that a new version is needed. */
  readonly rulesChanged: boolean;
}

export interface CalendarWish {
  readonly wanted: readonly CalendarDefinition[];
  /** Calendars that shall go. */
  readonly unwanted: readonly string[];
  /** Null: each keeps its own, and new ones are of `api`. */
  readonly source: string | null;
}

/** `definitionOf`: of the stored ones that are wanted. */
export function planCalendars(
  stored: ReadonlyMap<string, StoredCalendar>,
  wish: CalendarWish,
  definitionOf: (name: string) => CalendarDefinition | null,
): CalendarPlan[] {
  const plans = wish.wanted.map((one): CalendarPlan => {
    const wanted = JSON.parse(canonicalJson(one)) as CalendarDefinition;
    const { name } = wanted;
    const before = stored.get(name) ?? null;
    const source = wish.source ?? before?.source ?? 'api';
    if (before === null)
      return { action: 'create', name, stored: null, wanted, source, differences: [], rulesChanged: true };
    const rules = differences(definitionOf(name), wanted);
    const owner = before.source === source ? [] : [{ pointer: '/source', before: before.source, after: source }];
    const found = [...rules, ...owner];
    const action = found.length === 0 ? 'unchanged' : 'update';
    return { action, name, stored: before, wanted, source, differences: found, rulesChanged: rules.length > 0 };
  });
  for (const name of wish.unwanted) {
    const before = stored.get(name);
    if (before === undefined) continue;
    const { source } = before;
    plans.push({ action: 'delete', name, stored: before, wanted: null, source, differences: [], rulesChanged: false });
  }
  return plans;
}

/** What each calendar will be made of when the plan is carried out. */
export function usesAfter(
  stored: ReadonlyMap<string, StoredCalendar>,
  plans: readonly CalendarPlan[],
): Map<string, readonly string[]> {
  const uses = new Map([...stored].map(([name, calendar]) => [name, calendar.uses]));
  for (const { name, wanted } of plans) {
    if (wanted === null) uses.delete(name);
    else uses.set(name, calendarsNamedBy(wanted));
  }
  return uses;
}

export function calendarChanges(plans: readonly CalendarPlan[]): Change[] {
  return plans.map(({ name, action, differences: found }) => ({ kind: 'calendar', name, action, differences: found }));
}

export function checkCalendarCount(count: number): void {
  if (count <= limits.calendarsPerNamespace) return;
  const detail = `${count} calendars in the namespace; at most ${limits.calendarsPerNamespace}`;
  throw new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer: '/calendars', detail }] });
}

/** A user of calendars that would be left without them. */
export interface CalendarUser {
  readonly kind: 'schedule' | 'calendar';
  readonly name: string;
  readonly uses: string;
}

export function refuseInUse(users: readonly CalendarUser[]): void {
  refuseFaults(
    'CALENDAR_IN_USE',
    users.map(({ kind, name, uses }) => ({
      pointer: `/${kind}s/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: `the ${kind} "${name}" uses the calendar "${uses}"`,
    })),
  );
}
