// What was accepted really happened: the worker that held the attempt ended it that way, before the store said so. And no
// worker ran anything that it had not been given, or ran it twice.

import type { Evidence } from '../evidence.ts';
import type { Execution } from '../ground-truth.ts';
import type { Checker } from './checker.ts';
import { lostClaims, mayBeLost } from './lost-history.ts';
import { replay } from './run-history.ts';

export const trulyExecuted: Checker = {
  id: 'E1',
  promise: 'every accepted outcome is what a worker that held the attempt reported',
  check(evidence) {
    const { accepted, given } = replay(evidence);
    const lost = lostClaims(evidence);
    const executions = new Map<string, Execution[]>();
    for (const execution of evidence.truth.executions) {
      executions.set(execution.attemptId, [...(executions.get(execution.attemptId) ?? []), execution]);
    }
    const found: string[] = [];
    for (const [attemptId, ran] of executions) {
      const claim = given.get(attemptId) ?? lost.get(attemptId);
      if (ran.length > 1) found.push(`attempt ${attemptId} was executed ${ran.length} times`);
      if (claim === undefined) found.push(`attempt ${attemptId} was executed but never given`);
      else found.push(...ran.flatMap((execution) => faultOf(evidence, execution, claim) ?? []));
    }
    for (const [attemptId, end] of accepted) {
      const execution = executions.get(attemptId)?.[0];
      // Canceled before it had started.
      if (execution === undefined && end.outcome === 'canceled') continue;
      const at = execution?.end?.at ?? null;
      if (at === null || at > end.at || execution?.end?.outcome !== end.outcome) {
        found.push(
          `attempt ${attemptId} was accepted as ${end.outcome} at ${end.at}, its worker says ${execution?.end?.outcome ?? 'nothing'} at ${at}`,
        );
      }
    }
    return found;
  },
};

function faultOf(
  evidence: Evidence,
  execution: Execution,
  claim: { runId: string; at: number; sessionId: string },
): string | null {
  const worker = evidence.sessions.get(claim.sessionId)?.worker;
  if (claim.runId !== execution.runId) return `attempt ${execution.attemptId} was executed as another run`;
  const isForgotten = worker === undefined && mayBeLost(evidence, claim.at, claim.at);
  if (worker !== execution.worker && !isForgotten)
    return `attempt ${execution.attemptId} was given to ${worker} and executed by ${execution.worker}`;
  // D8: nothing leaves a master before the commit that justifies it.
  if (claim.at > execution.startedAt) return `attempt ${execution.attemptId} was executed before it was given`;
  return null;
}
