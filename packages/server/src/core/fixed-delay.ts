// Schedules of fixed delay: the next nominal time is one delay after the previous run has ended, or after a time was skipped. While
// the run goes on there is no next time. A version of such a schedule begins to count anew when what it would count from has passed.

import type { ScheduleDefinition } from '@tidewheel/protocol';

export type DelaySpec = Pick<ScheduleDefinition, 'start' | 'end'> & { readonly delay: number };

export function isDelay<S extends Pick<ScheduleDefinition, 'delay'>>(spec: S): spec is S & { delay: number } {
  return spec.delay !== undefined;
}

/**
 * `from`: when the newest run ended or the newest time was skipped, else the moment of creation. Times up to `cursor` are decided.
 * Null when the time would lie behind the end of the schedule.
 */
export function delayedFire(spec: DelaySpec, from: number, cursor: number): number | null {
  const due = from + spec.delay > cursor ? from + spec.delay : cursor + spec.delay;
  const at = Math.max(due, instantOf(spec.start) ?? due);
  const end = instantOf(spec.end);
  return end !== null && at > end ? null : at;
}

function instantOf(value: string | number | undefined): number | null {
  if (value === undefined) return null;
  return typeof value === 'number' ? value : Date.parse(value);
}
