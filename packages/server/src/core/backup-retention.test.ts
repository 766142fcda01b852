import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupsToPrune } from './backup-retention.ts';

const backups = (...marks: string[]) =>
  marks.map((mark, index) => ({ id: `${index}`, startedAt: index * 1000, verified: mark === 'v' }));

test('the newest verified backups stay, and everything that is newer than the oldest of them', () => {
  assert.deepEqual(backupsToPrune(backups('v', 'x', 'v', 'v', 'x', 'v', 'x'), 2).toSorted(), ['0', '1', '2']);
  assert.deepEqual(backupsToPrune(backups('v', 'v', 'v'), 5), []);
});

test('a verified backup always stays, and without one all stay', () => {
  assert.deepEqual(backupsToPrune(backups('v', 'x', 'x'), 0), []);
  assert.deepEqual(backupsToPrune(backups('x', 'x'), 1), []);
});
