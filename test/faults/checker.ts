// Judges a scenario by its evidence. Each rule compares what the store says with something that the store did not write: the
// clock's own arithmetic, the workers' files, the caller's notes. A rule says what it found; none means that it holds.

import type { Evidence, RunRow, ScheduleLife } from './evidence.ts';
import { backfillIsWhole, delaysCount, inTurn } from './checker-times.ts';
import { overlapsOf } from './overlaps.ts';
import { Rule, type Verdict } from './rule.ts';
import { onceJobs } from './workload.ts';
import { isOddMinute } from './workload-times.ts';

export function judge(evidence: Evidence): Verdict[] {
  return [
    firesAsTheClockSays(evidence),
    auditAgrees(evidence),
    oneRunPerFire(evidence),
    oneAcceptedOutcome(evidence),
    executedOnce(evidence),
    successIsTrue(evidence),
    noOverlap(evidence),
    inTurn(evidence),
    delaysCount(evidence),
    backfillIsWhole(evidence),
    acknowledgedIsKept(evidence),
    refusedIsNotDone(evidence),
    cancelsHold(evidence),
    everyRunEnds(evidence),
    mostlyOnce(evidence),
    noDefect(evidence),
  ];
}

/** The nominal times of a schedule, without a cron library: multiples of its period. */
function nominalTimes(schedule: ScheduleLife, periodMs: number, kind: 'cron' | 'every'): number[] {
  const origin = kind === 'cron' ? 0 : schedule.anchorAt;
  const times: number[] = [];
  let at = origin + (Math.floor((schedule.from - origin) / periodMs) + 1) * periodMs;
  for (; at <= schedule.until; at += periodMs) times.push(at);
  return times;
}

function firesAsTheClockSays(evidence: Evidence): Verdict {
  const rule = new Rule(
    'fires',
    'each schedule lives as long as the workload, each nominal time has one ledger row, and no other time has one',
  );
  const ledger = Map.groupBy(evidence.ledger, (row) => row.scheduleId);
  const planned = new Map(evidence.planned.map((plan) => [plan.name, plan]));
  for (const schedule of evidence.schedules) {
    const plan = planned.get(schedule.name);
    if (plan === undefined) continue;
    rule.look(schedule.until >= evidence.workedUntil, () => `${schedule.name} was gone at ${schedule.until}`);
    const rows = ledger.get(schedule.id) ?? [];
    const decided = rows.map((row) => row.fireAt);
    const seen = new Set(decided);
    rule.look(seen.size === decided.length, () => `${schedule.name} decided a time twice`);
    for (const row of rows)
      rule.look(
        row.outcome === 'fired' || (plan.overlap !== undefined && row.reason === 'overlap'),
        () => `${schedule.name} skipped ${row.fireAt}: ${row.reason}`,
      );
    if (plan.kind === 'delay') continue;
    const times = nominalTimes(schedule, plan.periodMs, plan.kind);
    const expected = new Set(plan.oddMinutesOnly === true ? times.filter(isOddMinute) : times);
    for (const at of expected) rule.look(seen.has(at), () => `${schedule.name} lost ${at}`);
    for (const at of decided) rule.look(expected.has(at), () => `${schedule.name} has ${at}, which is not its time`);
  }
  return rule.verdict;
}

function auditAgrees({ audit }: Evidence): Verdict {
  const rule = new Rule('audit', '`tidewheel audit fires` finds nothing missing, doubled or unexpected');
  for (const row of audit.schedules) {
    const faults = row.missing + row.doubled + row.unexpected;
    rule.look(faults === 0, () => `${row.schedule}: ${JSON.stringify(row.samples)}`);
  }
  return rule.verdict;
}

function oneRunPerFire({ ledger, runs: all }: Evidence): Verdict {
  const rule = new Rule(
    'runs',
    'each fire has exactly one run, and each run of a schedule its fire; what is skipped has none',
  );
  const byFire = Map.groupBy(
    all.filter((run) => run.trigger === 'schedule'),
    (run) => `${run.scheduleId} ${run.fireAt}`,
  );
  const fires = new Set<string>();
  for (const row of ledger) {
    const key = `${row.scheduleId} ${row.fireAt}`;
    fires.add(key);
    const made = byFire.get(key) ?? [];
    const runs = row.outcome === 'fired' ? 1 : 0;
    rule.look(made.length === runs && (made[0]?.id ?? null) === row.runId, () => `${key} has ${made.length} runs`);
  }
  for (const key of byFire.keys()) rule.look(fires.has(key), () => `a run for ${key}, which never fired`);
  return rule.verdict;
}

function oneAcceptedOutcome({ runs }: Evidence): Verdict {
  const rule = new Rule('outcomes', 'a run has at most one accepted success, and nothing comes after it');
  const ids = new Set<string>();
  for (const run of runs) {
    const successes = run.attempts.filter((attempt) => attempt.outcome === 'succeeded');
    const last = run.attempts.at(-1);
    const fine = successes.length <= 1 && (successes.length === 0 || last?.outcome === 'succeeded');
    rule.look(fine && !ids.has(run.id), () => `${run.id} (${run.job}): ${JSON.stringify(run.attempts)}`);
    rule.look((run.state === 'succeeded') === (successes.length === 1), () => `${run.id} is ${run.state}`);
    ids.add(run.id);
  }
  return rule.verdict;
}

