// A small history that keeps every promise, as evidence: tests of the checkers plant their faults in it.

import type { Evidence, FinalRun } from '../evidence.ts';
import { type Execution, GroundTruth, type HoldRecord, type StoreLossRecord } from '../ground-truth.ts';
import { type HistoryRow, type LockFacts, noFacts, type RunFacts } from '../history.ts';
import { drawOptions } from '../options.ts';
import { lineOf } from '../sim-runner.ts';
import { StoreClock } from '../store-clock.ts';

export const epochMs = 1_000_000;

const audited: Evidence['audit'][number] = {
  namespace: 'default',
  schedule: 'tick',
  job: 'once',
  expected: 1,
  fired: 1,
  skipped: 0,
  missing: 0,
  doubled: 0,
  unexpected: 0,
  caughtUp: 0,
  skippedBy: {},
  lateMaxMs: 50,
  lateP99Ms: 50,
  samples: [],
};

/** A run of a schedule that fires every 10 s from 0: fired at 10 s, claimed, executed, accepted. */
export function kept(): Evidence & { history: HistoryRow[]; runs: FinalRun[] } {
  const truth = new GroundTruth();
  truth.erasOf('default', 'tick').push({
    timing: { kind: 'every', everyMs: 10_000 },
    overlap: 'skip',
    misfire: { policy: 'skip', window: 60_000, max: 1, grace: 1000 },
    enabled: true,
    jobEnabled: true,
    sentAt: 0,
    doneAt: 0,
  });
  truth.executions.push(execution());
  const ready = facts({ state: 'ready' });
  const running = facts({ state: 'running', attempt: 1, attemptId: 'a1', sessionId: 's1' });
  const done = facts({
    state: 'succeeded',
    attempt: 1,
    attemptId: 'a1',
    lastAttemptId: 'a1',
    lastOutcome: 'succeeded',
    finishedAttempts: 1,
  });
  return {
    options: { ...drawOptions(1), epochMs },
    clock: new StoreClock(epochMs),
    truth,
    history: [
      row(0, 'version+', 'sch', { version: { version: 1 } }),
      row(5000, 'session+', 's1', { session: { before: null, after: 'live' } }),
      row(10_050, 'fire+', 'sch', { fire: { fireAt: epochMs + 10_000, outcome: 'fired', reason: null, runId: 'r1' } }),
      row(10_051, 'run+', 'r1', { after: ready }),
      row(10_100, 'run~', 'r1', { before: ready, after: running }),
      row(12_000, 'archive+', 'r1', { after: done }),
      row(12_000, 'run-', 'r1', { before: running }),
      ...leading(),
    ],
    lost: [],
    runs: [finalRun()],
    removed: [],
    fires: [
      {
        scheduleId: 'sch',
        fireAt: epochMs + 10_000,
        outcome: 'fired',
        reason: null,
        runId: 'r1',
        decidedAt: epochMs + 10_050,
      },
    ],
    schedules: new Map([['sch', { namespace: 'default', name: 'tick' }]]),
    versions: [{ scheduleId: 'sch', version: 1, state: 'enabled', anchorAt: epochMs, validFrom: epochMs }],
    logs: [
      { runId: 'r1', attemptId: 'a1', seq: 1, text: lineOf('a1', 1) },
      { runId: 'r1', attemptId: 'a1', seq: 2, text: lineOf('a1', 2) },
    ],
    ...around(),
    audit: [audited],
    sessions: new Map([['s1', { worker: 'worker-1', state: 'live' }]]),
    backfills: [],
    backfillFires: [],
    pauses: new Map(),
    healedAt: 14_000,
    endedAt: 15_000,
  };
}

