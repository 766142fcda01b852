// The timeline tells where the time of a run went; the run list stays still under the reader's eyes.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AttemptView, Page, RunState, RunSummary } from '@tidewheel/protocol';
import { listOf, unseenUnfinished, withHead, withMore, withNewShown, withRuns } from './run-list.ts';
import { tickStep, timelineOf } from './timeline.ts';

function attempt(number: number, claimedAt: number, startedAt: number | null, endedAt: number | null): AttemptView {
  return {
    attempt: number,
    attemptId: `a${number}`,
    worker: 'w',
    sessionId: 's',
    claimedAt,
    startedAt,
    endedAt,
    outcome: null,
    error: null,
  };
}

function shape(run: Parameters<typeof timelineOf>[0], now: number): string[] {
  return timelineOf(run, now).rows.map((row) =>
    [row.number, ...row.segments.map((part) => `${part.kind} ${part.from}-${part.to}${part.open ? '…' : ''}`)].join(
      ' | ',
    ),
  );
}

test('a run that waits shows its delay and then its wait, which goes on', () => {
  const run = { state: 'ready' as const, createdAt: 0, dueAt: 100, finishedAt: null, attempts: [] };
  assert.deepEqual(shape(run, 50), ['1 | delayed 0-50…']);
  assert.deepEqual(shape(run, 160), ['1 | delayed 0-100 | waiting 100-160…']);
});

test('an attempt shows its way to the worker and its running time', () => {
  const run = { state: 'running' as const, createdAt: 0, dueAt: 0, finishedAt: null };
  assert.deepEqual(shape({ ...run, attempts: [attempt(1, 10, null, null)] }, 15), [
    '1 | waiting 0-10 | starting 10-15…',
  ]);
  assert.deepEqual(shape({ ...run, attempts: [attempt(1, 10, 12, null)] }, 40), [
    '1 | waiting 0-10 | starting 10-12 | running 12-40…',
  ]);
});

test('retries stand in rows of their own, with the backoff before and the wait after it', () => {
  const attempts = [attempt(1, 5, 5, 20), attempt(2, 120, 121, 150)];
  const run = { state: 'failed' as const, createdAt: 0, dueAt: 110, finishedAt: 150, attempts };
  assert.deepEqual(shape(run, 999), [
    '1 | before 0-5 | running 5-20',
    '2 | backoff 20-110 | waiting 110-120 | starting 120-121 | running 121-150',
  ]);
});

test('between attempts the next row is open', () => {
  const run = {
    state: 'scheduled' as const,
    createdAt: 0,
    dueAt: 90,
    finishedAt: null,
    attempts: [attempt(1, 0, 0, 20)],
  };
  assert.deepEqual(shape(run, 60), ['1 | running 0-20', '2 | backoff 20-60…']);
});

test('a run that ended without an attempt shows how long it waited', () => {
  const run = { state: 'canceled' as const, createdAt: 0, dueAt: 0, finishedAt: 30, attempts: [] };
  assert.deepEqual(shape(run, 999), ['1 | waiting 0-30']);
});

test('clocks that disagree make no negative segments', () => {
  const run = {
    state: 'succeeded' as const,
    createdAt: 100,
    dueAt: 100,
    finishedAt: 130,
    attempts: [attempt(1, 95, 90, 130)],
  };
  assert.deepEqual(shape(run, 10), ['1 | running 100-130']);
  assert.equal(timelineOf({ ...run, attempts: [], finishedAt: 100 }, 10).to, 101);
});

test('ticks are round and few', () => {
  assert.equal(tickStep(950, 6), 200);
  assert.equal(tickStep(65_000, 6), 15_000);
  assert.equal(tickStep(30 * 86_400_000, 6), 5 * 86_400_000);
});

function run(id: string, state: RunState = 'succeeded'): RunSummary {
  return {
    id,
    namespace: 'default',
    job: 'j',
    jobVersion: 1,
    queue: 'default',
    kind: 'shell',
    state,
    trigger: 'api',
    schedule: null,
    fireAt: null,
    priority: 0,
    attempt: 1,
    attemptsMax: 1,
    worker: null,
    createdAt: 0,
    dueAt: 0,
    startedAt: null,
    finishedAt: null,
    cancelRequestedAt: null,
    error: null,
  };
}

function page(ids: string, nextCursor: string | null = null, state: RunState = 'succeeded'): Page<RunSummary> {
  return { items: Array.from(ids, (id) => run(id, state)), nextCursor };
}

const ids = (list: { rows: readonly RunSummary[] }) => list.rows.map((row) => row.id).join('');

test('new runs are counted, not inserted, until the reader asks', () => {
  const list = withHead(listOf(page('cba', 'more')), page('edcba', 'more'));
  assert.equal(ids(list), 'cba');
  assert.equal(list.newRuns, 2);
  assert.equal(list.moreNew, false);
  const shown = withNewShown(list);
  assert.equal(ids(shown), 'edcba');
  assert.equal(shown.newRuns, 0);
});

test('rows on the page take their new state where they stand', () => {
  const list = withHead(listOf(page('cba', null, 'running')), page('dcb', 'x', 'failed'));
  assert.deepEqual(
    list.rows.map((row) => row.state),
    ['failed', 'failed', 'running'],
  );
  assert.deepEqual(unseenUnfinished(list, 10), ['a']);
  assert.deepEqual(
    withRuns(list, [run('a', 'lost')]).rows.map((row) => row.state),
    ['failed', 'failed', 'lost'],
  );
});

test('when more came than a page holds, showing them starts the list anew instead of hiding a gap', () => {
  const list = withHead(listOf(page('cba', 'old')), page('zyx', 'gap'));
  assert.equal(list.moreNew, true);
  const shown = withNewShown(list);
  assert.equal(ids(shown), 'zyx');
  assert.equal(shown.nextCursor, 'gap');
});

test('loading more goes on below and never doubles a row', () => {
  const list = withMore(listOf(page('edc', 'next')), page('cba'));
  assert.equal(ids(list), 'edcba');
  assert.equal(list.nextCursor, null);
});

test('an empty list takes the first runs at once, because nothing can jump', () => {
  assert.equal(ids(withHead(listOf(page('')), page('ba'))), 'ba');
});
