// Locks from the command line, against a server that runs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LockView, Page } from '@tidewheel/protocol';
import { cliBench } from './support/cli-bench.ts';
import { eventually } from './support/tidewheel.ts';

const bench = cliBench();

async function tokenOf(name: string): Promise<number | undefined> {
  const { stdout } = await bench.run(['lock', 'list', '-o', 'json']);
  return (JSON.parse(stdout) as Page<LockView>).items.find((lock) => lock.name === name)?.token;
}

test('a lock is taken, refused to others with exit code 4, listed, and released by its hold', async () => {
  const taken = await bench.run(['lock', 'acquire', 'door', '--label', 'painting', '-o', 'json']);
  const { hold, token } = JSON.parse(taken.stdout) as { hold: string; token: number };
  const refused = await bench.run(['lock', 'acquire', 'door']);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /LOCK_HELD.*held by .*\(painting\), token 1/s);
  const { stdout } = await bench.run(['lock', 'list'], { width: 100 });
  assert.match(stdout, /^NAME +STATE +TOKEN +OWNER +FOR .*\ndoor +held +1 .*painting/);
  assert.equal(await tokenOf('door'), token);
  assert.equal((await bench.run(['lock', 'release', 'door'])).code, 2);
  assert.equal((await bench.run(['lock', 'release', 'door', '--hold', hold])).code, 0);
  assert.equal((await bench.run(['lock', 'release', 'door', '--hold', hold])).code, 4);
  assert.equal(await tokenOf('door'), undefined);
});

test('a command runs with the token in its environment, gives its exit code, and the lock is free afterwards', async () => {
  const file = join(bench.home, 'token');
  const { code } = await bench.run([
    'lock',
    'run',
    'script',
    '--',
    'sh',
    '-c',
    `echo $TIDEWHEEL_LOCK_TOKEN > ${file}; exit 7`,
  ]);
  assert.equal(code, 7);
  assert.equal(readFileSync(file, 'utf8'), '1\n');
  assert.equal(await tokenOf('script'), undefined);
  assert.equal((await bench.run(['lock', 'run', 'script', '--', 'no-such-program'])).code, 2);
});

test('a command whose lock is taken away is stopped with its children, and the exit code says so', async () => {
  const running = bench.run(['lock', 'run', 'long', '--ttl', '1h', '--', 'sh', '-c', 'sleep 60 & sleep 60']);
  await eventually('it is held', async () => tokenOf('long'), 5000);
  const forced = await bench.run(['lock', 'release', 'lock/long', '--force', '--reason', 'low tide']);
  assert.match(forced.stderr, /took long away from .* \(token 1\)/);
  const { code, stderr } = await running;
  assert.equal(code, 4);
  // Told at once: a renewal would have come after twenty minutes.
  assert.match(stderr, /the lock long is lost: the lock "long" was released by .+: low tide; stopping the command/);
});

test('a watcher is told of each change', async () => {
  const interruption = new AbortController();
  const watching = bench.run(['lock', 'watch', 'seen'], { interruption: interruption.signal });
  await bench.run(['lock', 'run', 'seen', '--', 'sleep', '0.3']);
  await bench.run(['lock', 'run', 'seen', '--wait', '5s', '--', 'sleep', '0.3']);
  interruption.abort();
  const { code, stdout } = await watching;
  assert.equal(code, 130);
  assert.match(stdout, /held by .*\(sleep 0\.3\), token 1\n.*free, last token 1\n.*token 2\n/s);
});
