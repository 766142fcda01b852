// A schedule looked at from all sides, as people ask for it before they trust it: its words, what is odd about it, its next fires.

import type { Preview, PreviewFire, ScheduleSketch } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { foresee, type ForeseenFire } from './foresight.ts';
import { jitterOf } from './jitter.ts';
import { localTimes } from './local-time.ts';
import { compileTimes } from './schedule-times.ts';
import { lintTimes } from './times/lint.ts';
import { describeTimes } from './times/words.ts';

export interface PreviewAsked {
  /** What intervals and counts begin with; the moment of asking for a schedule that is not made yet. */
  readonly anchorAt: number;
  readonly now: number;
  /** Only times later than this; later than now when absent. */
  readonly after?: number | undefined;
  readonly count: number;
  readonly calendars: ReadonlyMap<string, CompiledCalendar>;
  /** Of a stored schedule. */
  readonly stored?: { readonly id: string; readonly nextFireAt: number | null } | undefined;
}

/** Throws what compileTimes throws, with pointers into the schedule. */
export function previewOf(spec: ScheduleSketch, asked: PreviewAsked): Preview {
  const { anchorAt, now, count, calendars, stored } = asked;
  const { timezone, jitter = 0 } = spec;
  const times = compileTimes(spec, anchorAt, calendars);
  const after = asked.after ?? now;
  // The times of a fixed delay come with the ends of its runs: of a stored one the next is known, or none yet.
  const delayed = spec.delay !== undefined && stored !== undefined;
  const known = (stored?.nextFireAt ?? null) === null ? [] : [atOnly(stored?.nextFireAt ?? 0)];
  const { fires, leftOut, leftOutMore } = delayed
    ? { fires: known, leftOut: [], leftOutMore: false }
    : foresee(times, after, count);
  const local = localTimes(timezone);
  const moment = (at: number) => ({ at, local: local(at) });
  const shown = ({ at, marks, movedFrom }: ForeseenFire): PreviewFire => ({
    ...moment(at),
    marks: [...marks],
    ...(movedFrom === null ? {} : { movedFrom: moment(movedFrom) }),
    ...(jitter === 0 || stored === undefined ? {} : { dueAt: at + jitterOf(stored.id, at, jitter) }),
  });
  return {
    timezone,
    words: describeTimes(spec),
    warnings: lintTimes(spec, { anchorAt, fromMs: now, calendars }).map(({ code, en, zh }) => ({ code, en, zh })),
    fires: fires.map(shown),
    leftOut: leftOut.map(({ calendar, first, last, count: number, movedTo }) => ({
      calendar,
      first: moment(first),
      last: moment(last),
      count: number,
      ...(movedTo === null ? {} : { movedTo: moment(movedTo) }),
    })),
    leftOutMore,
    jitter,
  };
}

function atOnly(at: number): ForeseenFire {
  return { at, marks: [], movedFrom: null };
}
