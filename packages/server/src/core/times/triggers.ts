// One trigger of a schedule, compiled: by cron, at a fixed rate, once, or by recurrence rule. Knows nothing of calendars and bounds.

import type { CombinedTrigger, DstRules } from '@tidewheel/protocol';
import { cronMark, cronNext } from '../cron/next.ts';
import { type Cron, parseCron } from '../cron/parse.ts';
import { serverLimits } from '../limits.ts';
import {
  parseRecurrence,
  type Recurrence,
  recurrenceMark,
  recurrenceNext,
  recurrenceWalls,
} from '../rrule/recurrence.ts';
import { type ClockMark, wallsAt } from '../wall-fires.ts';
import type { ClockRules } from '../wall-times.ts';
import type { ZoneClock } from '../zone-clock.ts';
import type { WallClass } from './day-steps.ts';

export type Trigger =
  | { readonly kind: 'cron'; readonly cron: Cron }
  /** At `firstAt`, and from then on for ever. */
  | { readonly kind: 'every'; readonly everyMs: number; readonly firstAt: number }
  | { readonly kind: 'once'; readonly at: number }
  | { readonly kind: 'rrule'; readonly recurrence: Recurrence };

export type TriggerSpec = Pick<CombinedTrigger, 'cron' | 'every' | 'anchor' | 'at' | 'rrule'> & {
  readonly in?: number | undefined;
};

export interface TriggerContext {
  readonly timezone: string;
  readonly dst: DstRules | undefined;
  /** What `every`, `in` and a rule without DTSTART count from. */
  readonly anchorAt: number;
  /** Name of the schedule, of which `H` makes its values. */
  readonly hashKey: string;
}

/** Throws INVALID_CRON, INVALID_RRULE or UNKNOWN_TIMEZONE, with pointers relative to the trigger. Null: it has no trigger. */
export function compileTrigger(
  spec: TriggerSpec,
  { timezone, dst, anchorAt, hashKey }: TriggerContext,
): Trigger | null {
  if (spec.cron !== undefined) return { kind: 'cron', cron: parseCron(spec.cron, timezone, { hashKey, dst }) };
  if (spec.every !== undefined) {
    // A stated anchor is itself a time; the moment of creation is not.
    const firstAt = instantOf(spec.anchor) ?? anchorAt + spec.every;
    return { kind: 'every', everyMs: spec.every, firstAt };
  }
  if (spec.at !== undefined) return { kind: 'once', at: instantOf(spec.at) };
  if (spec.in !== undefined) return { kind: 'once', at: anchorAt + spec.in };
  if (spec.rrule !== undefined)
    return { kind: 'rrule', recurrence: parseRecurrence(spec.rrule, { timezone, dst, anchorAt }) };
  return null;
}

/** The first time later than `after`, or null when none comes any more. */
export function triggerNext(trigger: Trigger, after: number): number | null {
  switch (trigger.kind) {
    case 'cron':
      return cronNext(trigger.cron, after);
    case 'every': {
      const { firstAt, everyMs } = trigger;
      return after < firstAt ? firstAt : firstAt + (Math.floor((after - firstAt) / everyMs) + 1) * everyMs;
    }
    case 'once':
      return trigger.at > after ? trigger.at : null;
    case 'rrule':
      return recurrenceNext(trigger.recurrence, after);
  }
}

/** What a change of the clock did to a time of one of them. */
export function markOfAll(triggers: readonly Trigger[], at: number): ClockMark | null {
  for (const trigger of triggers) {
    if (triggerNext(trigger, at - 1) !== at) continue;
    const mark =
      trigger.kind === 'cron'
        ? cronMark(trigger.cron, at)
        : trigger.kind === 'rrule'
          ? recurrenceMark(trigger.recurrence, at)
          : null;
    if (mark !== null) return mark;
  }
  return null;
}

/** A wall time that a trigger names, on whose clock, and by which rules. */
export type NamedWall = WallClass & { readonly wall: number };

/** What falls together at an instant that the triggers are known to have. Those without a clock of their own (`every`, `at`) are read from the schedule's. */
export function namedWalls(
  triggers: readonly Trigger[],
  at: number,
  schedule: { readonly clock: ZoneClock; readonly clockRules: ClockRules },
): NamedWall[] {
  const most = serverLimits.movedTimesPerDay;
  return triggers.flatMap((trigger): NamedWall[] => {
    if (triggers.length > 1 && triggerNext(trigger, at - 1) !== at) return [];
    if (trigger.kind === 'cron') {
      const { pattern, clock, rules, fixed, unitMs } = trigger.cron;
      const timing = { fixed, unitMs };
      return wallsAt(pattern, clock, rules, timing, { at, most }).map((wall) => ({ wall, clock, rules, timing }));
    }
    if (trigger.kind === 'rrule') {
      const { clock, clockRules: rules } = trigger.recurrence;
      return recurrenceWalls(trigger.recurrence, at, most).map((one) => ({ ...one, clock, rules }));
    }
    const { clock, clockRules: rules } = schedule;
    return [{ wall: at + clock.segmentAt(at).offset, clock, rules, timing: { fixed: true, unitMs: 60_000 } }];
  });
}

export function clocksOf(trigger: Trigger): ZoneClock[] {
  if (trigger.kind === 'cron') return [trigger.cron.clock];
  return trigger.kind === 'rrule' ? [trigger.recurrence.clock] : [];
}

/** The first time of any of them; times that fall together are one. */
export function firstOfAll(triggers: readonly Trigger[], after: number): number | null {
  let nearest: number | null = null;
  for (const trigger of triggers) {
    const next = triggerNext(trigger, after);
    if (next !== null && (nearest === null || next < nearest)) nearest = next;
  }
  return nearest;
}

export function instantOf(value: string | number): number;
export function instantOf(value: string | number | undefined): number | null;
export function instantOf(value: string | number | undefined): number | null {
  if (value === undefined) return null;
  return typeof value === 'number' ? value : Date.parse(value);
}
