import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkers } from './checkers/all.ts';
import { findMutation, mutated, readSource } from './command/mutate.ts';
import { mutations } from './mutations.ts';

test('every known bug can still be put into the sources, and names checkers that exist', () => {
  const ids = new Set(['defect', ...checkers.map((checker) => checker.id)]);
  for (const { name, edits, foundBy } of mutations) {
    for (const edit of edits) assert.notEqual(mutated(readSource(edit.file), edit), readSource(edit.file), name);
    for (const id of foundBy) assert.ok(ids.has(id), `${name} names the checker ${id}`);
  }
});

test('a known bug in a copy of the sources is found, by the checker that is there for it', {
  timeout: 120_000,
}, async () => {
  const mutation = mutations.find(({ name }) => name === 'guess-at-most-once');
  assert.ok(mutation);
  const found = await findMutation(mutation);
  assert.equal(found?.checker, 'S10');
});
