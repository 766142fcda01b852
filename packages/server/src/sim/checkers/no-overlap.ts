// S10, the physical side: when the store gives a lost attempt's run away, its old worker has stopped already. Exempt are
// workers that promise nothing (of another make); as much time as the store's clock jumped ahead; and a worker that is paused or hung
// when it would have had to stop, which must stop in the moment in which it wakes.

import type { Evidence } from '../evidence.ts';
import type { Execution } from '../ground-truth.ts';
import type { Checker } from './checker.ts';
import { gapClosedAt, restores } from './lost-history.ts';

export const noOverlap: Checker = {
  id: 'S10o',
  promise: 'a worker has stopped an attempt before it is given to another',
  check(evidence) {
    const lostAt = new Map<string, number>();
    for (const row of evidence.history) {
      const lost = row.kind === 'run~' || row.kind === 'archive+' ? row.after : null;
      if (lost?.lastOutcome === 'lost' && lost.lastAttemptId !== null && !lostAt.has(lost.lastAttemptId)) {
        lostAt.set(lost.lastAttemptId, row.when);
      }
    }
    return evidence.truth.executions.flatMap((execution) => {
      const at = lostAt.get(execution.attemptId);
      return at === undefined || execution.worker.startsWith('stranger')
        ? []
        : (faultOf(evidence, execution, givenFrom(evidence, at)) ?? []);
    });
  },
};

/** A restore takes all attempts away at once, but gives none to another before the gap is closed. */
function givenFrom(evidence: Evidence, lostAt: number): number {
  const closings = restores(evidence)
    .filter(({ to }) => lostAt >= to)
    .map((restore) => gapClosedAt(evidence, restore) ?? evidence.endedAt);
  return Math.max(lostAt, ...closings);
}

function faultOf(evidence: Evidence, execution: Execution, lostAt: number): string | null {
  const over = execution.end?.at ?? execution.cutOffAt ?? Number.POSITIVE_INFINITY;
  const pauses = evidence.pauses.get(execution.worker) ?? [];
  // A store whose clock jumps ahead ends leases before their time; no worker can know.
  const { sessionTtlMs } = evidence.options;
  const jumpedMs = evidence.clock.forwardMs(lostAt - 2 * sessionTtlMs, lostAt);
  if (over <= wakesAt(pauses, lostAt + jumpedMs)) return null;
  return `attempt ${execution.attemptId} ran on ${execution.worker} from ${execution.startedAt} to ${over}, but was given away at ${lostAt}`;
}

/** When a worker that stood still at `at` could act again: a main loop may begin to hang while its process is paused. */
function wakesAt(pauses: readonly { from: number; to: number }[], at: number): number {
  let wakes = at;
  for (const { from, to } of pauses.toSorted((a, b) => a.from - b.from)) if (from <= wakes) wakes = Math.max(wakes, to);
  return wakes;
}
