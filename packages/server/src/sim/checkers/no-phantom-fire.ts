// S2. Every ledger row and every run of a schedule has a nominal time that a naive reading of the schedule accounts for.

import type { Checker } from './checker.ts';
import { expectedFires } from './expected-fires.ts';

export const noPhantomFire: Checker = {
  id: 'S2',
  promise: 'no fire without a nominal time of a version that was in force',
  check(evidence) {
    const found: string[] = [];
    const possible = new Map<string, Set<number>>();
    for (const expected of expectedFires(evidence)) {
      possible.set(expected.scheduleId, expected.possible);
      found.push(...expected.strangeAnchors);
    }
    const expect = (scheduleId: string | null, fireAt: number | null, what: string): void => {
      if (scheduleId === null || fireAt === null || possible.get(scheduleId)?.has(fireAt) === true) return;
      found.push(
        `${what} of ${evidence.schedules.get(scheduleId)?.name ?? scheduleId} at ${fireAt}, which is none of its times`,
      );
    };
    for (const fire of evidence.fires) expect(fire.scheduleId, fire.fireAt, 'a ledger row');
    for (const row of evidence.history)
      if (row.kind === 'run+' && row.after?.trigger !== 'backfill')
        expect(row.after?.scheduleId ?? null, row.after?.fireAt ?? null, 'a run');
    return found;
  },
};
