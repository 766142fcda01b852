import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finalStates, limits } from '@tidewheel/protocol';
import { dayMs } from './archive-days.ts';
import { keepSql, nextStepRows, outcomeSql, runWalks, stepRowsLeast, stepRowsMost } from './retention.ts';

const keep = { succeeded: 30 * dayMs, failed: 90 * dayMs, canceled: 40 * dayMs };
const now = 1000 * dayMs + 7;

test('one walk looks at all runs that the shortest default could have let run out', () => {
  assert.deepEqual(runWalks(keep, [], now, false), {
    walks: [{ namespace: null, jobId: null, madeBefore: now - 30 * dayMs }],
    horizon: now - 30 * dayMs,
  });
});

test('where days are dropped as a whole, the walk ends with the last whole day', () => {
  assert.equal(runWalks(keep, [], now, true).walks[0]?.madeBefore, 970 * dayMs);
});

test('what keeps less than the walk around it has one of its own; what keeps more has none', () => {
  const rules = [
    { namespace: 'a', jobId: null, keepMs: 10 * dayMs },
    { namespace: 'a', jobId: 'a1', keepMs: 10 * dayMs },
    { namespace: 'a', jobId: 'a2', keepMs: dayMs },
    { namespace: 'b', jobId: 'b1', keepMs: 20 * dayMs },
    { namespace: 'c', jobId: null, keepMs: 31 * dayMs },
  ];
  assert.deepEqual(
    runWalks(keep, rules, now, false)
      .walks.slice(1)
      .map(({ namespace, jobId }) => [namespace, jobId]),
    [
      ['a', null],
      ['a', 'a2'],
      ['b', 'b1'],
    ],
  );
});

test('when all is kept for ever, there is only what namespaces and jobs say', () => {
  const forever = limits.keepForeverMs;
  const all = { succeeded: forever, failed: forever, canceled: forever };
  const rule = { namespace: 'a', jobId: null, keepMs: dayMs };
  assert.deepEqual(runWalks(all, [], now, false).walks, []);
  assert.equal(runWalks(all, [rule], now, false).walks.length, 1);
});

test('every final state is an outcome in SQL', () => {
  for (const state of finalStates)
    assert.match(outcomeSql('s'), new RegExp(`when '${state}' then '(succeeded|failed|canceled)'`));
  assert.equal(
    keepSql('o', { succeeded: 1, failed: 2, canceled: 3 }),
    `case o when 'succeeded' then 1 when 'failed' then 2 when 'canceled' then 3 end`,
  );
});

test('a step that took too long is followed by a smaller one, within bounds', () => {
  assert.equal(nextStepRows(200, 25, 10), 100);
  assert.equal(nextStepRows(200, 2, 10), 400);
  assert.equal(nextStepRows(200, 7, 10), 200);
  assert.equal(nextStepRows(stepRowsLeast, 1000, 10), stepRowsLeast);
  assert.equal(nextStepRows(stepRowsMost, 0, 10), stepRowsMost);
});
