import assert from 'node:assert/strict';
import test from 'node:test';
import { limits, type Assign } from '@tidewheel/protocol';
import { AttemptRunner } from './attempt-runner.ts';
import type { AttemptResult } from './attempts.ts';
import type { ExecutionReport, Executor } from './executor.ts';
import { assignOf, id, VirtualClock } from './scripted-master.test.ts';
import { workerLimits } from './worker-limits.ts';

/** An executor whose executions end when the test says so. */
function setup() {
  const clock = new VirtualClock();
  const reports = new Map<string, ExecutionReport>();
  const stops: string[] = [];
  const results: AttemptResult[] = [];
  const logged: string[] = [];
  const gone: string[] = [];
  const executor: Executor = {
    start(assign, report) {
      reports.set(assign.attemptId, report);
      return { stop: (reason, graceMs) => void stops.push(`${assign.attemptId.slice(-1)} ${reason} ${graceMs}`) };
    },
  };
  const runner = new AttemptRunner(
    { task: executor },
    {
      started: () => undefined,
      log: (attemptId, stream, offsetMs, text) =>
        void logged.push(`${attemptId.slice(-1)} ${stream} ${offsetMs} ${text.length}`),
      result: (result) => void results.push(result),
      spawned: () => undefined,
      gone: (attemptId) => void gone.push(attemptId),
    },
    clock,
  );
  const report = (attempt: number): ExecutionReport => reports.get(id(attempt)) ?? assert.fail('not started');
  const start = (attempt: number, fields: Partial<Assign> = {}): void =>
    runner.start({ ...assignOf(attempt), ...fields });
  return { clock, runner, stops, results, logged, gone, report, start };
}

test('an attempt that is done has succeeded, with how long it took', () => {
  const { clock, results, report, start } = setup();
  start(1);
  clock.advance(42);
  report(1).end({ kind: 'done', output: '{"a":1}' });
  report(1).end({ kind: 'done', output: '2' });
  assert.deepEqual(results, [
    { attemptId: id(1), outcome: 'succeeded', output: '{"a":1}', error: null, durationMs: 42 },
  ]);
});

test('an attempt that gives no sign of progress is timed out, and each sign gives it the whole time again', () => {
  const { clock, stops, results, report, start } = setup();
  start(1, { heartbeatTimeoutMs: 1000 });
  start(2, { heartbeatTimeoutMs: 1000 });
  start(3, { heartbeatTimeoutMs: null });
  for (let signs = 0; signs < 5; signs += 1) {
    clock.advance(900);
    if (signs === 0) assert.deepEqual(stops, []);
    if (signs % 2 === 0) report(1).beat();
    else report(1).log('stdout', 'a line');
  }
  assert.deepEqual(stops, ['2 no sign of progress for 1s 5000']);
  clock.advance(1100);
  assert.equal(stops.length, 2);
  report(1).beat();
  report(1).end({ kind: 'stopped', note: '' });
  const [{ outcome, error } = assert.fail()] = results;
  assert.deepEqual(
    [outcome, error?.kind, error?.message],
    ['timed-out', 'heartbeat-timeout', 'no sign of progress for 1s'],
  );
  clock.advance(60_000);
  assert.equal(stops.length, 2);
});

test('one timer keeps many time limits, and each attempt is stopped at its own', () => {
  const { clock, stops, results, report, start } = setup();
  start(1, { runTimeoutMs: 3000 });
  start(2, { runTimeoutMs: 1000, killGraceMs: 100 });
  start(3, { runTimeoutMs: 2000 });
  clock.advance(500);
  report(3).end({ kind: 'done', output: null });
  clock.advance(1000);
  assert.deepEqual(stops, ['2 over its time limit of 1s 100']);
  report(2).end({ kind: 'stopped', note: 'it ended on SIGTERM' });
  clock.advance(2000);
  assert.equal(stops[1], '1 over its time limit of 3s 5000');
  assert.deepEqual(results[1], {
    attemptId: id(2),
    outcome: 'timed-out',
    output: null,
    error: { kind: 'timeout', message: 'over its time limit of 1s; it ended on SIGTERM' },
    durationMs: 1500,
  });
});

