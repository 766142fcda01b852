// Whether the ledger's decisions follow the policies: a skip needs its reason to be true, a fire needs no policy against it.
// Where a change was on its way, any version that may have been in force will do.

import type { Evidence, FinalFire } from '../evidence.ts';
import type { Era } from '../ground-truth.ts';
import type { Checker } from './checker.ts';
import { gapClosedAt, restores } from './lost-history.ts';

/** A transaction decides by the time at which it read the job, and may be held open this long before it writes. */
export const transactionMs = 12_000;

export const justifiedDecisions: Checker = {
  id: 'S4p',
  promise: 'fires and skips follow the misfire and overlap policies',
  check(evidence) {
    const lives = livesOfRuns(evidence);
    const decided = new Map<string, number>();
    for (const row of evidence.history)
      if (row.kind === 'fire+' && row.fire !== null) decided.set(`${row.id} ${row.fire.fireAt}`, row.when);
    return evidence.fires.flatMap((fire) => {
      const when = decided.get(`${fire.scheduleId} ${fire.fireAt}`) ?? 0;
      // Which time the decision had read cannot be told when the clock stepped meanwhile.
      if (evidence.clock.stepped(when - transactionMs, when)) return [];
      const { namespace, name } = evidence.schedules.get(fire.scheduleId) ?? { namespace: '', name: '' };
      const eras = erasAt(evidence.truth.eras.get(`${namespace} ${name}`) ?? [], fire, when);
      const runs = lives.get(fire.scheduleId) ?? [];
      if (isChosen(evidence, when, fire)) return [];
      // What was missed was noticed before; that clock may have gone back since (seed 3446259448).
      const decidedAt = missedBefore(fire.reason)
        ? Math.max(fire.decidedAt, evidence.clock.most(0, when))
        : fire.decidedAt;
      const fault = eras.length === 0 ? 'no version was in force' : faultOf({ ...fire, decidedAt }, when, eras, runs);
      return fault === null
        ? []
        : [`${name} at ${fire.fireAt} was ${fire.outcome} at ${fire.decidedAt} (${fire.reason}): ${fault}`];
    });
  },
};

/** Whether a decision with this reason is of times that were found missed, which is written down before they are decided one by one. */
export function missedBefore(reason: string | null): boolean {
  return reason === 'catch-up' || (reason ?? '').startsWith('misfire');
}

/** Whether the choice after a restore decided it, instead of the policies: that has R1. */
function isChosen(evidence: Evidence, when: number, { fireAt, reason }: FinalFire): boolean {
  if (reason !== 'restore-gap' && reason !== 'catch-up') return false;
  return restores(evidence).some((restore) => {
    const closedAt = gapClosedAt(evidence, restore) ?? when;
    return when >= restore.to && evidence.clock.most(0, closedAt) + transactionMs >= fireAt;
  });
}

interface RunLife {
  id: string;
  fireAt: number | null;
  from: number;
  to: number;
}

function faultOf(fire: FinalFire, when: number, eras: readonly Era[], runs: readonly RunLife[]): string | null {
  const late = fire.decidedAt - fire.fireAt;
  const others = runs.filter((run) => run.id !== fire.runId);
  const surelyBusy = others.some((run) => run.from < when - transactionMs && run.to > when);
  // Runs that the same decision made count too; they were written a moment after its ledger rows.
  const together = (run: RunLife): boolean =>
    run.fireAt !== null && run.fireAt < fire.fireAt && run.from <= when + transactionMs;
  const maybeBusy = others.some((run) => (run.from <= when || together(run)) && run.to >= when - transactionMs);
  if (fire.outcome === 'fired') {
    if (eras.every((era) => !era.jobEnabled)) return 'the job was disabled';
    if (surelyBusy && eras.every((era) => era.overlap === 'skip')) return 'another run was unfinished';
    return eras.every((era) => forbids(era, fire.reason, late)) ? 'it was missed, and the policy forbids that' : null;
  }
  switch (fire.reason) {
    case 'job-disabled':
      return eras.some((era) => !era.jobEnabled) ? null : 'the job was enabled';
    case 'overlap':
      // The rules that replace skip whatever a newer time has overtaken, though nothing goes on.
      return eras.some((era) => replaces(era) || (maybeBusy && skipsOverlaps.has(era.overlap)))
        ? null
        : 'nothing overlapped';
    case 'overlap-limit':
      return eras.some((era) => era.overlap === 'buffer-all') ? null : 'no rule knows a limit';
    case 'misfire-window':
      return eras.some((era) => late > era.misfire.grace && late > era.misfire.window)
        ? null
        : 'it was within the window';
    case 'misfire-limit':
      return eras.some((era) => late > era.misfire.grace && era.misfire.policy === 'all')
        ? null
        : 'there was no limit to reach';
    case 'misfire':
      return eras.some((era) => late > era.misfire.grace && era.misfire.policy !== 'all') ? null : 'it was not missed';
    default:
      return 'the reason is unknown';
  }
}

const skipsOverlaps: ReadonlySet<string> = new Set(['skip', 'buffer-one']);
const replaces = ({ overlap }: Era): boolean => overlap === 'cancel-previous' || overlap === 'kill-previous';

/** Whether a version forbids to fire a time so late, for that reason. Lateness is judged when it is noticed, some time before. */
function forbids({ misfire }: Era, reason: string | null, late: number): boolean {
  if (reason === 'catch-up') return misfire.policy === 'skip' || late <= misfire.grace;
  return late > misfire.grace + transactionMs;
}

/** Versions that may have decided a fire: in force at some time between its nominal time and its decision. */
function erasAt(eras: readonly Era[], fire: FinalFire, when: number): Era[] {
  // The store's clock drifts by less than a tenth.
  const lateMs = Math.max(transactionMs, 1.1 * (fire.decidedAt - fire.fireAt));
  return eras.filter((era, index) => {
    const until = eras[index + 1]?.doneAt ?? Number.POSITIVE_INFINITY;
    return era.sentAt <= when && until >= when - lateMs;
  });
}

function livesOfRuns({ history }: Evidence): Map<string, RunLife[]> {
  const lives = new Map<string, RunLife[]>();
  const open = new Map<string, RunLife>();
  for (const row of history) {
    // Backfills run beside their schedule.
    if (row.kind === 'run+' && row.after?.trigger === 'backfill') continue;
    if (row.kind === 'run+' && row.after !== null && row.after.scheduleId !== null) {
      const life = { id: row.id, fireAt: row.after.fireAt, from: row.when, to: Number.POSITIVE_INFINITY };
      open.set(row.id, life);
      lives.set(row.after.scheduleId, [...(lives.get(row.after.scheduleId) ?? []), life]);
    }
    if (row.kind === 'run-') {
      const life = open.get(row.id);
      if (life !== undefined) life.to = row.when;
    }
  }
  return lives;
}
