// The Chinese reasons for waiting know every sentence that the server can say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { waitingInChinese, waitingPatterns, withInstants } from './waiting-zh.ts';

const server = readFileSync(new URL('../../../server/src/store/run-waiting.ts', import.meta.url), 'utf8');

/** The sentences of the server's source with something put into each of their holes. */
const sentences = Array.from(
  server.matchAll(/[`']((?:It|All|Attempt|Canceling|Worker|The lane|No |\$\{counted\(able)[^\n]*?\.)[`']/g),
  ([, text]) =>
    (text ?? '')
      .replace(/\$\{able\.length === 1 \?[^}]*\}/, 'all are')
      .replace(/\$\{counted\(earlier[^}]*\}/, '3 runs')
      .replace(/\$\{counted\([^}]*\}/, '3 workers')
      .replace(/\$\{timeText\([^}]*\}/, '2026-11-21T03:00:00.000Z')
      .replace(/\$\{labels[^}]*\}/, 'site=moon')
      .replace(/\$\{(?:run\.attempt|running|slots)\}/g, '7')
      .replace(/\$\{[^}]*\}/g, 'x'),
);

test('each sentence of the server is known, and each pattern is still said by the server', () => {
  assert.equal(sentences.length, waitingPatterns.length);
  for (const sentence of sentences) assert.match(waitingInChinese(sentence) ?? '', /\p{Script=Han}/u, sentence);
  for (const [pattern] of waitingPatterns)
    assert.ok(
      sentences.some((sentence) => pattern.test(sentence)),
      String(pattern),
    );
});

test('a sentence that is not known stays as it is', () => {
  assert.equal(waitingInChinese('It sulks.'), null);
});

test('instants are shown in the way of the reader', () => {
  assert.equal(
    withInstants('It is scheduled for 2026-11-21T03:00:00.000Z.', (at) => `<${at}>`),
    'It is scheduled for <1795230000000>.',
  );
});
