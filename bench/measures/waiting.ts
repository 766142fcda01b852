// Waiting for a system: until its store says that nothing is left, and until a moment.

import type { OpenSystem } from '../systems/system.ts';
import { nowMs } from '../wall-clock.ts';

const pauseMs = 10;

/** The longest that is worth waiting for: as if only so many jobs were done a second. */
export const patiencePerSecond = 100;

export function patienceMs(jobs: number): number {
  return 60_000 + (jobs / patiencePerSecond) * 1000;
}

/** The moment at which it was seen. Asking must not be what keeps the store busy: the pause is as long as the answer took. */
export async function untilDrained({ drained }: Pick<OpenSystem, 'drained'>, withinMs: number): Promise<number> {
  const deadline = nowMs() + withinMs;
  for (;;) {
    const asked = nowMs();
    if (await drained()) return nowMs();
    if (asked > deadline) throw new Error(`jobs are left after ${withinMs} ms`);
    await pause(Math.max(pauseMs, nowMs() - asked));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function untilMoment(at: number): Promise<void> {
  const left = at - nowMs();
  if (left > 0) await pause(left);
}
