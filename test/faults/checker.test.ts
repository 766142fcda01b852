import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './checker.ts';
import type { Evidence, PastAttempt, RunRow } from './evidence.ts';
import type { Execution } from './truth.ts';

const minuteMs = 60_000;
/** An odd minute. */
const origin = 29_000_001 * minuteMs;

function executed(run: string, startedAt: number, lastAt: number): Execution {
  const attemptId = `${run}-1`;
  return { run, attempt: 1, attemptId, job: 'turn', fireAt: null, pid: 1, startedAt, lastAt, ended: 'done', starts: 1 };
}

function ran(id: string, trigger: string, fireAt: number): RunRow {
  const times = { claimedAt: fireAt, endedAt: fireAt };
  const attempts: PastAttempt[] = [
    { attempt: 1, attemptId: `${id}-1`, outcome: 'succeeded', sessionId: 's', worker: 'w', ...times },
  ];
  const facts = { job: 'turn', state: 'succeeded', scheduleId: 'a', mark: null, attemptId: null, createdAt: fireAt };
  return { id, trigger, fireAt, attempts, cancelRequestedAt: null, ...facts };
}

/** Of one schedule, every second, that fired twice while the workload lasted. */
function setup(plan: Partial<Evidence['planned'][number]> = {}): Evidence {
  const runs = [ran('r1', 'schedule', origin + 1000), ran('r2', 'schedule', origin + 2000)];
  return {
    planned: [{ name: 'a', job: 'turn', periodMs: 1000, kind: 'cron', ...plan }],
    backfill: null,
    workedUntil: origin + 2500,
    schedules: [{ id: 'a', name: 'a', anchorAt: origin, from: origin, until: origin + 2600 }],
    ledger: runs.map(({ id: runId, fireAt }) => ({
      scheduleId: 'a',
      fireAt: fireAt ?? 0,
      outcome: 'fired',
      reason: null,
      runId,
      decidedAt: fireAt ?? 0,
    })),
    runs,
    orphans: 0,
    audit: { from: origin, to: origin, keptFrom: 0, clean: true, schedules: [] },
    executions: [executed('r1', origin + 1010, origin + 1100), executed('r2', origin + 2110, origin + 2200)],
    triggers: [],
    cancels: [],
    freezes: [],
    defects: [],
  };
}

function broken(evidence: Evidence): string[] {
  return judge(evidence).flatMap(({ rule, violations }) => (violations > 0 ? [rule] : []));
}

test('a whole history breaks no rule', () => {
  assert.deepEqual(broken(setup()), []);
});

test('a schedule that was gone before the workload ended is found', () => {
  const evidence = setup();
  const schedules = evidence.schedules.map((one) => ({ ...one, until: origin + 2400 }));
  assert.deepEqual(broken({ ...evidence, schedules }), ['fires']);
});

test('a time that was skipped is found, unless the overlap rule asks for it', () => {
  const evidence = (plan: Parameters<typeof setup>[0], reason: string): Evidence => {
    const whole = setup(plan);
    const [first, second] = whole.ledger;
    assert.ok(first !== undefined && second !== undefined);
    const skipped = { ...second, outcome: 'skipped' as const, reason, runId: null };
    return {
      ...whole,
      ledger: [first, skipped],
      runs: whole.runs.slice(0, 1),
      executions: whole.executions.slice(0, 1),
    };
  };
  assert.deepEqual(broken(evidence({}, 'overlap')), ['fires']);
  assert.deepEqual(broken(evidence({ overlap: 'buffer-one' }, 'misfire')), ['fires']);
  assert.deepEqual(broken(evidence({ overlap: 'buffer-one' }, 'overlap')), []);
});

test('two runs of a schedule that were alive at once are found where they have turns', () => {
  const executions = [executed('r1', origin + 1010, origin + 2150), executed('r2', origin + 2110, origin + 2200)];
  assert.deepEqual(broken({ ...setup(), executions }), []);
  assert.deepEqual(broken({ ...setup({ overlap: 'cancel-previous' }), executions }), ['turns']);
});

test('a delay that did not count from the end of the run before is found', () => {
  const evidence = setup({ kind: 'delay', periodMs: 900 });
  assert.deepEqual(broken(evidence), []);
  assert.deepEqual(broken({ ...evidence, planned: setup({ kind: 'delay', periodMs: 901 }).planned }), ['delays']);
});

test('a time inside the calendar that takes it out is found', () => {
  const evidence = setup({ oddMinutesOnly: true });
  assert.deepEqual(broken(evidence), []);
  const later = { ...evidence, schedules: evidence.schedules.map((one) => ({ ...one, until: origin + 61_500 })) };
  const at = origin + 61_000;
  const [row] = evidence.ledger;
  assert.ok(row !== undefined);
  const ledger = Array.from({ length: 59 }, (_, index) => ({ ...row, fireAt: origin + (index + 1) * 1000 }));
  const fires = (rows: Evidence['ledger']) =>
    judge({ ...later, ledger: rows }).find(({ rule }) => rule === 'fires')?.violations;
  assert.equal(fires(ledger), 0);
  assert.equal(fires([...ledger, { ...row, fireAt: at }]), 1);
});

test('a backfill that made a time twice, or left one out, is found', () => {
  const backfill = { schedule: 'a', from: origin - 2 * minuteMs, to: origin };
  const filled = (...seconds: number[]): Evidence => {
    const whole = setup();
    const made = seconds.map((second, index) => ran(`b${index}`, 'backfill', backfill.from + second * 1000));
    const executions = made.map(({ id }) => executed(id, origin, origin + 1));
    return { ...whole, backfill, runs: [...whole.runs, ...made], executions: [...whole.executions, ...executions] };
  };
  assert.deepEqual(broken(filled(0, 1, 2)), []);
  assert.deepEqual(broken(filled(0, 0, 1)), ['backfill']);
  assert.deepEqual(broken(filled(0, 2)), ['backfill']);
  assert.deepEqual(broken(filled()), ['backfill']);
});
