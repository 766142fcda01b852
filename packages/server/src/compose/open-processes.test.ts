import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshTokens } from './open-processes.ts';

test('workers of a namespace share a token, those that start half a day later get another one', async () => {
  let now = 0;
  let made = 0;
  const token = freshTokens(
    (namespace) => {
      made += 1;
      return made === 3
        ? Promise.reject(new Error('the store is away'))
        : Promise.resolve({ secret: `${namespace} ${made}` });
    },
    { monotonicMs: () => now },
  );
  assert.deepEqual(await Promise.all([token('a'), token('a')]), ['a 1', 'a 1']);
  now += 13 * 3_600_000;
  assert.equal(await token('a'), 'a 2');
  assert.equal(await token('a'), 'a 2');
  await assert.rejects(token('b'));
  assert.equal(await token('b'), 'b 4', 'a failure is not kept');
});
