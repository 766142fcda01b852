// The house rules as tests: each holds for this repository, and each would notice if it did not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from './house/house.ts';
import { exceptions, layers } from './house/layers.ts';
import { readRepository, repositoryOf } from './house/repository.ts';
import { scan } from './house/source.ts';

const repository = readRepository();

for (const [name, rule] of Object.entries(rules)) {
  test(`in this repository ${name}`, () => {
    const findings = rule(repository).map(({ file, line, text }) => `${file}:${line}: ${text}`);
    assert.equal(findings.length, 0, `\n${findings.join('\n')}`);
  });
}

/** What the rule says about a repository of these files, without the places. */
function says(rule: string, files: Readonly<Record<string, string>>): string[] {
  const check = rules[rule];
  assert.ok(check, `no rule "${rule}"`);
  return check(repositoryOf(new Map(Object.entries(files)))).map(({ text }) => text);
}

const server = 'packages/server/src';

test('an import against the table is found', () => {
  const files = {
    [`${server}/core/run.ts`]: `import { x } from '../ports/clock.ts';\nimport fs from 'node:fs';`,
    [`${server}/ports/clock.ts`]: `import type { Run } from '../core/run.ts';`,
    [`${server}/master/fire.ts`]: `const driver = await import('../drivers/sqlite/database.ts');`,
    [`${server}/drivers/sqlite/database.ts`]: `export { pool } from '../postgres/pool.ts';\nimport 'node:sqlite';`,
    [`${server}/drivers/postgres/pool.ts`]: `import pg from 'pg';\nimport { suite } from '../../ports/conformance/database.ts';`,
    [`${server}/ports/conformance/database.ts`]: `import { test } from 'node:test';`,
    [`${server}/extras/new.ts`]: '',
    'packages/console/src/main.tsx': `import { Master } from 'tidewheel';\nimport './style.css';`,
    'examples/tasks.ts': `import { Refusal } from '@tidewheel/protocol';\nimport { task } from '@tidewheel/sdk';`,
    'packages/protocol/src/index.ts': '',
    'packages/sdk/src/index.ts': `import ws from 'ws';`,
  };
  const found = says('imports follow the table', files);
  assert.deepEqual(
    found.map((text) => text.replace(/;.*/, '')),
    [
      'core imports ports (../ports/clock.ts)',
      'core imports node:fs',
      'master imports drivers/sqlite (../drivers/sqlite/database.ts)',
      'drivers/sqlite imports drivers/postgres (../postgres/pool.ts)',
      `production code imports test code: ${server}/ports/conformance/database.ts`,
      'belongs to no layer',
      'console imports tidewheel',
      'examples imports protocol (@tidewheel/protocol)',
      'sdk imports ws',
    ],
  );
});

test('what looks like an import in prose or in a string is none', () => {
  const text = `// import { x } from 'node:fs';\n/* import 'node:net' */\nconst hint = "import { y } from 'node:os'";`;
  assert.deepEqual(says('imports follow the table', { [`${server}/core/run.ts`]: text }), []);
});

test('every layer of the table allows only layers that exist', () => {
  const names = layers.map(({ name }) => name);
  for (const layer of layers) {
    for (const allowed of layer.layers) {
      assert.ok(names.includes(allowed) || allowed === 'drivers/*', `${layer.name} allows ${allowed}`);
    }
  }
});

test('an exception to the table is needed by the file it names', () => {
  for (const { file, imports } of exceptions) {
    const text = repository.texts.get(file);
    assert.ok(text !== undefined, `${file} does not exist`);
    for (const name of imports) assert.ok(text.includes(name), `${file} no longer imports ${name}`);
  }
});

test('a cycle through three files is found once, also one of types', () => {
  const files = {
    'a/one.ts': `import { two } from './two.ts';`,
    'a/two.ts': `import type { Three } from './three.ts';`,
    'a/three.ts': `export * from './one.ts';`,
    'a/four.ts': `import './one.ts';`,
  };
  const found = says('no file imports itself through others', files);
  assert.deepEqual(found, ['imports itself: a/one.ts → a/two.ts → a/three.ts → a/one.ts']);
});

test('a file of 401 lines is found, one of 400 is not', () => {
  const lines = (count: number): string => 'x;\n'.repeat(count);
  assert.deepEqual(says('files are short', { 'a.ts': lines(400) }), []);
  assert.deepEqual(says('files are short', { 'a.ts': lines(401) }), ['401 lines; the limit is 400']);
});

test('a file without an opening sentence is found', () => {
  const rule = 'files open with a sentence on their purpose';
  assert.deepEqual(says(rule, { 'a.ts': '// What this is for, in a sentence.\n' }), []);
  assert.deepEqual(says(rule, { 'a.ts': '#!/usr/bin/env node\n// What this is for, in words.\n' }), []);
  assert.deepEqual(says(rule, { 'a.ts': '/**\n * What this is for, in words.\n */\n' }), []);
  assert.deepEqual(says(rule, { 'a.ts': 'const a = 1;\n' }), ['does not open with a comment that says what it is for']);
  assert.deepEqual(says(rule, { 'a.ts': '// Helpers.\n' }), ['its opening comment is not a sentence']);
  assert.deepEqual(says(rule, { 'a.ts': '// What this is for, in words.\n', 'a.test.ts': 'test();\n' }), []);
});

test('names that say nothing are found', () => {
  const names = [
    'a/utils.ts',
    'a/string-helpers.ts',
    'a/common/x.ts',
    'a/types.ts',
    'a/run-types.ts',
    'a/typescript.ts',
  ];
  const found = says('names say what is inside', Object.fromEntries(names.map((name) => [name, ''])));
  assert.equal(found.length, 5);
});

