// What users get: the tarballs, installed together into an empty directory, run a server, a worker and a job under each
// supported Node.

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { repositoryRoot } from '../tools/house/repository.ts';
import { networkEnvironment, npm } from '../tools/npm.ts';
import { packAll } from '../tools/pack.ts';
import { nodeFolder } from './support/other-node.ts';

const home = mkdtempSync(join(tmpdir(), 'tidewheel-pack-'));
after(() => rmSync(home, { recursive: true, force: true }));

let tarballs: readonly string[] = [];
before(() => {
  tarballs = packAll(join(home, 'tarballs'));
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Resolves with the first match in what the child says; rejects with all of it when the child ends or is too slow. */
function says(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  let output = '';
  const slow = setTimeout(() => reject(new Error(`"${pattern.source}" was not said in time:\n${output}`)), 60_000);
  const listen = (chunk: Buffer): void => {
    output += chunk.toString();
    const match = pattern.exec(output);
    if (match !== null) resolve(match);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.once('close', (code) => reject(new Error(`ended with ${code} before "${pattern.source}":\n${output}`)));
  return promise.finally(() => clearTimeout(slow));
}

async function ended(child: Child): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

for (const version of ['24.21.0', '26.10.0']) {
  describe(`under Node ${version}`, () => {
    const folder = join(home, version);
    const children: Child[] = [];
    let env: NodeJS.ProcessEnv = {};

    const run = (command: string, args: readonly string[]): Ran => {
      const result = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8', timeout: 300_000 });
      return { status: result.status, stdout: result.stdout, output: `${result.stdout}${result.stderr}` };
    };
    const begin = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Child => {
      const child = spawn('node', args, { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      return child;
    };
    const tidewheel = 'node_modules/.bin/tidewheel';

    before(() => {
      const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
      const { HOME } = process.env;
      env = { PATH: [nodeFolder(version), ...folders].join(delimiter), HOME, ...networkEnvironment() };
      mkdirSync(folder);
      writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
      const args = [...npm.args, 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs];
      const { status, output } = run(npm.command, args);
      assert.equal(status, 0, output);
    });

    after(async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(ended));
    });

    test('the command line tells its version', () => {
      const { status, output } = run(tidewheel, ['version']);
      assert.equal(status, 0, output);
      assert.match(output, new RegExp(`^tidewheel \\d+\\.\\d+\\.\\d+ .*v${version.replaceAll('.', '\\.')}`));
    });

    test('a server, a worker of ten lines and a job run from nothing but the tarballs', async () => {
      const dev = begin([tidewheel, 'dev', '--data', 'data', '--port', '0']);
      const [, address = ''] = await says(dev, /(http:\/\/127\.0\.0\.1:\d+)[\s\S]*\bready\b/);
      const page = await fetch(`${address}/`);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<div id="root">/);

      // The secret stands alone on standard output.
      const issued = run(tidewheel, ['token', 'create', 'ten-lines', '--role', 'worker', '--data', 'data']);
      assert.equal(issued.status, 0, issued.output);
      cpSync(join(repositoryRoot, 'examples/worker.ts'), join(folder, 'worker.ts'));
      const worker = begin(['worker.ts'], { TIDEWHEEL_URL: address, TIDEWHEEL_TOKEN: issued.stdout.trim() });
      await says(worker, /registered/);
      const finished = run(tidewheel, ['job', 'trigger', 'greet', '--wait', '--data', 'data']);
      assert.equal(finished.status, 0, finished.output);

      worker.kill('SIGTERM');
      assert.equal(await ended(worker), 0);
      dev.kill('SIGINT');
      assert.equal(await ended(dev), 0);
    });

    test('the declarations are whole: a strict program that uses them compiles, a wrong one does not', () => {
      const compiler = join(repositoryRoot, 'node_modules/.bin/tsc');
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', ''];
      const compile = (text: string): Ran => {
        writeFileSync(join(folder, 'use.ts'), text);
        return run(compiler, [...options, 'use.ts']);
      };
      const good = compile(readFileSync(join(repositoryRoot, 'examples/worker.ts'), 'utf8'));
      assert.equal(good.status, 0, good.output);
      const wrong = compile(`import { task } from '@tidewheel/sdk';\ntask({ id: 7, run: () => null });\n`);
      assert.match(wrong.output, /^use\.ts\(2,\d+\): error [\s\S]*Type 'number' is not assignable to type 'string'/);
    });

    test('what is only for developers is not in the tarballs', () => {
      for (const name of ['@tidewheel/protocol', '@tidewheel/sdk', 'tidewheel']) {
        const files = readdirSync(join(folder, 'node_modules', name), { recursive: true, encoding: 'utf8' });
        const strange = files.filter((file) => /\.test\.|(^|\/)(conformance|testing|sim)(\/|$)|tsconfig/.test(file));
        assert.deepEqual(strange, [], name);
        assert.ok(files.includes('dist'), name);
      }
    });
  });
}
