// S4o. Under every overlap rule but `allow`, no attempt of a scheduled run begins while another scheduled run of the schedule is running.
// L5. Once the trouble is over, a run that waits for others gets its turn soon after the last of these has ended.

import type { Evidence } from '../evidence.ts';
import type { Era } from '../ground-truth.ts';
import type { HistoryRow } from '../history.ts';
import type { Checker } from './checker.ts';

interface ScheduleRun {
  state: string;
  /** True time at which it was made. */
  from: number;
}

export const turnsOfRuns: Checker = {
  id: 'S4o',
  promise: 'runs of a schedule that shall not overlap do not run at the same time',
  check(evidence) {
    return walk(evidence, (row, scheduleId, runs) => {
      if (runs.get(row.id)?.state !== 'running') return [];
      const since = Math.min(...[...runs.values()].filter((run) => run.state === 'running').map((run) => run.from));
      const others = [...runs].filter(([id, run]) => id !== row.id && run.state === 'running').map(([id]) => id);
      if (others.length === 0 || mayOverlap(evidence, scheduleId, since, row.when)) return [];
      return [
        `${row.id} of ${nameOf(evidence, scheduleId)} began at ${row.when} while ${others.join(', ')} was running`,
      ];
    });
  },
};

/** The poll of a sweep, and what a slow store adds. */
const turnMs = 20_000;

export const turnsComeSoon: Checker = {
  id: 'L5',
  promise: 'a run that waits for another of its schedule begins to be due soon after that one has ended',
  check(evidence) {
    const freeSince = new Map<string, number>();
    return walk(evidence, (row, scheduleId, runs) => {
      const states = [...runs.values()].map((run) => run.state);
      const waits = states.includes('blocked') && states.every((state) => state === 'blocked');
      const since = freeSince.get(scheduleId);
      if (waits) freeSince.set(scheduleId, since ?? Math.max(row.when, evidence.healedAt));
      else freeSince.delete(scheduleId);
      return since === undefined || row.when - since <= turnMs
        ? []
        : [`a run of ${nameOf(evidence, scheduleId)} waited for nothing from ${since} to ${row.when}`];
    });
  },
};

/** Follows the unfinished scheduled runs of each schedule; asks after each change of one. */
function walk(
  evidence: Evidence,
  ask: (row: HistoryRow, scheduleId: string, runs: ReadonlyMap<string, ScheduleRun>) => string[],
): string[] {
  const bySchedule = new Map<string, Map<string, ScheduleRun>>();
  return evidence.history.flatMap((row) => {
    const facts = row.after ?? row.before;
    if (!row.kind.startsWith('run') || facts === null || facts.scheduleId === null || facts.trigger !== 'schedule')
      return [];
    const runs = bySchedule.get(facts.scheduleId) ?? new Map<string, ScheduleRun>();
    bySchedule.set(facts.scheduleId, runs);
    if (row.after === null) runs.delete(row.id);
    else runs.set(row.id, { state: row.after.state, from: runs.get(row.id)?.from ?? row.when });
    return ask(row, facts.scheduleId, runs);
  });
}

/** Some version that may have been in force between the two allows it. */
function mayOverlap({ schedules, truth }: Evidence, scheduleId: string, from: number, to: number): boolean {
  const { namespace, name } = schedules.get(scheduleId) ?? { namespace: '', name: '' };
  const eras: readonly Era[] = truth.eras.get(`${namespace} ${name}`) ?? [];
  return eras.some(
    (era, index) =>
      era.overlap === 'allow' && era.sentAt <= to && (eras[index + 1]?.doneAt ?? Number.POSITIVE_INFINITY) >= from,
  );
}

function nameOf({ schedules }: Evidence, scheduleId: string): string {
  return schedules.get(scheduleId)?.name ?? scheduleId;
}
