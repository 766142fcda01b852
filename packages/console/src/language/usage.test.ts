// No message is left behind when the page that said it changes: each key is used, as itself or through a template.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { catalogue } from './catalogue.ts';

const root = new URL('../', import.meta.url);
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && !path.includes('messages'))
  .map((path) => readFileSync(new URL(path, root), 'utf8'))
  .join('\n');
const templates = Array.from(
  sources.matchAll(/`([a-z]\w*\.[\w.]*)\$\{[^}]+\}([\w.]*)`/g),
  ([, before, after]) =>
    new RegExp(`^${(before ?? '').replaceAll('.', '\\.')}[\\w-]+${(after ?? '').replaceAll('.', '\\.')}$`),
);

test('every message is used by a page', () => {
  const unused = Object.keys(catalogue).filter(
    (key) => !sources.includes(`'${key}'`) && !templates.some((template) => template.test(key)),
  );
  assert.deepEqual(unused, []);
});
