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
    const outlived = missing === 0 ? [] : outlivedChanges(evidence, namespace, schedule);
    const neverDue = samples.every(({ fireAt, finding }) => {
      return finding !== 'missing' || outlived.some(({ after, through }) => fireAt > after && fireAt <= through);
    });
    // Of each stretch between two changes no more than its last time is taken for missing.
    const excused = neverDue && missing <= outlived.length ? missing : 0;
    return missing - excused + doubled + unexpected === 0
      ? []
      : [
          `${schedule}: ${missing} missing, ${doubled} doubled, ${unexpected} unexpected, such as ${JSON.stringify(samples[0])}`,
        ];
  });
}

interface Outlived {
  /** The time of the run, and the change. */
  after: number;
  through: number;
}

/**
 * Changes of a fixed delay that a run has outlived, though by the times of a clock that went back it had ended before. Nothing
 * was due while it went on (S4 goes by the order of commits), but the audit goes by times.
 */
function outlivedChanges(evidence: Evidence, namespace: string, name: string): Outlived[] {
  const { history, runs, schedules, truth, versions } = evidence;
  const eras = truth.eras.get(`${namespace} ${name}`) ?? [];
  const [id] = [...schedules].find(([, one]) => one.namespace === namespace && one.name === name) ?? [];
  if (id === undefined || !eras.some(({ timing }) => timing.kind === 'delay')) return [];
  const changes = new Map(versions.filter((one) => one.scheduleId === id).map((one) => [one.version, one.validFrom]));
  const byId = new Map(runs.map((run) => [run.id, run]));
  const going = new Set<string>();
  const outlived: Outlived[] = [];
  for (const row of history) {
    const facts = row.after ?? row.before;
    if (row.kind === 'run+' && facts?.scheduleId === id && facts.trigger === 'schedule') going.add(row.id);
    if (row.kind === 'run-') going.delete(row.id);
    if (row.version === null || row.id !== id) continue;
    const through = changes.get(row.version.version) ?? 0;
    const ended = [...going].flatMap((runId) => {
      const { fireAt = null, finishedAt = null } = byId.get(runId) ?? {};
      return fireAt !== null && finishedAt !== null && finishedAt < through ? [fireAt] : [];
    });
    if (ended.length > 0) outlived.push({ after: Math.min(...ended), through });
  }
  return outlived;
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
