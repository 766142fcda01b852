import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, parseBytes } from './bytes.ts';

test('sizes are read in both families of units, and nothing else is', () => {
  assert.deepEqual(['512MiB', '1.5 GiB', '20GB', '7', '0B'].map(parseBytes), [
    512 * 2 ** 20,
    1.5 * 2 ** 30,
    20e9,
    7,
    0,
  ]);
  assert.deepEqual(['', '-1', '1 gb', 'GiB', '1e9', '9999999999TiB'].map(parseBytes), [
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('sizes are told with two digits at least', () => {
  assert.deepEqual([0, 1023, 1536, 12 * 2 ** 20, 3.26 * 2 ** 40].map(bytesText), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '12 MiB',
    '3.3 TiB',
  ]);
});