test('whoever stops an attempt decides its outcome, even when it still brings something about', () => {
  const { runner, stops, results, report, start } = setup();
  start(1);
  runner.cancel(id(1), 'enough');
  runner.cancel(id(1), 'again');
  report(1).end({ kind: 'done', output: '1' });
  assert.deepEqual(stops, ['1 canceled: enough 5000']);
  assert.deepEqual(
    [results[0]?.outcome, results[0]?.output, results[0]?.error?.message],
    ['canceled', null, 'canceled: enough'],
  );
});

test('an abandoned attempt is stopped within the margin of the lease and reports nothing, also when it was being canceled', async () => {
  const { runner, stops, results, logged, gone, report, start } = setup();
  start(1, { killGraceMs: 60_000 });
  start(2);
  report(2).spawned(77);
  runner.cancel(id(2), '');
  const empty = runner.abandonAll();
  report(1).log('stdout', 'x');
  report(1).end({ kind: 'stopped', note: '' });
  report(2).end({ kind: 'stopped', note: '' });
  await empty;
  await runner.abandonAll();
  const abandon = 'the attempt is no longer of this worker';
  const grace = workerLimits.abandonGraceMs;
  assert.deepEqual(stops, ['2 canceled 5000', `1 ${abandon} ${grace}`, `2 ${abandon} ${grace}`]);
  assert.deepEqual([results, logged, gone], [[], [], [id(2)]]);
});

test('an output over the limit fails the attempt and says so', () => {
  const { results, report, start } = setup();
  const exact = 'x'.repeat(limits.outputBytes - 2);
  start(1);
  report(1).end({ kind: 'done', output: JSON.stringify(exact) });
  start(2);
  report(2).end({ kind: 'done', output: JSON.stringify(`${exact.slice(1)}ä`) });
  assert.deepEqual(
    results.map(({ outcome, error }) => [outcome, error?.kind]),
    [
      ['succeeded', undefined],
      ['failed', 'output-too-large'],
    ],
  );
});

test('an endless output is not carried on for ever, and an endless error is cut', () => {
  const { results, logged, report, start } = setup();
  start(1);
  const chunk = 'x'.repeat(limits.logAttemptBytes / 2);
  for (let count = 0; count < 10; count += 1) report(1).log('stdout', chunk);
  assert.equal(logged.length, 3, 'the one over the bound goes, so that the cut is marked');
  report(1).end({ kind: 'failed', error: { kind: 'thrown', message: 'm'.repeat(1e6), stack: 's'.repeat(1e6) } });
  const { message = '', stack = '' } = results[0]?.error ?? {};
  assert.ok(Buffer.byteLength(message + stack) <= limits.errorBytes);
});

test('a job of a kind that this worker does not run fails instead of hanging', () => {
  const { results, start } = setup();
  start(1, { handler: { kind: 'http', url: 'http://x', method: 'GET', headers: {}, expect: ['2xx'] } });
  assert.deepEqual(results[0]?.error, { kind: 'no-executor', message: 'this worker does not run http jobs' });
});

test('a cancel with a grace of its own shortens that of the job, also after a cancel that had none, and never lengthens it', () => {
  const { runner, stops, results, report, start } = setup();
  start(1);
  runner.cancel(id(1), 'enough', 0);
  start(2);
  runner.cancel(id(2), 'enough');
  runner.cancel(id(2), 'at once', 0);
  start(3);
  runner.cancel(id(3), 'enough', 60_000);
  assert.deepEqual(stops, [
    '1 canceled: enough 0',
    '2 canceled: enough 5000',
    '2 canceled: enough 0',
    '3 canceled: enough 5000',
  ]);
  report(2).end({ kind: 'stopped', note: '' });
  assert.deepEqual([results[0]?.outcome, results[0]?.error?.message], ['canceled', 'canceled: enough']);
});