function executedOnce({ executions }: Evidence): Verdict {
  const rule = new Rule('attempts', 'no attempt is executed twice');
  for (const one of executions) {
    rule.look(one.starts === 1, () => `attempt ${one.attemptId} of ${one.run} was started ${one.starts} times`);
  }
  return rule.verdict;
}

function successIsTrue({ runs, executions }: Evidence): Verdict {
  const rule = new Rule('truth', 'what counts as succeeded was really executed to its end, by that attempt');
  const done = new Set(executions.filter((one) => one.ended === 'done').map((one) => one.attemptId));
  for (const run of runs) {
    const success = run.attempts.find((attempt) => attempt.outcome === 'succeeded');
    if (success !== undefined)
      rule.look(done.has(success.attemptId), () => `${run.id} (${run.job}): nobody ended ${success.attemptId}`);
  }
  return rule.verdict;
}

function noOverlap(evidence: Evidence): Verdict {
  const rule = new Rule('overlap', 'two attempts of one run are never alive at the same time');
  const overlaps = overlapsOf(evidence);
  for (const run of new Set(evidence.executions.map((one) => one.run))) {
    // Nobody can stop a process that stands still; in the moment in which it wakes it must stop by itself.
    const found = overlaps.find((overlap) => overlap.run === run && !overlap.afterFreeze);
    rule.look(found === undefined, () => `${run}: ${found?.ms} ms`);
  }
  return rule.verdict;
}

function acknowledgedIsKept({ triggers, runs }: Evidence): Verdict {
  const rule = new Rule('triggers', 'an acknowledged trigger has its run, and no trigger has two');
  const byMark = Map.groupBy(
    runs.filter((run) => run.mark !== null),
    (run) => run.mark ?? '',
  );
  for (const record of triggers) {
    const made = byMark.get(record.mark) ?? [];
    rule.look(made.length <= 1, () => `${record.mark} made ${made.length} runs`);
    if (record.outcome === 'acknowledged')
      rule.look(made[0]?.id === record.runId, () => `${record.mark}: ${record.runId} was promised, not kept`);
  }
  return rule.verdict;
}

function refusedIsNotDone({ triggers, runs }: Evidence): Verdict {
  const rule = new Rule('refusals', 'a trigger that was refused has made nothing');
  const marks = new Set(runs.map((run) => run.mark));
  for (const record of triggers) {
    if (record.outcome === 'refused') rule.look(!marks.has(record.mark), () => `${record.mark} was refused, but made`);
  }
  return rule.verdict;
}

function cancelsHold({ cancels, runs }: Evidence): Verdict {
  const rule = new Rule('cancels', 'a canceled run ends as canceled, and no attempt is claimed after that');
  const byId = new Map<string, RunRow>(runs.map((run) => [run.id, run]));
  for (const record of cancels) {
    if (record.outcome !== 'acknowledged') continue;
    const run = byId.get(record.runId);
    rule.look(run !== undefined, () => `${record.runId} is gone`);
    if (run === undefined || record.said === 'finished') continue;
    rule.look(run.state === 'canceled', () => `${run.id} was canceled (${record.said}), but is ${run.state}`);
    const asked = run.cancelRequestedAt ?? Number.POSITIVE_INFINITY;
    const late = run.attempts.find((attempt) => attempt.claimedAt > asked);
    rule.look(late === undefined, () => `${run.id} was claimed at ${late?.claimedAt}, canceled at ${asked}`);
  }
  return rule.verdict;
}

const finalStates = new Set(['succeeded', 'failed', 'canceled', 'skipped', 'lost']);

function everyRunEnds({ runs }: Evidence): Verdict {
  const rule = new Rule('ends', 'every run has ended');
  for (const run of runs) rule.look(finalStates.has(run.state), () => `${run.id} (${run.job}) is ${run.state}`);
  return rule.verdict;
}

function mostlyOnce({ runs, executions }: Evidence): Verdict {
  const rule = new Rule('at most once', 'a run that may run once at most was started once at most');
  const starts = Map.groupBy(executions, (one) => one.run);
  for (const run of runs) {
    if (onceJobs.has(run.job))
      rule.look(
        (starts.get(run.id)?.length ?? 0) <= 1,
        () => `${run.id} was started ${starts.get(run.id)?.length} times`,
      );
    else rule.look(run.state !== 'lost', () => `${run.id} (${run.job}) ended as lost`);
  }
  return rule.verdict;
}

function noDefect({ defects }: Evidence): Verdict {
  const rule = new Rule('defects', 'no master ended by itself');
  rule.look(defects.length === 0, () => defects.join('\n'));
  return rule.verdict;
}
