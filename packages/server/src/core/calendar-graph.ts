// Which calendars are made of which: what a schedule or a calendar depends on, and what depends on it. Pure.

import type { CalendarDefinition, ScheduleDefinition } from '@tidewheel/protocol';

/** The version in force of each calendar by name. */
export type CalendarVersions = Readonly<Record<string, number>>;

/** What each calendar is directly made of, by name. */
export type CalendarUses = ReadonlyMap<string, readonly string[]>;

/** The calendars that a definition names, each once. */
export function calendarsNamedBy(definition: Pick<CalendarDefinition, 'calendars' | 'except'>): string[] {
  return [...new Set([...(definition.calendars ?? []), ...(definition.except?.calendars ?? [])])];
}

export function calendarsOfSchedule(spec: Pick<ScheduleDefinition, 'calendar'>): string[] {
  return [...new Set([...(spec.calendar?.exclude ?? []), ...(spec.calendar?.only ?? [])])];
}

/** These calendars and all that they are made of, each after those it is made of. Names that do not exist are left out. */
export function withNested(names: Iterable<string>, uses: CalendarUses): string[] {
  const done = new Set<string>();
  const visit = (name: string): void => {
    const nested = uses.get(name);
    if (nested === undefined || done.has(name)) return;
    // Marked first: a circle is refused elsewhere, and must not be walked for ever here.
    done.add(name);
    for (const one of nested) visit(one);
    // Set again, so that it stands behind what it is made of.
    done.delete(name);
    done.add(name);
  };
  for (const name of names) visit(name);
  return [...done];
}

/** Those of `uses` that contain one of `names`, at whatever depth, and these themselves. */
export function containersOf(names: Iterable<string>, uses: CalendarUses): Set<string> {
  const found = new Set(names);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [name, nested] of uses) if (nested.some((one) => found.has(one))) found.add(name);
  }
  return found;
}

export function sortedVersions(entries: Iterable<readonly [string, number]>): CalendarVersions {
  return Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
