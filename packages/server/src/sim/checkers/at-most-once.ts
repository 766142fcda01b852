// A run of an at-most-once job is executed a second time only after a worker has said that the first execution failed. A store that has
// lost that it gave a run away cannot know: what workers still hold has P1.

import type { Checker } from './checker.ts';
import { lostClaims } from './lost-history.ts';

export const atMostOnce: Checker = {
  id: 'S10',
  promise: 'at-most-once runs are never executed again on a guess',
  check(evidence) {
    const { truth, runs } = evidence;
    const lost = lostClaims(evidence);
    const jobs = new Map(runs.map((run) => [run.id, run.job]));
    const last = new Map<string, (typeof truth.executions)[number]>();
    const found: string[] = [];
    for (const execution of truth.executions) {
      if (jobs.get(execution.runId) !== 'once') continue;
      const before = last.get(execution.runId);
      last.set(execution.runId, execution);
      if (before === undefined || lost.has(before.attemptId)) continue;
      if (before.end === null || before.end.outcome === 'succeeded' || before.end.at > execution.startedAt) {
        found.push(
          `run ${execution.runId} was executed again as ${execution.attemptId} after ${before.attemptId}, which had not failed`,
        );
      }
    }
    return found;
  },
};
