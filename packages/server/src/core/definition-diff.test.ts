import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';
import { differences } from './definition-diff.ts';
import { serverLimits } from './limits.ts';

test('each difference has its pointer and both values', () => {
  const before = { queue: 'a', retry: { attempts: 1 }, shell: { argv: ['x', 'y'] }, gone: true };
  const after = { queue: 'a', retry: { attempts: 3 }, shell: { argv: ['x', 'z', 'w'] }, 'a/b~c': null };
  assert.deepEqual(differences(before, after), [
    { pointer: '/retry/attempts', before: 1, after: 3 },
    { pointer: '/shell/argv/1', before: 'y', after: 'z' },
    { pointer: '/shell/argv/2', before: undefined, after: 'w' },
    { pointer: '/gone', before: true, after: undefined },
    { pointer: '/a~1b~0c', before: undefined, after: null },
  ]);
});

test('a change of kind is one difference', () => {
  assert.deepEqual(differences({ body: [1] }, { body: { 0: 1 } }), [
    { pointer: '/body', before: [1], after: { 0: 1 } },
  ]);
});

test('the order of keys does not count', () => {
  assert.deepEqual(differences({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }), []);
});

test('the list of differences is bounded', () => {
  const many = Array.from({ length: serverLimits.differences * 2 }, (_, index) => index);
  assert.equal(
    differences(
      many,
      many.map((value) => value + 1),
    ).length,
    serverLimits.differences,
  );
});

test('two JSON values have no differences exactly when their canonical texts are equal', () => {
  const values = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  fc.assert(
    fc.property(values, values, (a, b) => {
      assert.deepEqual(differences(a, a), []);
      assert.equal(differences(a, b).length === 0, canonicalJson(a) === canonicalJson(b));
    }),
  );
});
