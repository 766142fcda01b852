// One item a cause, however often it struck.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { grouped, listedOfAKind } from './attention.ts';

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

test('a list that is as long as the server makes it counts "at least"', () => {
  const failed = (id: number) => ({ kind: 'failed-run', subject: 'backup', id: String(id), at: id }) as const;
  const full = Array.from({ length: listedOfAKind }, (_, index) => failed(index));
  assert.equal(grouped(full)[0]?.atLeast, true);
  assert.equal(grouped(full.slice(1))[0]?.atLeast, false);
  const limits = readFileSync(new URL('../../../server/src/core/limits.ts', import.meta.url), 'utf8');
  assert.equal(Number(/overviewRows: (\d+)/.exec(limits)?.[1]), listedOfAKind);
});
