import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverLimits } from '../core/limits.ts';
import { ManualClock } from '../ports/testing/manual-clock.ts';
import { KeptAnswers } from './kept-answers.ts';

function setup() {
  const clock = new ManualClock();
  return { clock, kept: new KeptAnswers(clock) };
}

test('what was kept comes back with when it was kept, until it is too old', async () => {
  const { clock, kept } = setup();
  kept.put('a', '{}');
  await clock.advance(serverLimits.keptAnswerMs);
  assert.deepEqual(kept.get('a'), { text: '{}', atMs: 0 });
  await clock.advance(1);
  assert.equal(kept.get('a'), null);
});

test('the oldest answers give way to newer ones, by number and by size', () => {
  const { kept } = setup();
  for (let n = 0; n <= serverLimits.keptAnswers; n += 1) kept.put(String(n), '{}');
  assert.equal(kept.get('0'), null);
  assert.notEqual(kept.get('1'), null);
  const large = 'x'.repeat(serverLimits.keptAnswerChars);
  const fit = Math.floor(serverLimits.keptChars / large.length);
  for (let n = 0; n <= fit; n += 1) kept.put(`large ${n}`, large);
  assert.equal(kept.get('large 0'), null);
  assert.notEqual(kept.get('large 1'), null);
});

test('an answer that is too large takes the place of none, and the one before it is not told any more', () => {
  const { kept } = setup();
  kept.put('a', '{}');
  kept.put('a', 'x'.repeat(serverLimits.keptAnswerChars + 1));
  assert.equal(kept.get('a'), null);
});
