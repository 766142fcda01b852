// One item a cause, however often it struck.

import assert from 'node:assert/strict';
import test from 'node:test';
import { grouped } from './attention.ts';

test('failures of one job are one item that counts them and leads with the newest', () => {
  const failed = (subject: string, id: string, at: number) => ({ kind: 'failed-run', subject, id, at }) as const;
  const lane = { kind: 'no-worker', subject: 'default shell', id: null, at: 1 } as const;
  const groups = grouped([lane, failed('backup', 'c', 30), failed('mail', 'b', 20), failed('backup', 'a', 10)]);
  assert.deepEqual(
    groups.map(({ item, count }) => [item.subject, item.id, count]),
    [
      ['default shell', null, 1],
      ['backup', 'c', 2],
      ['mail', 'b', 1],
    ],
  );
});
