import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackupState, BackupView } from '@tidewheel/protocol';
import { isUnderWay, newestThatCounts } from './standing.ts';

function backup(id: string, state: BackupState): BackupView {
  const sizes = { bytes: 1, storedBytes: 1, doneBytes: 1 };
  const times = { startedAt: 1, finishedAt: null, verifiedAt: null, at: null };
  return { id, kind: 'sqlite', state, target: 'dir:/b', ...times, ...sizes, error: null, createdBy: 'test' };
}

test('the newest that counts is verified and still there', () => {
  const list = [backup('e', 'verifying'), backup('d', 'failed'), backup('c', 'pruned'), backup('b', 'verified')];
  assert.equal(newestThatCounts([...list, backup('a', 'verified')])?.id, 'b');
  assert.equal(newestThatCounts(list.slice(0, 3)), null);
});

test('a backup is under way while it is stored and while it is verified', () => {
  const states = ['running', 'verifying', 'verified', 'failed', 'pruned'] as const;
  assert.deepEqual(
    states.filter((state) => isUnderWay({ state })),
    ['running', 'verifying'],
  );
});
