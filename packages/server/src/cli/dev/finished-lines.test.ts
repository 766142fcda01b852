import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FinishedRun } from '../../store/finished-feed.ts';
import { FinishedLines } from './finished-lines.ts';

const run = (more: Partial<FinishedRun> = {}): FinishedRun => ({
  position: 1,
  job: 'backup',
  state: 'succeeded',
  attempt: 1,
  started_at: 1_000_000,
  finished_at: 1_001_240,
  error: null,
  ...more,
});

test('says in one line which job ended how, how long it took and why it failed', () => {
  const lines = new FinishedLines(false);
  const failed = run({ state: 'failed', attempt: 3, error: '{"kind":"exit","message":"exit code 1\\nbad"}' });
  const [done, sad] = lines.take([run(), failed], 5000);
  assert.match(done ?? '', /^\d\d:\d\d:\d\d {2}✓ backup {19}done in 1\.24s$/);
  assert.match(sad ?? '', /✗ backup {19}failed in 1\.24s, attempt 3: exit code 1⏎bad$/);
});

test('counts what nobody could read, and says the count when the second is over', () => {
  const lines = new FinishedLines(false);
  const many = [...Array.from({ length: 500 }, () => run()), run({ state: 'failed' })];
  assert.equal(lines.take(many, 5000).length, 8);
  assert.deepEqual(lines.take([run()], 5900), []);
  assert.deepEqual(lines.flush(6000), ['          … and 493 succeeded, 1 failed']);
  assert.deepEqual(lines.flush(7000), []);
});
