import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { degradedInChinese, degradedPatterns } from './degraded-zh.ts';

const server = ['cluster-health', 'durability']
  .map((file) => readFileSync(new URL(`../../../server/src/core/${file}.ts`, import.meta.url), 'utf8'))
  .join('\n');

test('each pattern of what is degraded is still said by the server, and becomes Chinese', () => {
  for (const [source] of degradedPatterns) {
    assert.ok(server.includes(source), source);
    const said = degradedInChinese(source.replace(/\$\{Math[^}]*\}/, '12').replaceAll(/\$\{[^}]*\}/g, 'x'));
    assert.match(said, /\p{Script=Han}/u);
    assert.doesNotMatch(said, / is | has | run /);
  }
});

test('what the server did not say by itself stays as it came', () => {
  assert.equal(degradedInChinese('connect ECONNREFUSED'), 'connect ECONNREFUSED');
});
