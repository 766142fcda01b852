// A1. The audit that people ask of the ledger finds nothing in a history that has kept its promises: it knows all versions, what
// counts from the ends of runs, and what was caught up with. And it is not blind: it expects what the oracle of this simulator, which
// shares no code with it, says must and may have come.

import type { Evidence } from '../evidence.ts';
import type { Checker } from './checker.ts';
import { expectedFires } from './expected-fires.ts';

export const cleanAudit: Checker = {
  id: 'A1',
  promise: 'the audit of the fire ledger is clean, and expects what must have come',
  check: (evidence) => [...unclean(evidence), ...blind(evidence)],
};

function unclean(evidence: Evidence): string[] {
  return evidence.audit.flatMap((row) => {
    const { namespace, schedule, missing, doubled, unexpected, samples } = row;
    const excused = endsOutOfOrder(evidence, namespace, schedule) ? missing : 0;
    return missing - excused + doubled + unexpected === 0
      ? []
      : [
          `${schedule}: ${missing} missing, ${doubled} doubled, ${unexpected} unexpected, such as ${JSON.stringify(samples[0])}`,
        ];
  });
}

/** By the times of a clock that went back a run may have ended before the pause that it outlived: S4 goes by the order of commits. */
function endsOutOfOrder({ clock, endedAt, truth }: Evidence, namespace: string, schedule: string): boolean {
  const eras = truth.eras.get(`${namespace} ${schedule}`) ?? [];
  return eras.some((era) => era.timing.kind === 'delay') && clock.stepped(0, endedAt);
}

function blind(evidence: Evidence): string[] {
  const audited = new Map(evidence.audit.map((row) => [`${row.namespace} ${row.schedule}`, row]));
  return expectedFires(evidence).flatMap(({ scheduleId, name, certain, possible }) => {
    const row = audited.get(name);
    if (row === undefined) return certain.length === 0 ? [] : [`${name} was not audited`];
    const fires = evidence.fires.filter((fire) => fire.scheduleId === scheduleId);
    const fired = fires.filter((fire) => fire.outcome === 'fired').length;
    if (row.fired !== fired || row.skipped !== fires.length - fired)
      return [
        `the audit of ${name} counts ${row.fired} fired and ${row.skipped} skipped of ${fires.length} with ${fired}`,
      ];
    const least = new Set(certain).size;
    return row.expected >= least && row.expected <= possible.size
      ? []
      : [
          `the audit of ${name} expects ${row.expected} times; at least ${least} must, at most ${possible.size} may have come`,
        ];
  });
}
