// When a schedule fires, compiled from its spec: by cron, at a fixed rate, or once. Pure arithmetic on milliseconds UTC.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import type { CompiledCalendar } from './calendar.ts';
import { type Cron, cronNext, parseCron } from './cron.ts';

export type ScheduleTimes =
  | { readonly kind: 'cron'; readonly cron: Cron }
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchorAt: number }
  | { readonly kind: 'once'; readonly at: number };

export type TimeSpec = Pick<ScheduleDefinition, 'cron' | 'timezone' | 'every' | 'at' | 'in'>;

/** `anchorAt`: what `every` and `in` count from. Throws INVALID_CRON or UNKNOWN_TIMEZONE. */
export function compileTimes(
  spec: TimeSpec,
  anchorAt: number,
  _calendars: ReadonlyMap<string, CompiledCalendar> = new Map(),
): ScheduleTimes {
  if (spec.cron !== undefined) return { kind: 'cron', cron: parseCron(spec.cron, spec.timezone) };
  if (spec.every !== undefined) return { kind: 'every', everyMs: spec.every, anchorAt };
  if (spec.at !== undefined) return { kind: 'once', at: typeof spec.at === 'number' ? spec.at : Date.parse(spec.at) };
  if (spec.in !== undefined) return { kind: 'once', at: anchorAt + spec.in };
  throw new TypeError('a schedule without cron, every, at or in was let through validation');
}

/** The first nominal time later than `afterMs`, or null when none comes any more. */
export function nextFireAfter(times: ScheduleTimes, afterMs: number): number | null {
  switch (times.kind) {
    case 'cron':
      return cronNext(times.cron, afterMs);
    case 'every': {
      // The first fire is one interval after the anchor.
      const passed = Math.max(0, Math.floor((afterMs - times.anchorAt) / times.everyMs));
      return times.anchorAt + (passed + 1) * times.everyMs;
    }
    case 'once':
      return times.at > afterMs ? times.at : null;
  }
}

/** At most `count` nominal times later than `afterMs`, in order. */
export function previewFires(times: ScheduleTimes, afterMs: number, count: number): number[] {
  const fires: number[] = [];
  let next = nextFireAfter(times, afterMs);
  while (next !== null && fires.length < count) {
    fires.push(next);
    next = nextFireAfter(times, next);
  }
  return fires;
}
