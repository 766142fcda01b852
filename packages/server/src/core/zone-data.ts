// What a release of the time zone database says of a zone over a stretch of time, small enough to be kept, and where two releases
// begin to differ.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { offsetAt, transitionsBetween } from './zone-clock.ts';

/** The offset at the beginning, then each change with the offset after it. Milliseconds. */
export interface ZoneChanges {
  readonly offset: number;
  readonly changes: readonly (readonly [at: number, offset: number])[];
}

/** Of (from, until]. Throws UNKNOWN_TIMEZONE. */
export function zoneChanges(zone: string, from: number, until: number): ZoneChanges {
  return {
    offset: offsetAt(zone, from),
    changes: transitionsBetween(zone, from, until).map(({ at, after }) => [at, after] as const),
  };
}

/** The first instant from `from` on at which the two offsets are not the same; null: there is none. */
export function firstDifference(a: ZoneChanges, b: ZoneChanges, from: number): number | null {
  if (a.offset !== b.offset) return from;
  const instants = [...a.changes, ...b.changes].map(([at]) => at).toSorted((one, other) => one - other);
  return instants.find((at) => offsetOf(a, at) !== offsetOf(b, at)) ?? null;
}

function offsetOf({ offset, changes }: ZoneChanges, at: number): number {
  return changes.findLast(([change]) => change <= at)?.[1] ?? offset;
}

/** The zones on whose clocks the times of a schedule depend. */
export function zonesOf(
  spec: Pick<ScheduleDefinition, 'timezone' | 'times'>,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): Set<string> {
  const zones = new Set([spec.timezone]);
  for (const { timezone } of spec.times ?? []) if (timezone !== undefined) zones.add(timezone);
  for (const { clock } of calendars.values()) if (clock !== null) zones.add(clock.zone);
  return zones;
}
