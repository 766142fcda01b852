// No message is left behind when the page that said it changes: each key is used, as itself or through a template.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { firstMessages } from './catalogue.ts';
import { laterMessages } from './later-messages.ts';

const root = new URL('../', import.meta.url);
const read = (path: string | URL) => readFileSync(new URL(path, root), 'utf8');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && !path.includes('messages'))
  .map(read)
  .join('\n');
const saysIn = (text: string) => {
  const templates = Array.from(
    text.matchAll(/`([a-z]\w*\.[\w.]*)\$\{[^}]+\}([\w.]*)`/g),
    ([, before, after]) =>
      new RegExp(`^${(before ?? '').replaceAll('.', '\\.')}[\\w-]+${(after ?? '').replaceAll('.', '\\.')}$`),
  );
  return (key: string) => text.includes(`'${key}'`) || templates.some((template) => template.test(key));
};

test('every message is used by a page', () => {
  const says = saysIn(sources);
  const unused = Object.keys({ ...firstMessages, ...laterMessages }).filter((key) => !says(key));
  assert.deepEqual(unused, []);
});

/** What the first page loads: everything that main.tsx imports, and what that imports, without what comes by import(). */
function loadedAtFirst(): string[] {
  const found = new Set<string>();
  const visit = (url: URL) => {
    if (found.has(url.href) || !/\.tsx?$/.test(url.pathname)) return;
    found.add(url.href);
    for (const [, path = ''] of read(url).matchAll(/^(?:import|export) (?!type )[^;]*?'(\.[^']+)';/gm))
      visit(new URL(path, url));
  };
  visit(new URL('main.tsx', root));
  return [...found];
}

test('no message of the later pages is said by what the first page loads', () => {
  const first = loadedAtFirst().filter((href) => !href.includes('messages'));
  assert.ok(
    first.some((href) => href.endsWith('overview-page.tsx')) && !first.some((href) => href.endsWith('try-page.tsx')),
  );
  const says = saysIn(first.map((href) => read(new URL(href))).join('\n'));
  assert.deepEqual(Object.keys(laterMessages).filter(says), []);
});
