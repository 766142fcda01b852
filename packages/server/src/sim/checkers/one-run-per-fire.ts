// S1. Looks at every row that ever was, deleted ones too, and at what workers were told to run. Backfills have B1.

import type { Checker } from './checker.ts';

export const oneRunPerFire: Checker = {
  id: 'S1',
  promise: 'at most one run per schedule and nominal time',
  check({ history, lost, truth }) {
    const runs = new Map<string, Set<string>>();
    const backfilled = new Set<string>();
    const note = (key: string, runId: string): void => {
      const ids = runs.get(key) ?? new Set();
      ids.add(runId);
      runs.set(key, ids);
    };
    for (const { kind, id, after } of lost) if (kind === 'run+' && after?.trigger === 'backfill') backfilled.add(id);
    for (const row of history) {
      if (row.kind !== 'run+' || row.after === null || row.after.fireAt === null) continue;
      if (row.after.trigger === 'backfill') backfilled.add(row.id);
      else note(`${row.after.scheduleId} ${row.after.fireAt}`, row.id);
    }
    for (const { namespace, schedule, fireAt, runId } of truth.executions) {
      if (fireAt !== null && !backfilled.has(runId)) note(`${namespace} ${schedule} ${fireAt}`, runId);
    }
    return [...runs]
      .filter(([, ids]) => ids.size > 1)
      .map(([key, ids]) => `${key} has ${ids.size} runs: ${[...ids].join(', ')}`);
  },
};
