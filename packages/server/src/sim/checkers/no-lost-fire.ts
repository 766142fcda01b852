// S4. Every nominal time whose version is certain stands in the ledger, and what the ledger calls fired has its run.

import type { Checker } from './checker.ts';
import { expectedFires } from './expected-fires.ts';

export const noLostFire: Checker = {
  id: 'S4',
  promise: 'no fire is lost: each nominal time is fired, or skipped with a reason',
  check(evidence) {
    const ledger = new Set(evidence.fires.map((fire) => `${fire.scheduleId} ${fire.fireAt}`));
    const runs = new Map(evidence.runs.map((run) => [run.id, run]));
    const found: string[] = [];
    for (const { scheduleId, name, certain } of expectedFires(evidence)) {
      for (const at of certain)
        if (!ledger.has(`${scheduleId} ${at}`)) found.push(`${name} at ${at} is not in the ledger`);
    }
    for (const fire of evidence.fires) {
      const name = evidence.schedules.get(fire.scheduleId)?.name ?? fire.scheduleId;
      const run = fire.runId === null ? undefined : runs.get(fire.runId);
      if (fire.outcome === 'fired' && run?.fireAt !== fire.fireAt)
        found.push(`${name} at ${fire.fireAt} is fired but has no run`);
      if (fire.outcome === 'skipped' && fire.reason === null)
        found.push(`${name} at ${fire.fireAt} is skipped without a reason`);
    }
    return found;
  },
};
