// One fault for each promise, planted into a history without fault, and the checkers that must find it.

import type { Evidence } from '../evidence.ts';
import { GroundTruth } from '../ground-truth.ts';
import type { SchedulePlan } from '../schedule-plans.ts';
import { lineOf } from '../sim-runner.ts';
import { epochMs, execution, facts, finalRun, holding, kept, lock, lockId, loss, row } from './flawless-history.ts';

type Planted = [
  what: string,
  finders: string[],
  plant: (evidence: ReturnType<typeof kept>) => Partial<Evidence> | void,
];

export const planted: readonly Planted[] = [
  [
    'a second run of the same nominal time',
    ['S1', 'S12'],
    ({ history }) => void history.push(row(10_060, 'run+', 'r2', { after: facts({}) })),
  ],
  [
    'a finished run that is removed before its time',
    ['D8'],
    ({ history, options }) => {
      history.push(row(14_000, 'archive-', 'r1', { before: facts({ state: 'succeeded' }) }));
      const removed = [{ id: 'r1', finishedAt: epochMs + 12_000, removedAt: epochMs + 14_000 }];
      return { removed, options: { ...options, keepMs: 60_000 } };
    },
  ],
  [
    'a fire between two nominal times',
    ['S2', 'S4p'],
    (evidence) => {
      const fire = { fireAt: epochMs + 11_234, outcome: 'skipped' as const, reason: 'overlap', runId: null };
      evidence.history.push(row(60_000, 'fire+', 'sch', { fire }));
      return { fires: [...evidence.fires, { scheduleId: 'sch', ...fire, decidedAt: epochMs + 60_000 }] };
    },
  ],
  [
    'a second run of a schedule that begins while the first is running, then one that waits for nothing',
    ['S4o', 'L5'],
    ({ history }) => {
      const second = facts({
        state: 'blocked',
        fireAt: epochMs + 20_000,
        attempt: 0,
        attemptId: null,
        sessionId: null,
      });
      const begun = { ...second, state: 'running', attempt: 1, attemptId: 'a2', sessionId: 's1' };
      history.splice(5, 0, row(11_000, 'run+', 'r2', { after: second }), row(11_001, 'run~', 'r2', { after: begun }));
      history.push(
        row(41_000, 'run~', 'r2', { before: begun, after: second }),
        row(90_000, 'run-', 'r2', { before: second }),
      );
    },
  ],
  [
    'an audit that misses a time',
    ['A1'],
    ({ audit }) => ({
      audit: audit.map((one) => ({ ...one, missing: 1, samples: [{ fireAt: epochMs, finding: 'missing' as const }] })),
    }),
  ],
  ['an audit that expects nothing', ['A1'], ({ audit }) => ({ audit: audit.map((one) => ({ ...one, expected: 0 })) })],
  ['an audit that leaves a schedule out', ['A1'], () => ({ audit: [] })],
  [
    'more made-up runs than the budget, and the newest first',
    ['S4c'],
    ({ history, options }) => {
      for (let index = 0; index <= options.catchUpPerSecond; index += 1) {
        const fireAt = epochMs + 9000 - index;
        const fire = { fireAt, outcome: 'fired', reason: 'catch-up', runId: `m${index}` };
        history.push(row(12_500, 'fire+', 'sch', { fire }));
        history.push(row(12_500, 'run+', `m${index}`, { after: facts({ fireAt, dueAt: epochMs + 12_500 + index }) }));
      }
    },
  ],
  [
    'a fire that was decided early',
    ['S3'],
    ({ history }) => {
      history[2] = row(9990, 'fire+', 'sch', {
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
      void history.splice(5, 0, row(11_000, 'session~', 's1', { session: { before: 'live', after: 'dead' } })),
  ],
  ['a claim for a session that is not there', ['S6'], ({ history }) => void history.splice(1, 1)],
  ['an end without a claim', ['S7', 'E1'], ({ history }) => void history.splice(4, 1)],
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
      history.splice(5, 0, row(11_000, 'run~', 'r1', { after: lost }));
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
        requestKey: null,
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
    'a canceled run that begins on a worker that was awake',
    ['S8'],
    ({ truth }) => {
      const answer = { kind: 'done' as const, value: 'canceled' as const };
      truth.cancels.push({ runId: 'r1', sentAt: 10_000, answeredAt: 10_100, answer });
      truth.executions.splice(0, 1, execution({ startedAt: 10_200 }));
      return { runs: [finalRun({ state: 'canceled' })], pauses: new Map([['worker-1', [{ from: 9000, to: 10_150 }]]]) };
    },
  ],
  [
    'a refused change that was made',
    ['S8'],
    ({ truth, history }) => {
      const answer = { kind: 'refused' as const, code: 'UNAVAILABLE', detail: '' };
      truth.changes.push({
        namespace: 'default',
        subjects: ['tick'],
        sentAt: 100,
        afterUnknown: false,
        answeredAt: 900,
        answer,
      });
      const event = { namespace: 'default', action: 'schedule.pause', subject: 'tick' };
      history.push(row(500, 'event+', 'e1', { event }));
    },
  ],
  [
    'a cursor that goes back',
    ['S5'],
    ({ history }) => void history.push(row(13_000, 'cursor~', 'sch', { cursor: { before: 5, after: 4 } })),
  ],
  [
    'a term that begins with a token that is not larger',
    ['S5'],
    ({ history }) => {
      const before = { term: 2, token: 7, origin: 'store', masterId: 'm2' };
      const after = { term: 3, token: 7, origin: 'store', masterId: 'm1' };
      history.push(row(13_000, 'term~', 'leader', { term: { before, after } }));
    },
  ],
  [
    'a write of a leader in the timeline after that of its term',
    ['S6l'],
    ({ history, truth }) => {
      truth.losses.push(loss({ kind: 'switch', keptSeq: 12_350, lostSeq: 12_350, from: 12_350, to: 12_350 }));
      return { history };
    },
  ],
  [
    'a run that is given away in a promoted store, while a connected worker executes it by a claim that was lost',
    ['P1'],
    ({ history, truth }) => {
      const lost = history.splice(4, 1);
      const again = facts({ state: 'running', attempt: 1, attemptId: 'a2', sessionId: 's1' });
      history.splice(4, 0, row(11_000, 'run~', 'r1', { before: facts({}), after: again }));
      const [done, gone] = [
        facts({
          state: 'succeeded',
          attempt: 1,
          attemptId: 'a2',
          lastAttemptId: 'a2',
          lastOutcome: 'succeeded',
          finishedAttempts: 1,
        }),
        row(12_000, 'run-', 'r1', { before: again }),
      ];
      history.splice(5, 2, row(12_000, 'archive+', 'r1', { after: done }), gone);
      truth.executions.splice(0, 1, execution({ end: { at: 11_900, outcome: 'failed' } }));
      truth.executions.push(
        execution({ attemptId: 'a2', startedAt: 11_100, end: { at: 11_950, outcome: 'succeeded' } }),
      );
      truth.losses.push(loss({ links: [{ worker: 'worker-1', master: 'master-1', since: 1000, wholeUntil: 12_000 }] }));
      return { lost };
    },
  ],
  [
    'a fire and a claim of a restored store before anybody has chosen',
    ['R1'],
    ({ truth }) =>
      void truth.losses.push(loss({ kind: 'restore', keptSeq: 9000, lostSeq: 9000, from: 9000, to: 9000 })),
  ],
  [
    'a write of a leader whose term is over',
    ['S6l'],
    ({ history }) => void history.push(row(13_000, 'write+', 'master-1', { write: { term: 1 } })),
  ],
  [
    'an attempt that was given after the cancel',
    ['S9'],
    ({ truth }) =>
      void truth.cancels.push({ runId: 'r1', sentAt: 1, answeredAt: 2, answer: { kind: 'done', value: 'requested' } }),
  ],
  [
    'a fire after the pause',
    ['S9'],
    ({ truth }) => {
      const eras = truth.erasOf('default', 'tick');
      for (const era of eras.slice(0, 1)) eras.push({ ...era, enabled: false, sentAt: 9000, doneAt: 9100 });
    },
  ],
  [
    'a run that was made although its job was disabled',
    ['S9'],
    ({ history, runs, jobs, truth }) => {
      const eras = truth.erasOf('default', 'tick');
      for (const era of eras.slice(0, 1)) eras.push({ ...era, jobEnabled: false, sentAt: 15_000, doneAt: 15_100 });
      history.push(row(17_000, 'run+', 'r2', { after: facts({ trigger: 'api', scheduleId: null, fireAt: null }) }));
      runs.push(finalRun({ id: 'r2', trigger: 'api', scheduleId: null, fireAt: null }));
      return { jobs: jobs.map((job) => ({ ...job, schedules: [{ name: 'tick' } as SchedulePlan] })) };
    },
  ],
  ['a gap in the output', ['S13'], ({ logs }) => ({ logs: logs.slice(1) })],
  [
    'output of another attempt',
    ['S13'],
    ({ logs }) => ({ logs: logs.map((chunk) => ({ ...chunk, text: lineOf('a2', chunk.seq) })) }),
  ],
  ['output that is not whole', ['S13'], ({ logs }) => ({ logs: logs.slice(0, 1) })],
  [
    'a payload at a worker without the label',
    ['S14'],
    ({ truth }) => void truth.received.push({ worker: 'worker-2', namespace: 'default', job: 'once', runId: 'r1' }),
  ],
  [
    'a lock that is taken from its holder',
    ['K1'],
    ({ history }) =>
      void history.push(
        row(17_000, 'lock~', lockId, { lock: { before: lock('h2', 2, 16_500), after: lock('h3', 3, 17_000) } }),
      ),
  ],
  [
    'a lock that is taken with an old token',
    ['K1'],
    ({ history }) =>
      void history.push(
        row(30_000, 'lock~', lockId, { lock: { before: lock('h2', 2, 16_500), after: lock('h3', 2, 30_000) } }),
      ),
  ],
  [
    'two who trust in the same lock',
    ['K1'],
    ({ truth }) => void truth.holds.push(holding('h1', 1, 12_600, 18_000), holding('h2', 2, 16_600, 19_000)),
  ],
  [
    'a lock that its dead holder keeps',
    ['K2'],
    ({ truth }) => {
      const ask = { namespace: 'default', name: 'ledger', hold: 'h9', askedAt: 17_000, gotAt: 60_000, gaveUpAt: null };
      truth.lastAsks.push(ask);
    },
  ],
  [
    'a backfill that was acknowledged and is not there',
    ['B1'],
    ({ truth }) => {
      const range = { from: 0, to: 1, newestFirst: false, active: 1 };
      const answers = [{ kind: 'done' as const, value: { id: 'gone' } }];
      truth.backfills.push({ tag: 'b1', namespace: 'default', schedule: 'tick', ...range, sentAt: 1, answers });
    },
  ],
  [
    'a cluster without a leader',
    ['L1'],
    ({ recovery }) => ({
      recovery: { ...recovery, looks: [...recovery.looks, { when: 52_000, leaders: [], unfinished: 0 }] },
    }),
  ],
  [
    'a fire that is late although all is well',
    ['L2'],
    ({ history }) => {
      const fire = { fireAt: epochMs + 30_000, outcome: 'fired', reason: null, runId: 'r1' };
      history.push(row(32_000, 'fire+', 'sch', { fire }));
    },
  ],
  [
    'a backlog that grows again',
    ['L4'],
    ({ recovery }) => ({
      recovery: { ...recovery, looks: [...recovery.looks, { when: 52_000, leaders: ['master-1'], unfinished: 1 }] },
    }),
  ],
  [
    'a storm of requests',
    ['L4'],
    ({ recovery }) => ({ recovery: { ...recovery, statements: new Map([['master-1', [3, 100_000]]]) } }),
  ],
  [
    'a master that asks more than its clients make it ask',
    ['L4'],
    ({ recovery }) => ({
      recovery: { ...recovery, statements: new Map([['master-1', [500, 4]]]), calls: new Map([['master-1', [29, 0]]]) },
    }),
  ],
];
