// What the coming times of a schedule are, what a change of the clock or a calendar did to each, and which times calendars take out
// between them. Looks at a bounded number of times.

import type { FireMark } from '@tidewheel/protocol';
import { serverLimits } from './limits.ts';
import { type ComposedTimes, previewFires, type ScheduleTimes } from './schedule-times.ts';
import { type CalendarRule, takenOutBy } from './times/calendar-rule.ts';
import { markOfAll, type Trigger } from './times/triggers.ts';

export interface ForeseenFire {
  readonly at: number;
  readonly marks: readonly FireMark[];
  readonly movedFrom: number | null;
}

/** Times one after the other that one calendar takes out, with nothing that fires between them. */
export interface LeftOutTimes {
  readonly calendar: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly movedTo: number | null;
}

export interface Foresight {
  readonly fires: readonly ForeseenFire[];
  readonly leftOut: readonly LeftOutTimes[];
  /** There were more than are looked at. */
  readonly leftOutMore: boolean;
}

/** The next `count` times later than `after`, and what calendars take out up to the last of them; without an end when none comes any more. */
export function foresee(times: ScheduleTimes, after: number, count: number): Foresight {
  const found = previewFires(times, after, count);
  if (times.kind === 'delay')
    return { fires: found.map((at) => ({ at, marks: [], movedFrom: null })), leftOut: [], leftOutMore: false };
  const triggers = times.kind === 'composed' ? times.composed.parts.triggers : [times];
  const calendar = times.kind === 'composed' ? times.composed.parts.calendar : null;
  if (times.kind !== 'composed' || calendar === null)
    return { fires: found.map((at) => foreseen(triggers, at, null)), leftOut: [], leftOutMore: false };
  const origin = (at: number) => times.composed.moves?.movedFrom(at) ?? null;
  return {
    fires: found.map((at) => foreseen(triggers, at, origin(at))),
    ...leftOutOf(times.composed, calendar, after, untilOf(times.composed, found, count), found),
  };
}

function foreseen(triggers: readonly Trigger[], at: number, origin: number | null): ForeseenFire {
  if (origin !== null) return { at, marks: ['moved'], movedFrom: origin };
  const mark = markOfAll(triggers, at);
  return { at, marks: mark === null ? [] : [mark], movedFrom: null };
}

/** Where no further time comes, what is left out up to the end may be the reason. */
function untilOf({ parts }: ComposedTimes, found: readonly number[], count: number): number {
  const last = found.at(-1);
  if (last !== undefined && (found.length === count || parts.count !== null)) return last;
  return parts.endAt ?? Infinity;
}

function leftOutOf(
  composed: ComposedTimes,
  rule: CalendarRule,
  after: number,
  until: number,
  fires: readonly number[],
): Pick<Foresight, 'leftOut' | 'leftOutMore'> {
  const leftOut: LeftOutTimes[] = [];
  let next = 0;
  let joined = false;
  let looked = 0;
  let time = composed.triggered(Math.max(after, composed.from));
  for (; time !== null && time <= until; time = composed.triggered(time)) {
    looked += 1;
    if (looked > serverLimits.previewLooked || leftOut.length > serverLimits.previewLeftOut) {
      return { leftOut: leftOut.slice(0, serverLimits.previewLeftOut), leftOutMore: true };
    }
    for (let fire = fires[next]; fire !== undefined && fire < time; fire = fires[next]) {
      next += 1;
      joined = false;
    }
    const calendar = takenOutBy(rule, time)?.name;
    if (calendar === undefined) {
      joined = false;
      continue;
    }
    const movedTo = composed.moves?.landings(time)[0] ?? null;
    const before = joined ? leftOut.at(-1) : undefined;
    if (before !== undefined && before.calendar === calendar && before.movedTo === movedTo) {
      leftOut[leftOut.length - 1] = { ...before, last: time, count: before.count + 1 };
    } else leftOut.push({ calendar, first: time, last: time, count: 1, movedTo });
    joined = true;
  }
  return { leftOut, leftOutMore: false };
}
