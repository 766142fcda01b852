// Which attempts were alive at the same moment, by the workers' own lines. A process that stood still cannot be blamed for the time
// in which nobody could tell it anything.

import type { Evidence } from './evidence.ts';
import type { Execution } from './truth.ts';

/** The physical clock of a process that was frozen goes on for so long after it was let go, until it has stopped itself. */
const wakeMs = 2000;

export interface Overlap {
  readonly run: string;
  /** How long both were alive; of a process that was frozen meanwhile, only its life after that. */
  readonly ms: number;
  readonly afterFreeze: boolean;
}

/** Pairs of attempts of one run that were alive at the same moment, by the workers' own lines. */
export function overlapsOf({ executions, freezes }: Pick<Evidence, 'executions' | 'freezes'>): Overlap[] {
  const overlaps: Overlap[] = [];
  for (const [run, attempts] of Map.groupBy(executions, (one) => one.run)) {
    const sorted = attempts.toSorted((a, b) => a.startedAt - b.startedAt);
    for (let later = 1; later < sorted.length; later += 1) {
      for (const earlier of sorted.slice(0, later)) {
        const next = sorted[later];
        if (next === undefined) continue;
        const woken = wokenAt(earlier, next, freezes);
        const ms = Math.min(earlier.lastAt, next.lastAt) - next.startedAt;
        if (ms > 0)
          overlaps.push({ run, ms: woken === null ? ms : earlier.lastAt - woken, afterFreeze: woken !== null });
      }
    }
  }
  return overlaps;
}

/** When the earlier attempt was let go on, if it stood still while the next one began and stopped itself soon after. */
export function wokenAt(earlier: Execution, next: Execution, freezes: Evidence['freezes']): number | null {
  const freeze = freezes.find(
    ({ pid, from, to }) =>
      pid === earlier.pid && from <= next.startedAt && to >= next.startedAt && earlier.lastAt <= to + wakeMs,
  );
  return freeze?.to ?? null;
}
