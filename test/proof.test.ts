// A page of proof may name only tests that exist: a renamed or deleted test would leave a promise that nothing holds.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './support/tidewheel.ts';

const proof = join(repositoryRoot, 'docs/proof');

/** Each test that a page names in “quotes”, with the file (a test, or a suite that tests run) that stands before it. */
function namedTests(page: string): { file: string; title: string }[] {
  const named: { file: string; title: string }[] = [];
  let file = '';
  for (const [, path, title] of page.matchAll(/`([^`\s]+\/[^`\s]+\.ts)`|“([^”]+)”/g)) {
    if (path !== undefined) file = path;
    else if (title !== undefined && file !== '') named.push({ file, title });
  }
  return named;
}

test('every test that a page of proof names exists', () => {
  const missing: string[] = [];
  let count = 0;
  for (const page of readdirSync(proof).filter((name) => name.endsWith('.md'))) {
    // What stands before the first table is prose.
    const [, ...tables] = readFileSync(join(proof, page), 'utf8').split(/^\|/m);
    for (const { file, title } of namedTests(tables.join('|'))) {
      count += 1;
      const path = join(repositoryRoot, file);
      const source = existsSync(path) ? readFileSync(path, 'utf8') : '';
      if (!source.includes(title)) missing.push(`${page}: ${file}: ${title}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(count > 30, `${count} tests were found in the pages`);
});
