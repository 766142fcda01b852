// Judges a scenario by its evidence. Each rule compares what the store says with something that the store did not write: the
// clock's own arithmetic, the workers' files, the caller's notes. A rule says what it found; none means that it holds.

import type { Evidence, RunRow, ScheduleLife } from './evidence.ts';
import type { Execution } from './truth.ts';

export interface Verdict {
  readonly rule: string;
  readonly promise: string;
  /** How many things were looked at: a rule that saw nothing has proven nothing. */
  readonly looked: number;
  readonly violations: number;
  readonly samples: readonly string[];
}

const samplesMost = 5;
/** The physical clock of a process that was frozen goes on for so long after it was let go, until it has stopped itself. */
const wakeMs = 2000;

class Rule {
  readonly #rule: string;
  readonly #promise: string;
  #looked = 0;
  #violations = 0;
  readonly #samples: string[] = [];

  constructor(rule: string, promise: string) {
    this.#rule = rule;
    this.#promise = promise;
  }

  look(holds: boolean, otherwise: () => string): void {
    this.#looked += 1;
    if (holds) return;
    this.#violations += 1;
    if (this.#samples.length < samplesMost) this.#samples.push(otherwise());
  }

  get verdict(): Verdict {
    return {
      rule: this.#rule,
      promise: this.#promise,
      looked: this.#looked,
      violations: this.#violations,
      samples: this.#samples,
    };
  }
}

export function judge(evidence: Evidence): Verdict[] {
  return [
    firesAsTheClockSays(evidence),
    auditAgrees(evidence),
    oneRunPerFire(evidence),
    oneAcceptedOutcome(evidence),
    executedOnce(evidence),
    successIsTrue(evidence),
    noOverlap(evidence),
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
  const rule = new Rule('fires', 'each nominal time has one ledger row, and no other time has one');
  const ledger = Map.groupBy(evidence.ledger, (row) => row.scheduleId);
  const planned = new Map(evidence.planned.map((plan) => [plan.name, plan]));
  for (const schedule of evidence.schedules) {
    const plan = planned.get(schedule.name);
    if (plan === undefined) continue;
    const expected = new Set(nominalTimes(schedule, plan.periodMs, plan.kind));
    const decided = (ledger.get(schedule.id) ?? []).map((row) => row.fireAt);
    const seen = new Set(decided);
    for (const at of expected) rule.look(seen.has(at), () => `${schedule.name} lost ${at}`);
    for (const at of decided) rule.look(expected.has(at), () => `${schedule.name} has ${at}, which is not its time`);
    rule.look(seen.size === decided.length, () => `${schedule.name} decided a time twice`);
  }
  for (const row of evidence.ledger)
    rule.look(row.outcome === 'fired', () => `${row.scheduleId} skipped ${row.fireAt}: ${row.reason}`);
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

function oneRunPerFire({ ledger, runs }: Evidence): Verdict {
  const rule = new Rule('runs', 'each fire has exactly one run, and each run of a schedule its fire');
  const byFire = Map.groupBy(
    runs.filter((run) => run.trigger === 'schedule'),
    (run) => `${run.scheduleId} ${run.fireAt}`,
  );
  const fires = new Set<string>();
  for (const row of ledger) {
    const key = `${row.scheduleId} ${row.fireAt}`;
    fires.add(key);
    const made = byFire.get(key) ?? [];
    rule.look(made.length === 1 && made[0]?.id === row.runId, () => `${key} has ${made.length} runs`);
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

export interface Overlap {
  readonly run: string;
  /** How long both were alive; of a process that was frozen meanwhile, only its life after that. */
  readonly ms: number;
  readonly afterFreeze: boolean;
}

/** Pairs of attempts of one run that were alive at the same moment, by the workers' own lines. */
export function overlapsOf({ executions, freezes }: Pick<Evidence, 'executions' | 'freezes'>): Overlap[] {
  const overlaps: Overlap[] = [];
  for (const [run, attempts] of Map.groupBy(executions, (one) => one.run)) {
    const sorted = attempts.toSorted((a, b) => a.startedAt - b.startedAt);
    for (let later = 1; later < sorted.length; later += 1) {
      for (const earlier of sorted.slice(0, later)) {
        const next = sorted[later];
        if (next === undefined) continue;
        const woken = wokenAt(earlier, next, freezes);
        const ms = Math.min(earlier.lastAt, next.lastAt) - next.startedAt;
        if (ms > 0)
          overlaps.push({ run, ms: woken === null ? ms : earlier.lastAt - woken, afterFreeze: woken !== null });
      }
    }
  }
  return overlaps;
}

/** When the earlier attempt was let go on, if it stood still while the next one began and stopped itself soon after. */
function wokenAt(earlier: Execution, next: Execution, freezes: Evidence['freezes']): number | null {
  const freeze = freezes.find(
    ({ pid, from, to }) =>
      pid === earlier.pid && from <= next.startedAt && to >= next.startedAt && earlier.lastAt <= to + wakeMs,
  );
  return freeze?.to ?? null;
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
    if (run.job === 'once')
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
