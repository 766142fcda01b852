// P1. A standby that lay behind has lost the newest claims, but not the workers that execute them. Whoever is connected to a master keeps
// what it has: the run is given to nobody else while it goes on there. Masters wait for each other, but not for ever (5 s). Not among them is
// a run that is lost itself and fired anew, or whose attempt before this one runs again for the store: the worker is told to stop.

import type { Evidence } from '../evidence.ts';
import type { Execution, StoreLossRecord } from '../ground-truth.ts';
import type { Checker } from './checker.ts';
import { lostClaims, lostRuns, runsSetBack } from './lost-history.ts';
import { replay } from './run-history.ts';

const waitedMs = 5000;
/** A master that was lost sight of for longer than its lease nobody waits for. */
const behindMostMs = 3000;

export const heldIsAdopted: Checker = {
  id: 'P1',
  promise:
    'after a fail-over that loses commits no run is executed twice at a time while its first worker is connected',
  check(evidence) {
    const lost = lostClaims(evidence);
    const elsewhere = lostRuns(evidence).union(runsSetBack(evidence));
    const { given } = replay(evidence);
    const claims = Map.groupBy([...given], ([, { runId }]) => runId);
    return evidence.truth.losses
      .filter(({ kind, from, to }) => kind === 'promotion' && to - from <= behindMostMs)
      .flatMap((loss) =>
        evidence.truth.executions
          .filter(
            (execution) =>
              lost.has(execution.attemptId) && !elsewhere.has(execution.runId) && goesOn(execution, loss.to),
          )
          .flatMap((execution) => {
            const until = Math.min(keptUntil(evidence, execution, loss), loss.to + waitedMs);
            const other = (claims.get(execution.runId) ?? []).find(
              ([attemptId, { at }]) => attemptId !== execution.attemptId && at > loss.to && at < until,
            );
            return other === undefined
              ? []
              : [
                  `run ${execution.runId} was given as ${other[0]} at ${other[1].at}, while ${execution.worker} executed ${execution.attemptId}`,
                ];
          }),
      );
  },
};

function goesOn({ startedAt, end, cutOffAt }: Execution, when: number): boolean {
  return startedAt <= when && (end?.at ?? cutOffAt ?? Number.POSITIVE_INFINITY) > when;
}

/** Until when it goes on at a worker that has been connected to the same master all the time since before the loss. */
function keptUntil(
  { endedAt }: Evidence,
  { worker, end, cutOffAt }: Execution,
  { links, from }: StoreLossRecord,
): number {
  const whole = links.filter((link) => link.worker === worker && link.since < from).map(({ wholeUntil }) => wholeUntil);
  return Math.min(end?.at ?? cutOffAt ?? endedAt, Math.max(...whole));
}
