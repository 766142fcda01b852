// The generated parts of the reference are those that the code gives now.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPage, referencePages, refreshed } from './reference.ts';

for (const page of referencePages) {
  test(`${page} says what the code says`, () => {
    const text = readPage(page);
    assert.equal(refreshed(page, text), text, 'refresh it: node --conditions=source tools/reference.ts');
  });
}

test('a page that has lost its marks is not taken for an empty one', () => {
  assert.throws(() => refreshed('docs/reference/cli.md', '# nothing generated here'), /lost the marks/);
});