test('notes without a place are found in comments, not in text that a user reads', () => {
  const text = `// TODO later\n// TODO see docs/decisions/0007-lanes.md\n// FIXME\nconst label = 'TODO';\n`;
  const found = says('notes can be found again', { 'a.ts': text });
  assert.deepEqual(found, ['TODO: name the note in docs/decisions/ that it belongs to', 'FIXME: mend it now']);
});

test('a clock that the linter does not see is found', () => {
  const rule = 'the world comes through ports';
  const found = (line: string, file = `${server}/master/fire.ts`): number => says(rule, { [file]: line }).length;
  for (const line of [
    'new Date()',
    'new Date ( )',
    'const now = new Date;',
    'Date()',
    'const D = Date;',
    'const { now } = Date;',
    'const { env } = process;',
    `process['env']`,
    'globalThis.process.env',
    'Temporal.Now.instant()',
  ]) {
    assert.equal(found(line) > 0, true, line);
    assert.equal(found(line, `${server}/drivers/system/clock.ts`), 0, line);
    assert.equal(found(`// ${line}`), 0, `comment: ${line}`);
  }
  for (const line of [
    'new Date(ms)',
    'new Date(Date.UTC(2026, 0))',
    'new Date(\n  ms,\n)',
    'let at: Date;',
    'type At = Date | null;',
    'x instanceof Date',
    'parseDate()',
    'row.date()',
  ]) {
    assert.equal(found(line), 0, line);
  }
});

test('an async function in core is found', () => {
  const rule = 'core is synchronous';
  assert.deepEqual(says(rule, { [`${server}/core/run.ts`]: 'export async function f() {}' }), [
    'core is synchronous; it has no async',
  ]);
  assert.deepEqual(says(rule, { [`${server}/master/run.ts`]: 'export async function f() {}' }), []);
});

test('a test name that stands twice, is no sentence or stands alone is found', () => {
  const text = `
test('runs once', f);
test('runs once', f);
describe('one', () => {
  it('goes well', f);
});
describe('two', () => {
  it('goes well', f);
});
test('works', f);
test.only('is alone', f);
for (const x of y) test(\`takes \${x} in\`, f);
const text = "test('runs once', f)";
`;
  assert.deepEqual(says('test names are unique sentences', { 'a.test.ts': text }), [
    'the test "runs once" stands in line 2 already',
    'the test name "works" is not a sentence',
    '`.only` hides every other test',
  ]);
});

test('a path of one machine, a registry, a private address and a secret are found in any text', () => {
  const rule = 'no traces of a machine';
  for (const text of [
    'cd /work/main && npm test',
    'see /home/ada/notes.md',
    'see /Users/ada/notes.md',
    '"resolved": "https://registry.example.org/zod.tgz"',
    'https://registry.npmmirror.com/zod',
    'https://packages.jfrog.example/npm',
    'http://192.168.1.7:7070',
    '//host/:_authToken=abc',
  ]) {
    assert.equal(says(rule, { 'docs/a.md': text }).length > 0, true, text);
  }
  for (const text of [
    '/home/me/bin/backup',
    '/var/lib/tidewheel/data',
    'see /workers',
    'https://127.0.0.1:7070',
    'node_modules/work/main',
  ]) {
    assert.deepEqual(says(rule, { 'docs/a.md': text }), [], text);
  }
});

test('an error code, a metric, a key and a variable that the reference does not name are found', () => {
  const rule = 'the reference names everything a user meets';
  const files = {
    'packages/protocol/src/errors.ts':
      'export const errorCatalogue = {\n  NOT_FOUND: { status: 404 },\n  GONE: {\n  },\n};',
    'docs/reference/errors.md': '| `GONE` | … |',
    'packages/server/src/ports/metrics.ts': 'x = {\n  tidewheel_fires_total: { },\n};',
    'docs/reference/metrics.md': '',
    'packages/server/src/config-keys.ts': `x = {\n    key: 'store.url',\n    flag: '--store',\n    env: 'TIDEWHEEL_STORE',\n};`,
    'docs/reference/config.md': '`store.url` or `TIDEWHEEL_STORE`',
    'packages/sdk/src/client/address.ts': `// TIDEWHEEL_OLD\nconst name = 'TIDEWHEEL_URL';`,
  };
  assert.deepEqual(says(rule, files), [
    'the error code NOT_FOUND is missing in docs/reference/errors.md',
    'the metric tidewheel_fires_total is missing in docs/reference/metrics.md',
    'the configuration key --store is missing in docs/reference/config.md',
  ]);
  assert.deepEqual(says('the reference names every environment variable', files), [
    'the environment variable TIDEWHEEL_URL is missing in docs/reference/',
  ]);
});

test('the scanner tells code from strings, templates, comments and regular expressions', () => {
  const code = (text: string): string => scan('a.ts', text).code;
  assert.equal(code(`a('b') // c`), `a(' ')     `);
  assert.equal(code('a(`x ${b(`y`) + "z"} w`) + c'), 'a(`  ${b(` `) + " "}  `) + c');
  assert.equal(code('`${ { a: 1 } } x` + b'), '`${ { a: 1 } }  ` + b');
  assert.equal(code(`x = /['"]/.test(a) ? 'q' : b / c / d`), `x = /    /.test(a) ? ' ' : b / c / d`);
  assert.equal(code(`s.replace(/[/]'/g, "'")`), `s.replace(/    /g, " ")`);
  assert.equal(code(`a\n/* 'b\n' */ c`), `a\n     \n     c`);
  assert.equal(code(`'it\\'s' + b`), `'     ' + b`);
  assert.equal(scan('a.ts', `import x from 'y'; // z`).withoutComments, `import x from 'y';     `);
});
