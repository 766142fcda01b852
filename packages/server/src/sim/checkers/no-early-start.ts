// S3. By the store's clock, which decides what is due, whatever other clocks say: nothing is decided or executed before its time, and
// no delayed run starts before its delay has passed. Where that clock steps back, what it has shown before counts.

import type { Checker } from './checker.ts';
import { missedBefore, transactionMs } from './justified-decisions.ts';

export const noEarlyStart: Checker = {
  id: 'S3',
  promise: 'nothing fires or starts early',
  check({ history, truth, clock, runs }) {
    const found: string[] = [];
    for (const row of history) {
      if (row.kind !== 'fire+' || row.fire === null) continue;
      // The clock is read when the transaction begins to decide; what was missed, which each skip may be, was due when that was noticed.
      const { outcome, reason } = row.fire;
      const from = outcome === 'skipped' || missedBefore(reason) ? 0 : row.when - transactionMs;
      if (clock.most(from, row.when) < row.fire.fireAt) {
        found.push(`fire ${row.id} of ${row.fire.fireAt} was decided at ${row.at}`);
      }
    }
    // Repetitions of a delayed run carry its payload, but not its delay.
    const first = new Set(runs.filter((run) => run.trigger === 'api').map((run) => run.id));
    const asked = new Map(truth.triggers.map((trigger) => [trigger.tag, trigger]));
    for (const execution of truth.executions) {
      const { runId, fireAt, startedAt } = execution;
      if (fireAt !== null && clock.most(0, startedAt) < fireAt)
        found.push(`run ${runId} of ${fireAt} started at ${startedAt}, which was ${clock.at(startedAt)}`);
      const trigger = first.has(runId) ? asked.get(tagOf(execution.payload) ?? '') : undefined;
      if (trigger === undefined) continue;
      const { sentAt, delayMs } = trigger;
      if (clock.most(sentAt, startedAt) < clock.least(sentAt, startedAt) + delayMs)
        found.push(`run ${runId} started at ${startedAt}, asked for at ${sentAt} with a delay of ${delayMs} ms`);
    }
    return found;
  },
};

/** The request that a payload names. */
export function tagOf(payload: string | null): string | null {
  if (payload === null) return null;
  const value: unknown = JSON.parse(payload);
  return typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string'
    ? value.tag
    : null;
}
