// Payloads as people type them: faults have a place, samples follow the schema, snippets survive a shell.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { limits } from '@tidewheel/protocol';
import fc from 'fast-check';
import { jsonFault } from './json-fault.ts';
import { parseJson, payloadBytes, prettyJson, sampleOf, tokensOf } from './json-text.ts';
import { cliSnippet, curlSnippet, shellQuoted } from './snippets.ts';

test('the payload limit is the one of the protocol', () => {
  assert.equal(payloadBytes, limits.payloadBytes);
});

test('JSON is read, emptiness is told apart from a value, and a fault has its place', () => {
  assert.deepEqual(parseJson(' {"a": 1} '), { kind: 'value', value: { a: 1 } });
  assert.deepEqual(parseJson(' \n'), { kind: 'empty' });
  assert.deepEqual(parseJson('{\n  "a": 1,\n  b: 2\n}'), { kind: 'fault', found: 'b', line: 3, column: 3 });
  assert.deepEqual(parseJson('{"day": tuesday}'), { kind: 'fault', found: 't', line: 1, column: 9 });
  assert.deepEqual(parseJson('{"a": [1, 2'), { kind: 'fault', found: null, line: 1, column: 12 });
  assert.deepEqual(parseJson('[1,]'), { kind: 'fault', found: ']', line: 1, column: 4 });
  assert.deepEqual(parseJson('"a\nb"'), { kind: 'fault', found: '\n', line: 1, column: 3 });
  assert.deepEqual(parseJson('{} {}'), { kind: 'fault', found: '{', line: 1, column: 4 });
  assert.deepEqual(parseJson('01'), { kind: 'fault', found: '1', line: 1, column: 2 });
});

test('what is JSON is decided exactly as the engine decides it', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '1',
    '-',
    '0',
    '.5',
    'e3',
    'true',
    'null',
    'x',
    ' ',
    '\n',
    '\\n',
    '\\u00e9',
    '\t',
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 10 }).map((list) => list.join('')),
    fc.json(),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      const fault = jsonFault(text);
      assert.equal(fault === null, valid);
      assert.ok(fault === null || (fault >= 0 && fault <= text.length));
    }),
    { numRuns: 3000 },
  );
});

test('deep nesting is walked without running out of stack', () => {
  assert.equal(jsonFault('['.repeat(200_000)), 200_000);
});

test('a payload over the limit is refused before it is sent', () => {
  assert.deepEqual(parseJson(JSON.stringify('x'.repeat(limits.payloadBytes))), { kind: 'too-large' });
  assert.equal(parseJson(JSON.stringify('x'.repeat(limits.payloadBytes - 2))).kind, 'value');
});

test('a sample follows types, defaults, examples and nesting of the schema', () => {
  const schema = {
    type: 'object',
    properties: {
      url: { type: 'string', examples: ['https://example.org'] },
      width: { type: 'integer', default: 800 },
      mode: { enum: ['fast', 'good'] },
      nested: { type: 'object', properties: { on: { type: ['boolean', 'null'] } } },
      list: { type: 'array', items: { type: 'string' } },
      odd: true,
    },
  };
  assert.deepEqual(sampleOf(schema), {
    url: 'https://example.org',
    width: 800,
    mode: 'fast',
    nested: { on: false },
    list: [],
    odd: null,
  });
});

test('coloured pieces put together are the text again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = prettyJson(value);
      assert.equal(
        tokensOf(text)
          .map((token) => token.text)
          .join(''),
        text,
      );
    }),
  );
  assert.deepEqual(
    tokensOf('{"a": -1.5e3, "b": null}').filter((token) => token.kind !== 'mark'),
    [
      { kind: 'key', text: '"a"' },
      { kind: 'number', text: '-1.5e3' },
      { kind: 'key', text: '"b"' },
      { kind: 'word', text: 'null' },
    ],
  );
});

test('a shell reads back exactly what was quoted', () => {
  for (const text of ['plain', 'two words', `it's "quoted" $HOME \`id\` \\n`, '{"a":"ü 中"}', '']) {
    const out = execFileSync('/bin/sh', ['-c', `printf %s ${shellQuoted(text)}`], { encoding: 'utf8' });
    assert.equal(out, text);
  }
});

test('snippets name the job, its namespace and its payload', () => {
  const target = {
    origin: 'http://localhost:7070',
    namespace: 'team-a',
    job: 'reports/daily',
    payload: '{"day":"o\'clock"}',
  };
  assert.equal(
    cliSnippet(target),
    `tidewheel job trigger reports/daily --namespace team-a \\\n  --payload '{"day":"o'\\''clock"}'`,
  );
  assert.match(curlSnippet(target), /namespaces\/team-a\/runs/);
  assert.match(curlSnippet({ ...target, payload: null }), /-d '\{"job":"reports\/daily"\}'$/);
});
