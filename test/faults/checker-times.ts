// The rules of the checker for schedules whose runs depend on each other, and for the backfill. Whether two were alive at once is told by
// the workers' own lines; the times of the backfill by arithmetic.

import type { Evidence } from './evidence.ts';
import { wokenAt } from './overlaps.ts';
import { Rule, type Verdict } from './rule.ts';
import { isOddMinute } from './workload-times.ts';

/** Ids of the schedules whose runs have turns, with their plans. */
function turning({ planned, schedules }: Evidence) {
  const plans = planned.filter((plan) => plan.overlap !== undefined || plan.kind === 'delay');
  return schedules.flatMap(({ id, name }) => {
    const plan = plans.find((one) => one.name === name);
    return plan === undefined ? [] : [{ id, plan }];
  });
}

export function inTurn(evidence: Evidence): Verdict {
  const rule = new Rule('turns', 'runs of a schedule that shall not overlap are never alive at the same time');
  for (const { id, plan } of turning(evidence)) {
    const runs = new Set(
      evidence.runs.filter((run) => run.scheduleId === id && run.trigger === 'schedule').map((run) => run.id),
    );
    const sorted = evidence.executions.filter((one) => runs.has(one.run)).toSorted((a, b) => a.startedAt - b.startedAt);
    for (const [index, next] of sorted.entries()) {
      const beside = sorted
        .slice(0, index)
        .find(
          (one) => one.run !== next.run && one.lastAt > next.startedAt && wokenAt(one, next, evidence.freezes) === null,
        );
      rule.look(
        beside === undefined,
        () => `${plan.name}: ${next.run} began at ${next.startedAt} beside ${beside?.run}`,
      );
    }
  }
  return rule.verdict;
}

export function delaysCount(evidence: Evidence): Verdict {
  const rule = new Rule('delays', 'a fixed delay counts from the end of the run before');
  const endedAt = new Map(evidence.executions.map((one) => [one.attemptId, one.lastAt]));
  for (const { id, plan } of turning(evidence)) {
    if (plan.kind !== 'delay') continue;
    const runs = evidence.runs
      .filter((run) => run.scheduleId === id && run.trigger === 'schedule')
      .toSorted((a, b) => (a.fireAt ?? 0) - (b.fireAt ?? 0));
    for (const [index, run] of runs.entries()) {
      const success = runs[index - 1]?.attempts.find((attempt) => attempt.outcome === 'succeeded');
      const ended = success === undefined ? undefined : endedAt.get(success.attemptId);
      if (ended === undefined) continue;
      rule.look(
        (run.fireAt ?? 0) >= ended + plan.periodMs,
        () => `${run.id} at ${run.fireAt}, after an end at ${ended}`,
      );
    }
  }
  return rule.verdict;
}

/** It is canceled with its schedule, so it may have come only so far; but in order, and each time once. */
export function backfillIsWhole({ backfill, planned, schedules, runs }: Evidence): Verdict {
  const rule = new Rule('backfill', 'the runs of a backfill are the first times of its range, each exactly once');
  const plan = planned.find(({ name }) => name === backfill?.schedule);
  const schedule = schedules.find(({ name }) => name === backfill?.schedule);
  if (backfill === null || plan === undefined || schedule === undefined) return rule.verdict;
  const expected: number[] = [];
  for (let at = Math.ceil(backfill.from / plan.periodMs) * plan.periodMs; at < backfill.to; at += plan.periodMs)
    if (isOddMinute(at)) expected.push(at);
  const made = runs.filter((run) => run.scheduleId === schedule.id && run.trigger === 'backfill');
  const times = made.map((run) => run.fireAt ?? 0).toSorted((a, b) => a - b);
  rule.look(times.length > 0, () => 'it has made no run');
  for (const [index, at] of times.entries())
    rule.look(at === expected[index], () => `its run number ${index + 1} is for ${at}, not for ${expected[index]}`);
  return rule.verdict;
}
