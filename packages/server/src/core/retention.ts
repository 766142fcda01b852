// For how long what has ended is kept, and where to look for what can go. Runs are looked for by their ids, which begin with the time of
// their making: none that was made after (now − the shortest time that any rule keeps) can have run out. A walk goes over all runs that are
// old enough for the default; namespaces and jobs that keep less than that have a walk of their own over their newer ones.

import { type Keep, limits, type Outcome, outcomeOfState, outcomes, finalStates } from '@tidewheel/protocol';
import { dayMs } from './archive-days.ts';

export interface RetentionSettings {
  /** Of finished runs, with their logs. */
  readonly runs: Keep;
  /** Of fires, of backfills and of findings. */
  readonly ledgerMs: number;
  /** Of the audit log. */
  readonly eventsMs: number;
  /** Of the counts per minute, and of how large the store was. */
  readonly statisticsMs: number;
  /** Of results that came too late to count. */
  readonly orphansMs: number;
}

export const retentionDefaults: RetentionSettings = {
  runs: { succeeded: 30 * dayMs, failed: 90 * dayMs, canceled: 30 * dayMs },
  ledgerMs: 400 * dayMs,
  eventsMs: 400 * dayMs,
  statisticsMs: 90 * dayMs,
  orphansMs: 90 * dayMs,
};

/** What a namespace (`jobId` null) or a job keeps for less than some default. */
export interface ShortRule {
  readonly namespace: string;
  readonly jobId: string | null;
  readonly keepMs: number;
}

export interface RunWalk {
  readonly namespace: string | null;
  readonly jobId: string | null;
  /** Runs that were made later cannot have run out. */
  readonly madeBefore: number;
}

/** `wholeDays`: the walk over all ends with the last whole day, because days are dropped as a whole. */
export function runWalks(
  keep: Keep,
  rules: readonly ShortRule[],
  now: number,
  wholeDays: boolean,
): { walks: RunWalk[]; horizon: number } {
  const least = Math.min(...outcomes.map((outcome) => keep[outcome]));
  const horizon = now - least;
  const whole = wholeDays ? Math.floor(horizon / dayMs) * dayMs : horizon;
  const walks: RunWalk[] = least >= limits.keepForeverMs ? [] : [{ namespace: null, jobId: null, madeBefore: whole }];
  const ofNamespace = new Map(rules.flatMap((rule) => (rule.jobId === null ? [[rule.namespace, rule.keepMs]] : [])));
  for (const { namespace, jobId, keepMs } of rules) {
    const covered = jobId === null ? least : Math.min(least, ofNamespace.get(namespace) ?? least);
    if (keepMs < covered) walks.push({ namespace, jobId, madeBefore: now - keepMs });
  }
  return { walks, horizon };
}

/** SQL for the outcome of a row's state; the one place that says which state is which outcome. */
export function outcomeSql(state: string): string {
  const words = finalStates.map((one) => `when '${one}' then '${outcomeOfState(one)}'`);
  return `case ${state} ${words.join(' ')} end`;
}

export function keepSql(outcome: string, keep: Keep): string {
  return `case ${outcome} ${outcomes.map((one: Outcome) => `when '${one}' then ${keep[one]}`).join(' ')} end`;
}

/**
 * How many rows the next step looks at, by how long the last one took: a step holds SQLite's one writer and this process, and on PostgreSQL
 * rows that others may want.
 */
export function nextStepRows(rows: number, tookMs: number, targetMs: number): number {
  const fitting = tookMs > targetMs ? Math.floor(rows / 2) : tookMs < targetMs / 2 ? rows * 2 : rows;
  return Math.min(stepRowsMost, Math.max(stepRowsLeast, fitting));
}
export const stepRowsLeast = 25;
export const stepRowsMost = 2000;
