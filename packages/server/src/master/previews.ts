// Looks ahead at schedules: at stored ones with the calendars they are bound to, at thought-of ones with those that are in force.

import {
  type CalendarDefinition,
  type Preview,
  type PreviewOrder,
  Refusal,
  type ScheduleSketch,
  scheduleSketchSchema,
} from '@tidewheel/protocol';
import { calendarsNamedBy, calendarsOfSchedule, withNested } from '../core/calendar-graph.ts';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import { previewOf } from '../core/preview.ts';
import type { Tx } from '../ports/database.ts';
import { calendarDefinitions, calendarNodes } from '../store/calendars.ts';
import type { DefinitionCache } from '../store/definition-cache.ts';
import { storeNow } from '../store/jobs.ts';
import { scheduleClockwork } from '../store/schedule-views.ts';

interface Look {
  count: number;
  after?: number | undefined;
}

/** Null when there is no such schedule. Of a paused one: what would fire if it were resumed now. */
export async function storedPreview(
  db: Tx,
  definitions: DefinitionCache,
  { namespace, name, ...look }: Look & { namespace: string; name: string },
): Promise<Preview | null> {
  const schedule = await scheduleClockwork(db, definitions, namespace, name);
  if (schedule === null) return null;
  const { id, definition, anchorAt, nextFireAt } = schedule;
  const binding = { namespace, calendars: schedule.calendars };
  const calendars = (await definitions.calendars.bound(db, [binding]))(binding);
  const now = await storeNow(db);
  return previewOf(definition, { anchorAt, now, calendars, ...look, stored: { id, nextFireAt } });
}

/** Refusals: those of compileTimes and compileCalendars, with pointers into the request. */
export async function sketchPreview(
  db: Tx,
  namespace: string,
  { schedule, cron, timezone, calendars: given = [], count, after }: PreviewOrder,
): Promise<Preview> {
  const spec = schedule ?? scheduleSketchSchema.parse({ cron, timezone });
  const calendars = await calendarsOf(db, namespace, spec, given);
  const now = await storeNow(db);
  return placing(schedule === undefined ? '' : '/schedule', () =>
    previewOf(spec, { anchorAt: now, now, after, count, calendars }),
  );
}

async function calendarsOf(
  db: Tx,
  namespace: string,
  spec: ScheduleSketch,
  given: readonly CalendarDefinition[],
): Promise<ReadonlyMap<string, CompiledCalendar>> {
  const named = calendarsOfSchedule(spec);
  if (named.length + given.length === 0) return new Map();
  const stored = new Map((await calendarNodes(db, namespace)).map((node) => [node.name, node]));
  const uses = new Map([...stored.values()].map((node) => [node.name, node.uses]));
  for (const one of given) uses.set(one.name, calendarsNamedBy(one));
  const own = new Set(given.map((one) => one.name));
  const keys = withNested([...named, ...own], uses)
    .filter((name) => !own.has(name))
    .map((name) => ({ namespace, name, version: stored.get(name)?.version ?? 0 }));
  const others = (await calendarDefinitions(db, keys)).map((row) => row.definition);
  return placing('/calendars', () => compileCalendars([...given, ...others]));
}

function placing<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const faults = error.faults.map((fault) => ({ ...fault, pointer: place + fault.pointer }));
    throw new Refusal(error.code, error.message, { faults, cause: error.cause });
  }
}
