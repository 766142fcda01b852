// Without the right to install, a missing program is named together with the way to get it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { findOrInstall } from './apt.ts';

test('what is present is not installed', () => {
  assert.equal(
    findOrInstall('a program', ['no-such-package'], () => '/there'),
    '/there',
  );
});

test('without rights the error says exactly what to do', () => {
  const module = JSON.stringify(join(import.meta.dirname, 'apt.ts'));
  const script = `
    process.getuid = () => 1000;
    const { findOrInstall } = await import(${module});
    findOrInstall('PostgreSQL 15 or newer', ['postgresql'], () => undefined);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /The tests need PostgreSQL 15 or newer, which was not found\./);
  assert.match(stderr, /apt-get update && apt-get install -y --no-install-recommends postgresql\b/);
});
