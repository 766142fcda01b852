// `npm test`: everything that can fail, in one run of node's test runner, so that its last lines are the verdict.
// `npm test -- packages/sdk` or a file runs a part; options such as --test-name-pattern=… are handed to the runner.

import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from '../test/support/chromium.ts';
import { ensurePostgres } from '../test/support/postgres.ts';
import { repositoryRoot } from './house/repository.ts';

const everything = [
  'packages/*/src/**/*.test.ts',
  'packages/*/test/**/*.test.ts',
  'tools/**/*.test.ts',
  'test/**/*.test.ts',
];

/** A file that hangs is stopped and counted as failed. The slowest ones install or simulate for some minutes. */
const fileTimeoutMs = 15 * 60_000;

function main(words: readonly string[]): Promise<number> {
  const options = words.filter((word) => word.startsWith('-'));
  const paths = words.filter((word) => !word.startsWith('-'));
  const missing = paths.filter((path) => !existsSync(join(repositoryRoot, path)));
  if (missing.length > 0) {
    console.error(`test: no such path: ${missing.join(', ')} (paths are relative to the root of the repository)`);
    return Promise.resolve(2);
  }
  if (paths.length === 0 && !whatTestsNeed()) return Promise.resolve(1);
  const patterns = paths.length === 0 ? everything : paths.map(patternOf);
  const runner = [
    '--conditions=source',
    '--test',
    '--test-reporter=spec',
    `--test-timeout=${fileTimeoutMs}`,
    `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`,
  ];
  return run([...runner, ...options, ...patterns]);
}

/** Asked for before the first test, so that nobody waits for minutes to hear that something must be installed. */
function whatTestsNeed(): boolean {
  const missing = [ensurePostgres, ensureChromium].flatMap((ensure) => {
    try {
      ensure();
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
  for (const message of missing) console.error(message);
  return missing.length === 0;
}

function patternOf(path: string): string {
  return statSync(join(repositoryRoot, path)).isDirectory() ? `${path.replace(/\/$/, '')}/**/*.test.ts` : path;
}

function run(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: repositoryRoot, env: cleanEnvironment(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Ctrl-C reaches the runner by itself; a second one would cut its clearing up short.
      if (!(process.stdin.isTTY && signal === 'SIGINT')) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}

/** Tests say themselves what they configure; what the developer has set for their own server must not leak in. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { NODE_COMPILE_CACHE: join(repositoryRoot, 'node_modules/.cache/compile') };
  for (const [name, value] of Object.entries(process.env)) {
    const ours = name.startsWith('TIDEWHEEL_') || /^PG[A-Z]+$/.test(name) || name === 'NODE_TEST_CONTEXT';
    if (!ours) env[name] = value;
  }
  return env;
}

process.exitCode = await main(process.argv.slice(2));
