// Each checker is shown a small history without fault and one with a planted fault. What faults of the real services they find
// is shown by the mutations; here, that each looks where it says it does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence, FinalRun } from '../evidence.ts';
import { GroundTruth, type Execution } from '../ground-truth.ts';
import type { HistoryRow, RunFacts } from '../history.ts';
import { drawOptions } from '../options.ts';
import { checkers } from './all.ts';

const epochMs = 1_000_000;

/** A run of a schedule that fires every 10 s from 0: fired at 10 s, claimed, executed, accepted. */
function kept(): Evidence & { history: HistoryRow[]; runs: FinalRun[] } {
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
    truth,
    history: [
      row(5000, 'session+', 's1', { session: { before: null, after: 'live' } }),
      row(10_050, 'fire+', 'sch', { fire: { fireAt: epochMs + 10_000, outcome: 'fired', reason: null, runId: 'r1' } }),
      row(10_051, 'run+', 'r1', { after: ready }),
      row(10_100, 'run~', 'r1', { before: ready, after: running }),
      row(12_000, 'archive+', 'r1', { after: done }),
      row(12_000, 'run-', 'r1', { before: running }),
    ],
    runs: [finalRun()],
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
    events: [],
    sessions: new Map([['s1', { worker: 'worker-1', state: 'live' }]]),
    pauses: new Map(),
    healedAt: 14_000,
    endedAt: 15_000,
  };
}

function execution(change: Partial<Execution> = {}): Execution {
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
    ...change,
  };
}

function facts(change: Partial<RunFacts>): RunFacts {
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

function row(at: number, kind: HistoryRow['kind'], id: string, change: Partial<HistoryRow>): HistoryRow {
  return {
    seq: at,
    at: epochMs + at,
    kind,
    id,
    before: null,
    after: null,
    fire: null,
    session: null,
    cursor: null,
    ...change,
  };
}

function finalRun(change: Partial<FinalRun> = {}): FinalRun {
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
    ...change,
  };
}

function found(evidence: Evidence): string[] {
  return checkers.filter((checker) => checker.check(evidence).length > 0).map((checker) => checker.id);
}

type Planted = [
  what: string,
  finders: string[],
  plant: (evidence: ReturnType<typeof kept>) => Partial<Evidence> | void,
];

const planted: Planted[] = [
  [
    'a second run of the same nominal time',
    ['S1', 'S12'],
    ({ history }) => void history.push(row(10_060, 'run+', 'r2', { after: facts({}) })),
  ],
  [
    'a fire between two nominal times',
    ['S2', 'S4p'],
    (evidence) => ({
      fires: [
        ...evidence.fires,
        {
          scheduleId: 'sch',
          fireAt: epochMs + 11_234,
          outcome: 'skipped',
          reason: 'overlap',
          runId: null,
          decidedAt: epochMs + 60_000,
        },
      ],
    }),
  ],
  [
    'a fire that was decided early',
    ['S3'],
    ({ history }) => {
      history[1] = row(9990, 'fire+', 'sch', {
        fire: { fireAt: epochMs + 10_000, outcome: 'fired', reason: null, runId: 'r1' },
      });
    },
  ],
  ['a nominal time that nobody decided', ['S4'], () => ({ endedAt: 25_000 })],
  ['a fire without its run', ['S4', 'S12'], () => ({ runs: [] })],
  [
    'a skip for a misfire that was none',
    ['S4p'],
    () => ({
      fires: [
        {
          scheduleId: 'sch',
          fireAt: epochMs + 10_000,
          outcome: 'skipped',
          reason: 'misfire',
          runId: null,
          decidedAt: epochMs + 10_050,
        },
      ],
      runs: [],
      history: [],
      truth: Object.assign(new GroundTruth(), { eras: kept().truth.eras }),
    }),
  ],
  [
    'a result of a dead session',
    ['S6'],
    ({ history }) =>
      void history.splice(4, 0, row(11_000, 'session~', 's1', { session: { before: 'live', after: 'dead' } })),
  ],
  ['a claim for a session that is not there', ['S6'], ({ history }) => void history.splice(0, 1)],
  ['an end without a claim', ['S7', 'E1'], ({ history }) => void history.splice(3, 1)],
  [
    'a finished run that changes',
    ['S7'],
    ({ history }) => void history.push(row(13_000, 'archive~', 'r1', { after: facts({ state: 'failed' }) })),
  ],
  [
    'a success that no worker had',
    ['E1'],
    ({ truth }) => void truth.executions.splice(0, 1, execution({ end: { at: 11_900, outcome: 'failed' } })),
  ],
  [
    'an attempt on a worker that was not given it',
    ['E1'],
    ({ truth }) => void truth.executions.splice(0, 1, execution({ worker: 'worker-2' })),
  ],
  [
    'a second execution of an at-most-once run',
    ['S10', 'E1'],
    ({ truth }) => void truth.executions.push(execution({ attemptId: 'a2', startedAt: 12_000 })),
  ],
  [
    'an attempt that goes on after it was given away',
    ['S10o', 'S6', 'S7'],
    ({ history, truth }) => {
      const lost = facts({ attempt: 1, lastAttemptId: 'a1', lastOutcome: 'lost', finishedAttempts: 1 });
      history.splice(4, 0, row(11_000, 'run~', 'r1', { after: lost }));
      truth.executions.splice(0, 1, execution({ end: null, cutOffAt: 11_500 }));
    },
  ],
  ['a run that vanished', ['S12', 'S4'], () => ({ runs: [finalRun({ id: 'r9' })] })],
  ['a run that never ends', ['L3'], () => ({ runs: [finalRun({ state: 'ready' })] })],
  [
    'an acknowledged trigger without its run',
    ['S8'],
    ({ truth }) => {
      const answers = [{ kind: 'done' as const, value: { runId: 'r7', created: true } }];
      truth.triggers.push({
        tag: 't1',
        namespace: 'default',
        job: 'once',
        key: null,
        delayMs: 0,
        sentAt: 100,
        answers,
      });
    },
  ],
  [
    'a canceled run that ran on',
    ['S8'],
    ({ truth }) => {
      truth.cancels.push({
        runId: 'r1',
        sentAt: 10_000,
        answeredAt: 10_100,
        answer: { kind: 'done', value: 'canceled' },
      });
    },
  ],
  [
    'a refused change that was made',
    ['S8'],
    ({ truth }) => {
      const answer = { kind: 'refused' as const, code: 'UNAVAILABLE', detail: '' };
      truth.changes.push({
        namespace: 'default',
        subjects: ['tick'],
        sentAt: 100,
        afterUnknown: false,
        answeredAt: 900,
        answer,
      });
      return { events: [{ namespace: 'default', at: epochMs + 500, action: 'schedule.pause', subject: 'tick' }] };
    },
  ],
];

test('a history that keeps every promise is found to be without fault', () => {
  assert.deepEqual(found(kept()), []);
});

for (const [what, finders, plant] of planted) {
  test(`the checkers ${finders.join(', ')} find ${what}`, () => {
    const evidence = kept();
    const changed = { ...evidence, ...plant(evidence) };
    const ids = found(changed);
    for (const finder of finders) assert.ok(ids.includes(finder), `found by ${ids.join(', ') || 'nobody'}`);
  });
}

test('every checker finds at least one of the planted faults', () => {
  const seen = new Set(planted.flatMap(([, finders]) => finders));
  assert.deepEqual(
    checkers.map((checker) => checker.id).filter((id) => !seen.has(id)),
    [],
  );
});
