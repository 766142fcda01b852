// S10, the physical side: when the store gives a lost attempt's run away, its old worker has stopped already. Exempt are
// workers that promise nothing (of another make), and a paused or hung one, which must stop in the moment in which it wakes.

import type { Evidence } from '../evidence.ts';
import type { Execution } from '../ground-truth.ts';
import type { Checker } from './checker.ts';

export const noOverlap: Checker = {
  id: 'S10o',
  promise: 'a worker has stopped an attempt before it is given to another',
  check(evidence) {
    const lostAt = new Map<string, number>();
    for (const row of evidence.history) {
      const lost = row.kind === 'run~' || row.kind === 'archive+' ? row.after : null;
      if (lost?.lastOutcome === 'lost' && lost.lastAttemptId !== null && !lostAt.has(lost.lastAttemptId)) {
        lostAt.set(lost.lastAttemptId, row.at - evidence.options.epochMs);
      }
    }
    return evidence.truth.executions.flatMap((execution) => {
      const at = lostAt.get(execution.attemptId);
      return at === undefined || execution.worker.startsWith('stranger')
        ? []
        : (faultOf(evidence, execution, at) ?? []);
    });
  },
};

function faultOf(evidence: Evidence, execution: Execution, lostAt: number): string | null {
  const over = execution.end?.at ?? execution.cutOffAt ?? Number.POSITIVE_INFINITY;
  const pauses = evidence.pauses.get(execution.worker) ?? [];
  const allowed = Math.max(
    lostAt,
    ...pauses.filter(({ from, to }) => from <= lostAt && to >= lostAt).map(({ to }) => to),
  );
  if (over <= allowed) return null;
  return `attempt ${execution.attemptId} ran on ${execution.worker} from ${execution.startedAt} to ${over}, but was given away at ${lostAt}`;
}
