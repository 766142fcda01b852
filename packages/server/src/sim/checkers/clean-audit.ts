// A1. The audit that people ask of the ledger finds nothing in a history that has kept its promises: it knows all versions, what
// counts from the ends of runs, and what was caught up with.

import type { Checker } from './checker.ts';

export const cleanAudit: Checker = {
  id: 'A1',
  promise: 'the audit of the fire ledger is clean',
  check({ audit }) {
    return audit
      .filter((row) => row.missing + row.doubled + row.unexpected > 0)
      .map(
        ({ schedule, missing, doubled, unexpected, samples }) =>
          `${schedule}: ${missing} missing, ${doubled} doubled, ${unexpected} unexpected, such as ${JSON.stringify(samples[0])}`,
      );
  },
};
