// What a scenario measured: how late fires were decided and begun, what was executed again and when, how long callers waited. All
// times are of the host or of the store on the same host.

import type { Evidence } from './evidence.ts';
import { overlapsOf } from './overlaps.ts';
import { onceJobs } from './workload.ts';

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Measures {
  /** Ledger row decided, after its nominal time. */
  readonly fireDelayMs: Spread;
  /** The worker began, after the nominal time. */
  readonly startDelayMs: Spread;
  /** Fires that were decided more than a second late, and at how many nominal times they were due. */
  readonly lateFires: number;
  readonly lateTimes: number;
  readonly fires: number;
  readonly runs: number;
  readonly attempts: number;
  /** Runs of which an attempt was given up as lost with its session. */
  readonly rescuedRuns: number;
  readonly orphans: number;
  readonly triggers: { readonly acknowledged: number; readonly refused: number; readonly unknown: number };
  readonly slowestAnswerMs: number;
  readonly cancels: number;
  readonly overlapMs: number;
  /** Life of an attempt after its frozen process was let go, beside its successor. */
  readonly overlapAfterFreezeMs: number;
}

/** Fires with nominal times in [from, to] by host time count for the delays. */
export function measure(evidence: Evidence, from: number, to: number): Measures {
  const within = (at: number | null): boolean => at !== null && at >= from && at <= to;
  const overlaps = overlapsOf(evidence);
  const first = evidence.executions.filter((one) => one.attempt === 1 && within(one.fireAt));
  const late = evidence.ledger.filter((row) => within(row.fireAt) && row.decidedAt - row.fireAt > 1000);
  const count = (outcome: string) => evidence.triggers.filter((record) => record.outcome === outcome).length;
  const longest = (afterFreeze: boolean) =>
    Math.max(0, ...overlaps.filter((one) => one.afterFreeze === afterFreeze).map((one) => one.ms));
  return {
    fireDelayMs: spread(evidence.ledger.filter((row) => within(row.fireAt)).map((row) => row.decidedAt - row.fireAt)),
    startDelayMs: spread(first.map((one) => one.startedAt - (one.fireAt ?? 0))),
    lateFires: late.length,
    lateTimes: new Set(late.map((row) => row.fireAt)).size,
    fires: evidence.ledger.length,
    runs: evidence.runs.length,
    attempts: evidence.executions.length,
    rescuedRuns: rescued(evidence).length,
    orphans: evidence.orphans,
    triggers: { acknowledged: count('acknowledged'), refused: count('refused'), unknown: count('unknown') },
    slowestAnswerMs: Math.round(Math.max(0, ...evidence.triggers.map((record) => record.tookMs))),
    cancels: evidence.cancels.filter((record) => record.outcome === 'acknowledged').length,
    overlapMs: longest(false),
    overlapAfterFreezeMs: longest(true),
  };
}

export function rescued({ runs }: Pick<Evidence, 'runs'>): Evidence['runs'] {
  return runs.filter((run) => run.attempts.some((attempt) => attempt.outcome === 'lost'));
}

/** Of the runs that were alive in this process at that moment: how long until each began elsewhere. Null: never did. */
export function movedAfter(evidence: Evidence, pid: number, at: number): (number | null)[] {
  const byRun = Map.groupBy(evidence.executions, (one) => one.run);
  return evidence.executions
    .filter((one) => one.pid === pid && one.startedAt <= at && one.ended === null)
    .filter((one) =>
      evidence.runs.some((run) => run.id === one.run && !onceJobs.has(run.job) && run.state === 'succeeded'),
    )
    .map((one) => {
      const next = byRun.get(one.run)?.filter((other) => other.startedAt > at && other.attemptId !== one.attemptId);
      return next === undefined || next.length === 0 ? null : Math.min(...next.map((other) => other.startedAt)) - at;
    });
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
