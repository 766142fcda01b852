// What in declared schedules is allowed but seldom meant, told with file and line beside the difference. Worked out here, so that it
// costs the server nothing. It never keeps anything from being applied.

import {
  calendarDefinitionSchema,
  type Change,
  Refusal,
  type ScheduleDefinition,
  scheduleDefinitionSchema,
  type ScheduleWarning,
} from '@tidewheel/protocol';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import { lintTimes } from '../core/times/lint.ts';
import type { Manifest } from './manifest.ts';
import { type Reader, warningLine } from './preview-text.ts';

interface Finding {
  readonly schedule: string;
  readonly pointer: string;
  readonly warning: ScheduleWarning;
}

/** Warnings shown before the rest is only counted. */
const shownWarnings = 20;

/** Of the schedules that are made or changed. */
export function lintText(manifest: Manifest, changes: readonly Change[], now: number, reader: Reader): string {
  const changed = new Set(
    changes
      .filter(({ kind, action }) => kind === 'schedule' && (action === 'create' || action === 'update'))
      .map(({ name }) => name),
  );
  const findings = findingsOf(manifest, changed, now);
  const shown = findings.slice(0, shownWarnings);
  const places = manifest.place(shown.map(({ pointer }) => ({ pointer, detail: '' })));
  const lines = shown.map(({ schedule, warning }, index) => {
    const place = places[index];
    const file = place !== undefined && 'file' in place ? `${place.file}:${place.line}:${place.column}: ` : '';
    const said = {
      code: warning.code,
      en: `${file}${schedule}: ${warning.en}`,
      zh: `${file}${schedule}：${warning.zh}`,
    };
    return warningLine(said, reader);
  });
  const more = findings.length - shown.length;
  return [
    ...lines,
    ...(more > 0 ? [`… and ${more} more warnings; see \`tidewheel schedule preview -f FILE\`\n`] : []),
  ].join('');
}

function findingsOf(manifest: Manifest, changed: ReadonlySet<string>, now: number): Finding[] {
  const calendars = calendarsOf(manifest);
  return manifest.jobs.flatMap((job, at) =>
    (job.schedules ?? []).flatMap((input, index): Finding[] => {
      if (!changed.has(input.name)) return [];
      const pointer = `/jobs/${at}/schedules/${index}/name`;
      const spec = scheduleDefinitionSchema.parse(input);
      return warningsOf(spec, now, calendars).map((warning) => ({ schedule: spec.name, pointer, warning }));
    }),
  );
}

function warningsOf(
  spec: ScheduleDefinition,
  now: number,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): ScheduleWarning[] {
  try {
    return lintTimes(spec, { anchorAt: now, fromMs: now, calendars });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A calendar that only the server has: the rest can still be judged. All else has been refused by the server.
    if (error.code !== 'UNKNOWN_CALENDAR' || spec.calendar === undefined) return [];
    const { calendar: _, ...without } = spec;
    return warningsOf(without, now, calendars);
  }
}

function calendarsOf({ calendars }: Manifest): ReadonlyMap<string, CompiledCalendar> {
  try {
    return compileCalendars(calendars.map((one) => calendarDefinitionSchema.parse(one)));
  } catch (error) {
    if (error instanceof Refusal) return new Map();
    throw error;
  }
}
