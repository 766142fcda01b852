// Sizes are said as the command line says them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesText as commandLine } from '@tidewheel/protocol';
import { bytesText } from './bytes-text.ts';

test('a size is said in the words of the command line', () => {
  for (const bytes of [0, 1, 1023, 1024, 1535, 10_239, 10_240, 1_048_575, 1_048_576, 5e9, 1.5 * 2 ** 40, 3e15])
    assert.equal(bytesText(bytes), commandLine(bytes), String(bytes));
});
