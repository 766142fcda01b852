// Without the right to install, a missing program is named together with the way to get it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findOrInstall } from './apt.ts';

test('what is present is not installed', () => {
  assert.equal(
    findOrInstall('a program', ['no-such-package'], () => '/there'),
    '/there',
  );
});

const module = JSON.stringify(join(import.meta.dirname, 'apt.ts'));

/** Asks for a program as root would, with an apt-get that only takes notes and ends with this status. */
function asRoot(status: number): { notes: string; status: number | null; stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tidewheel-apt-'));
  try {
    const fake = `#!/bin/sh\necho "$@" >>${folder}/notes\necho "E: as it was told" >&2\nexit ${status}\n`;
    writeFileSync(join(folder, 'apt-get'), fake, { mode: 0o755 });
    const script = `
      process.getuid = () => 0;
      const { existsSync, readFileSync } = await import('node:fs');
      const { findOrInstall } = await import(${module});
      const notes = ${JSON.stringify(join(folder, 'notes'))};
      const find = () => (existsSync(notes) && readFileSync(notes, 'utf8').includes('install') ? '/there' : undefined);
      console.log(findOrInstall('a program', ['some-package'], find));`;
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env, encoding: 'utf8' });
    return { ...child, notes: readFileSync(join(folder, 'notes'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const skip = existsSync('/usr/bin/apt-get') ? false : 'not a Debian';

test('root on Debian gets it installed, after an update of the lists', { skip }, () => {
  const { notes, status, stdout, stderr } = asRoot(0);
  assert.equal(status, 0, stderr);
  assert.match(notes, /^update -q\ninstall .*\bsome-package\n$/);
  assert.equal(stdout, '/there\n');
  assert.match(stderr, /Installing a program with apt-get …/);
});

test('an installation that fails shows its last words and what to run by hand', { skip }, () => {
  const { notes, status, stderr } = asRoot(100);
  assert.equal(status, 1);
  assert.equal(notes, 'update -q\n');
  assert.match(stderr, /installing it failed:\nE: as it was told\nMend that, or run by hand: apt-get update &&/);
});

test('without rights the error says exactly what to do', () => {
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
