// S3. By true time, which nobody in the simulation can read: nothing is decided or executed before its time, and no delayed
// run starts before its delay has passed.

import type { Checker } from './checker.ts';

export const noEarlyStart: Checker = {
  id: 'S3',
  promise: 'nothing fires or starts early',
  check({ history, truth, options, runs }) {
    const found: string[] = [];
    for (const row of history) {
      if (row.kind === 'fire+' && row.fire !== null && row.at < row.fire.fireAt) {
        found.push(`fire ${row.id} of ${row.fire.fireAt} was decided at ${row.at}`);
      }
    }
    // Repetitions of a delayed run carry its payload, but not its delay.
    const first = new Set(runs.filter((run) => run.trigger === 'api').map((run) => run.id));
    const delays = new Map(truth.triggers.map((trigger) => [trigger.tag, trigger.sentAt + trigger.delayMs]));
    for (const execution of truth.executions) {
      if (execution.fireAt !== null && options.epochMs + execution.startedAt < execution.fireAt) {
        found.push(`run ${execution.runId} of ${execution.fireAt} started at ${options.epochMs + execution.startedAt}`);
      }
      const notBefore = first.has(execution.runId) ? delays.get(tagOf(execution.payload) ?? '') : undefined;
      if (notBefore !== undefined && execution.startedAt < notBefore) {
        found.push(`run ${execution.runId} started at ${execution.startedAt}, its delay ended at ${notBefore}`);
      }
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
