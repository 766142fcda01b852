// The next instant at which an expression fires in its zone, and what a change of the clock did to a fire.

import { type ClockMark, clockMark, nextInstant } from '../wall-fires.ts';
import type { Cron } from './parse.ts';
import { wallEndMs } from './wall.ts';

/** More than wall time and UTC differ. */
const apartMs = 2 * 86_400_000;

/** The first fire later than `afterMs`, or null when none comes any more. */
export function cronNext(cron: Cron, afterMs: number): number | null {
  if (!(afterMs < wallEndMs + apartMs)) return null;
  const after = Math.max(Math.floor(afterMs), -apartMs);
  const { pattern, clock, rules } = cron;
  return clock.zone === 'UTC' ? pattern.next(after) : nextInstant(pattern, clock, rules, cron, after);
}

export function cronMark(cron: Cron, fireAt: number): ClockMark | null {
  return clockMark(cron.pattern, cron.clock, cron.rules, cron, fireAt);
}
