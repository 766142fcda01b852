// What a pool needs when its work grows: the runs that were, some of them several times, against the policy as it is and without its maximum.

import { limits, type PoolDefinition } from '@tidewheel/protocol';
import { replayWork, type ReplayWork } from './replay-work.ts';
import { type SimulatedOutcome, type WhatIf, whatIf } from './what-if.ts';

export interface GrowthRow extends SimulatedOutcome {
  readonly what: 'as it is' | 'grown' | 'grown, no maximum';
  readonly max: number;
}

/** Copies are due within a second after their pattern: other callers do the same at about the same time. */
const apartMs = 1000;

/** `factor`: 1.5 for half as much again. The same runs are repeated each time, spread evenly over all of them. */
export function grownWork(work: ReplayWork, factor: number): ReplayWork {
  const runs = Array.from(work.at, (at, index) => ({
    at,
    lane: work.lane[index] ?? 0,
    job: work.job[index] ?? 0,
    durationMs: work.durationMs[index] ?? 0,
    foreseen: work.foreseen[index] === 1,
  }));
  let owed = 0;
  const grown = runs.flatMap((run) => {
    owed += factor;
    const copies = Math.floor(owed);
    owed -= copies;
    return Array.from({ length: copies }, (_, copy) => ({
      ...run,
      at: run.at + Math.round((apartMs * copy) / Math.max(1, copies)),
    }));
  });
  return replayWork(work.lanes, grown);
}

/** Budget and shared maxima bound what is decided as ever; the pool's own maximum does not in the last row. */
export function growthPlan(asked: WhatIf, factor: number): GrowthRow[] {
  const { definition } = asked;
  const grown = grownWork(asked.work, factor);
  const row = (what: GrowthRow['what'], over: Partial<WhatIf>): GrowthRow => {
    const outcome = whatIf({ ...asked, ...over });
    return { ...outcome, what, max: (over.definition ?? definition).max };
  };
  const free: PoolDefinition = { ...definition, max: limits.poolWorkers };
  return [
    row('as it is', {}),
    row('grown', { work: grown }),
    row('grown, no maximum', { work: grown, definition: free }),
  ];
}
