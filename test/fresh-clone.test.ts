// What a newcomer types first: one command in a clone that has never been installed, with an empty environment.

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { readRepository, repositoryRoot } from '../tools/house/repository.ts';
import { networkEnvironment, npm } from '../tools/npm.ts';

const clone = mkdtempSync(join(tmpdir(), 'tidewheel-clone-'));
after(() => rmSync(clone, { recursive: true, force: true }));

before(() => {
  for (const file of readRepository().texts.keys()) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(repositoryRoot, file), join(clone, file));
  }
  // Stands for the programs that bootstrap starts: it tells what it was given, and ends as it is asked to.
  writeFileSync(
    join(clone, 'packages/server/src/sim/main.ts'),
    `const words: string[] = process.argv.slice(2);
     console.log(JSON.stringify({ version: process.versions.node, options: process.execArgv, words }));
     if (words.includes('--wait')) {
       process.once('SIGTERM', () => process.exit(7));
       setInterval(() => undefined, 1000);
       console.log('waiting');
     } else process.exitCode = Number(words[0] ?? 0);`,
  );
});

type Child = ChildProcessByStdio<null, Readable, Readable>;

function begin(command: string, args: readonly string[]): { child: Child; ended: Promise<Ended> } {
  // Nothing of ours but a path to Node and npm, as in a new shell of a new user.
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const PATH = [...folders, dirname(process.execPath)].join(delimiter);
  const env = { PATH, ...networkEnvironment() };
  const child = spawn(command, args, { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended };
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function bootstrap(...words: string[]): Promise<Ended> {
  return begin(process.execPath, ['tools/bootstrap.mjs', ...words]).ended;
}

test('two first starts at once install once, visibly, and both run their program', async () => {
  const script = begin(npm.command, [...npm.args, 'run', 'sim', '--', '0', '--seed', '5']);
  const [one, two] = await Promise.all([script.ended, bootstrap('sim', '0')]);
  const output = one.output + two.output;
  assert.deepEqual([one.code, two.code], [0, 0], output);
  assert.equal(output.match(/^Installing packages …$/gm)?.length, 1, output);
  assert.match(output, /Installing packages: done in \d+ s/);
  assert.match(output, /Waiting for process \d+, which is installing here\./);
  assert.equal(existsSync(join(clone, '.bootstrap.lock')), false);
  assert.match(one.output, /"options":\["--conditions=source"\],"words":\["0","--seed","5"\]/);
});

test('the program runs under the pinned Node, and a later start installs nothing', async () => {
  const { code, output } = await bootstrap('sim', '0');
  assert.equal(code, 0, output);
  const pinned = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const { version } = JSON.parse(output) as { version: string };
  assert.ok(Object.values(pinned.optionalDependencies).includes(version), version);
});

test('what an interrupted installation left behind is found and mended', async () => {
  writeFileSync(join(clone, '.bootstrap.lock'), '4194304');
  rmSync(join(clone, 'node_modules/.tidewheel-installed'));
  rmSync(join(clone, 'node_modules/zod'), { recursive: true });
  rmSync(join(clone, 'node_modules/.package-lock.json'));
  const { code, output } = await bootstrap('sim', '0');
  assert.equal(code, 0, output);
  assert.match(output, /Installing packages: done/);
  assert.ok(existsSync(join(clone, 'node_modules/zod/package.json')));
});

test('packages that someone installed by hand are taken as they are', async () => {
  rmSync(join(clone, 'node_modules/.tidewheel-installed'));
  const { code, output } = await bootstrap('sim', '0');
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /Installing/);
});

test('the exit code of the program and a signal to it are passed on', async () => {
  assert.equal((await bootstrap('sim', '3')).code, 3);
  const { child, ended } = begin(process.execPath, ['tools/bootstrap.mjs', 'sim', '--wait']);
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('waiting')) child.kill('SIGTERM');
  });
  const { code, output } = await ended;
  assert.equal(code, 7, output);
});

test('a signal that only npm gets stops the program all the same', { timeout: 60_000 }, async () => {
  const { child, ended } = begin(npm.command, [...npm.args, 'run', 'sim', '--', '--wait']);
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('waiting')) child.kill('SIGTERM');
  });
  // Its output ends when the last process that writes to it has ended.
  await ended;
});

test('an unknown word and a failed installation say what to do', async () => {
  const unknown = await bootstrap('stat');
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /usage: bootstrap\.mjs start\|test\|/);
  const lock = readFileSync(join(clone, 'package-lock.json'), 'utf8');
  writeFileSync(join(clone, '.npmrc'), 'registry=http://127.0.0.1:9/\nfetch-retries=0\ncache=.npm-cache\n');
  rmSync(join(clone, 'node_modules'), { recursive: true });
  const { code, output } = await bootstrap('sim', '0');
  writeFileSync(join(clone, 'package-lock.json'), lock);
  assert.equal(code, 1, output);
  assert.match(output, /The packages could not be installed\. Check the network/);
  assert.equal(existsSync(join(clone, '.bootstrap.lock')), false);
});
