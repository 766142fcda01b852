import assert from 'node:assert/strict';
import test from 'node:test';
import { runIdAfter } from './run-ids.ts';

test('the runs of a request count on from the first, and every one is a UUID like it', () => {
  const first = '0193fd66-46f5-7abc-9def-0000000000fe';
  const ids = Array.from({ length: 1000 }, (_, place) => runIdAfter(first, place));
  assert.deepEqual(ids.slice(0, 3), [
    first,
    '0193fd66-46f5-7abc-9def-0000000000ff',
    '0193fd66-46f5-7abc-9def-000000000100',
  ]);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^0193fd66-46f5-7abc-9def-[0-9a-f]{12}$/);
});

test('a tail at its end goes on at zero', () => {
  assert.equal(runIdAfter('0193fd66-46f5-7abc-9def-ffffffffffff', 2), '0193fd66-46f5-7abc-9def-000000000001');
});
