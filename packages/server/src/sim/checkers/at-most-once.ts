// A run of an at-most-once job is executed a second time only after a worker has said that the first execution failed.

import type { Checker } from './checker.ts';

export const atMostOnce: Checker = {
  id: 'S10',
  promise: 'at-most-once runs are never executed again on a guess',
  check({ truth, runs }) {
    const jobs = new Map(runs.map((run) => [run.id, run.job]));
    const last = new Map<string, (typeof truth.executions)[number]>();
    const found: string[] = [];
    for (const execution of truth.executions) {
      if (jobs.get(execution.runId) !== 'once') continue;
      const before = last.get(execution.runId);
      last.set(execution.runId, execution);
      if (before === undefined) continue;
      if (before.end === null || before.end.outcome === 'succeeded' || before.end.at > execution.startedAt) {
        found.push(
          `run ${execution.runId} was executed again as ${execution.attemptId} after ${before.attemptId}, which had not failed`,
        );
      }
    }
    return found;
  },
};
