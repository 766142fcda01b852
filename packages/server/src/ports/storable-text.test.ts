// Text that PostgreSQL cannot hold is mended, everything else is left alone, and JSON stays the JSON it was.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { storableJson, storableText } from './storable-text.ts';

const anyText = fc.string({
  unit: fc.constantFrom('\0', '\uD83D', '\uDE00', '\\', 'u', '0', 'd', '8', '"', 'é', 'A', '\n'),
});

test('U+0000 and lone surrogates become U+FFFD, whole pairs stay', () => {
  assert.equal(storableText('a\0b\uD83Dc\uDE00d😀'), 'a\uFFFDb\uFFFDc\uFFFDd😀');
});

test('a batch says the same as its rows would one by one', () => {
  fc.assert(
    fc.property(fc.array(anyText), (texts) => {
      assert.deepEqual(JSON.parse(storableJson(JSON.stringify(texts))), texts.map(storableText));
    }),
  );
});

test('JSON written by others, with whole pairs as escape sequences, keeps them', () => {
  const json = String.raw`["\ud83d\ude00 \uD83D \\ud83d\u0000 \\\u0000 \u00e9"]`;
  assert.deepEqual(JSON.parse(storableJson(json)), ['😀 \uFFFD \\ud83d\uFFFD \\\uFFFD é']);
});
