// Who caused the cost of a pool: the time that runs held slots, by queue and job, and the rest, which nobody used.

import type { PoolDefinition } from '@tidewheel/protocol';
import { costOf } from './what-if.ts';
import type { ReplayWork } from './replay-work.ts';

export interface CostShare {
  /** Null: slots that were there and that nobody held. */
  readonly queue: string | null;
  readonly job: string | null;
  readonly runs: number;
  readonly slotHours: number;
  readonly workerHours: number;
  /** Null where the pool says no price. */
  readonly cost: number | null;
}

export type ShareBy = 'queue' | 'job';

const hourMs = 3_600_000;

/**
 * `workerMs`: time for which workers were there. Where runs held more slots than those workers had (they ran elsewhere, or nobody knows of the
 * workers any more), nothing is left over. The largest first.
 */
export function costShares(
  definition: PoolDefinition,
  work: ReplayWork,
  jobs: readonly string[],
  workerMs: number,
  by: ShareBy,
): CostShare[] {
  const shares = new Map<string, { queue: string; job: string | null; runs: number; slotMs: number }>();
  for (const [index, durationMs] of work.durationMs.entries()) {
    const queue = work.lanes[work.lane[index] ?? 0]?.queue ?? '';
    const job = by === 'queue' ? null : (jobs[work.job[index] ?? 0] ?? '');
    const key = `${queue} ${job ?? ''}`;
    const share = shares.get(key) ?? { queue, job, runs: 0, slotMs: 0 };
    shares.set(key, share);
    share.runs += 1;
    share.slotMs += durationMs;
  }
  const shareOf = (queue: string | null, job: string | null, runs: number, slotMs: number): CostShare => {
    const workerHours = slotMs / definition.slots / hourMs;
    return { queue, job, runs, slotHours: slotMs / hourMs, workerHours, cost: costOf(definition, workerHours) };
  };
  const used = [...shares.values()].toSorted((a, b) => b.slotMs - a.slotMs);
  const usedMs = used.reduce((sum, { slotMs }) => sum + slotMs, 0);
  const idleMs = Math.max(0, workerMs * definition.slots - usedMs);
  return [
    ...used.map(({ queue, job, runs, slotMs }) => shareOf(queue, job, runs, slotMs)),
    ...(idleMs > 0 ? [shareOf(null, null, 0, idleMs)] : []),
  ];
}