/** Who may do what, and how the cluster was after the trouble. */
function around(): Pick<Evidence, 'jobs' | 'entitled' | 'recovery'> {
  return {
    jobs: [
      {
        namespace: 'default',
        name: 'once',
        behaviour: { durationMs: [1, 1], failShare: 0, endless: false, killShare: 0, logLines: 2 },
        enabled: true,
        definition: { task: 'once', queue: 'rough', selector: { disk: 'fast' } },
        schedules: [],
        calendar: null,
      },
    ],
    entitled: new Map([
      ['worker-1', { namespace: 'default', queues: ['rough'], handlers: ['task:once'], labels: { disk: 'fast' } }],
      ['worker-2', { namespace: 'default', queues: ['rough'], handlers: ['task:once'], labels: {} }],
    ]),
    recovery: {
      looks: [
        { when: 50_000, leaders: ['master-1'], unfinished: null },
        { when: 50_500, leaders: ['master-1'], unfinished: 2 },
        { when: 51_000, leaders: ['master-1'], unfinished: 0 },
      ],
      statements: new Map([['master-1', [3, 4]]]),
      calls: new Map(),
      results: new Map(),
    },
  };
}

export function execution(change: Partial<Execution> = {}): Execution {
  return {
    runId: 'r1',
    attemptId: 'a1',
    attempt: 1,
    job: 'once',
    schedule: 'tick',
    fireAt: epochMs + 10_000,
    namespace: 'default',
    worker: 'worker-1',
    life: 1,
    startedAt: 10_200,
    payload: null,
    end: { at: 11_900, outcome: 'succeeded' },
    cutOffAt: null,
    logLines: 2,
    ...change,
  };
}

/** Master m1 leads and writes, then m2 does; a lock goes from one hold to the next when its life is over. */
function leading(): HistoryRow[] {
  const none = { term: 0, token: 0, origin: '', masterId: null };
  const first = { term: 1, token: 4, origin: 'store', masterId: 'm1' };
  const second = { term: 2, token: 7, origin: 'store', masterId: 'm2' };
  return [
    row(12_100, 'term~', 'leader', { term: { before: none, after: first } }),
    row(12_200, 'write+', 'master-1', { write: { term: 1 } }),
    row(12_300, 'term~', 'leader', { term: { before: first, after: second } }),
    row(12_400, 'write+', 'master-2', { write: { term: 2 } }),
    row(12_500, 'lock+', lockId, { lock: { before: null, after: lock('h1', 1, 12_500) } }),
    row(16_500, 'lock~', lockId, { lock: { before: lock('h1', 1, 12_500), after: lock('h2', 2, 16_500) } }),
  ];
}

export const lockId = 'default ledger';

export function lock(hold: string | null, token: number, renewedAt: number): LockFacts {
  return { hold, token, renewedAt: epochMs + renewedAt, ttlMs: 4000, sessionId: null, sessionEndsAt: null };
}

export function holding(hold: string, token: number, heldFrom: number, heldTo: number): HoldRecord {
  return { holder: `of ${hold}`, namespace: 'default', name: 'ledger', hold, attemptId: null, token, heldFrom, heldTo };
}

export function facts(change: Partial<RunFacts>): RunFacts {
  return {
    state: 'ready',
    attempt: 0,
    attemptId: null,
    sessionId: null,
    scheduleId: 'sch',
    fireAt: epochMs + 10_000,
    trigger: 'schedule',
    dueAt: epochMs + 10_000,
    lastAttemptId: null,
    lastOutcome: null,
    finishedAttempts: 0,
    ...change,
  };
}

export function row(at: number, kind: HistoryRow['kind'], id: string, change: Partial<HistoryRow>): HistoryRow {
  return {
    seq: at,
    at: epochMs + at,
    kind,
    when: at,
    id,
    ...noFacts,
    ...change,
  };
}

export function finalRun(change: Partial<FinalRun> = {}): FinalRun {
  return {
    id: 'r1',
    namespace: 'default',
    job: 'once',
    state: 'succeeded',
    trigger: 'schedule',
    scheduleId: 'sch',
    fireAt: epochMs + 10_000,
    retryOf: null,
    payload: null,
    attempt: 1,
    attemptId: 'a1',
    sessionId: null,
    dueAt: epochMs + 10_000,
    finishedAt: epochMs + 12_000,
    ...change,
  };
}

/** A fail-over that lost what happened from 10,080 to 10,500. */
export function loss(change: Partial<StoreLossRecord>): StoreLossRecord {
  const when = { keptSeq: 10_080, lostSeq: 10_500, from: 10_080, to: 10_500 };
  return { kind: 'promotion', ...when, links: [], choice: null, ...change };
}
