// The state machine: its table, and what becomes of reported and lost attempts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finalStates, runStates, type AttemptOutcome } from '@tidewheel/protocol';
import { InvariantBroken } from './invariant.ts';
import { serverLimits } from './limits.ts';
import { become, decideLost, decideReport, mayBecome, withAttempt, type PastAttempt, type RunFacts } from './run.ts';

function attempt(outcome: AttemptOutcome, number = 1): PastAttempt {
  return {
    attempt: number,
    attemptId: `a${number}`,
    sessionId: 's',
    worker: 'w',
    claimedAt: 0,
    startedAt: 0,
    endedAt: 1,
    outcome,
    error: null,
  };
}

function facts(changes: Partial<RunFacts> = {}, attempts = 3): RunFacts {
  return {
    past: [],
    cancelRequested: false,
    spec: { retry: { attempts, initial: 1000, factor: 2, max: 60_000, jitter: 'none' }, delivery: 'at-least-once' },
    ...changes,
  };
}

test('a final state is never left', () => {
  for (const from of finalStates)
    for (const to of runStates) assert.equal(mayBecome(from, to), false, `${from} to ${to}`);
});

test('every unfinished state can reach an end', () => {
  for (const from of ['blocked', 'scheduled', 'ready', 'running'] as const) {
    assert.ok(
      finalStates.some((to) => mayBecome(from, to)),
      from,
    );
  }
});

test('an illegal transition breaks an invariant', () => {
  assert.throws(() => become('succeeded', 'ready'), InvariantBroken);
  assert.throws(() => become('scheduled', 'running'), InvariantBroken);
  assert.equal(become('ready', 'running'), 'running');
});

test('a success is final even when a cancel was asked for', () => {
  assert.deepEqual(decideReport(facts({ cancelRequested: true }), 'succeeded', 0), { to: 'final', state: 'succeeded' });
});

test('a failure is retried with growing delay until the attempts are used up', () => {
  const failed = [attempt('failed', 1)];
  assert.deepEqual(decideReport(facts(), 'failed', 0), { to: 'retry', delayMs: 1000 });
  assert.deepEqual(decideReport(facts({ past: failed }), 'timed-out', 0), { to: 'retry', delayMs: 2000 });
  assert.deepEqual(decideReport(facts({ past: [...failed, attempt('timed-out', 2)] }), 'failed', 0), {
    to: 'final',
    state: 'failed',
  });
});

test('lost attempts do not use up the retries', () => {
  const past = [attempt('lost', 1), attempt('lost', 2), attempt('lost', 3)];
  assert.deepEqual(decideReport(facts({ past }), 'failed', 0), { to: 'retry', delayMs: 1000 });
});

test('a failure under a cancel ends as canceled, without a retry', () => {
  assert.deepEqual(decideReport(facts({ cancelRequested: true }), 'failed', 0), { to: 'final', state: 'canceled' });
  assert.deepEqual(decideReport(facts({ cancelRequested: true }), 'canceled', 0), { to: 'final', state: 'canceled' });
});

test('a lost attempt is tried again at once, at most once delivery is not', () => {
  assert.deepEqual(decideLost(facts()), { to: 'retry', delayMs: 0 });
  const once = facts({ spec: { ...facts().spec, delivery: 'at-most-once' } });
  assert.deepEqual(decideLost(once), { to: 'final', state: 'lost' });
});

test('a run that loses every worker fails in the end', () => {
  const past = Array.from({ length: serverLimits.lostAttemptsMax - 1 }, (_, index) => attempt('lost', index + 1));
  assert.deepEqual(decideLost(facts({ past })), { to: 'final', state: 'failed' });
});

test('a lost attempt under a cancel ends as canceled', () => {
  assert.deepEqual(decideLost(facts({ cancelRequested: true })), { to: 'final', state: 'canceled' });
});

test('past attempts are bounded, the oldest give way', () => {
  let past: PastAttempt[] = [];
  for (let number = 1; number <= serverLimits.attemptsKept + 5; number += 1)
    past = withAttempt(past, attempt('failed', number));
  assert.equal(past.length, serverLimits.attemptsKept);
  assert.equal(past[0]?.attempt, 6);
});
