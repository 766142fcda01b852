// `tidewheel store`, `retention` and `hold`, against a running server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HoldView, RetentionView, StoreStatus } from '@tidewheel/protocol';
import { Dev } from './support/tidewheel.ts';

let dev: Dev;
const directory = mkdtempSync(join(tmpdir(), 'tidewheel-test-'));
before(
  async () => {
    const jobs = join(directory, 'jobs.yaml');
    writeFileSync(
      jobs,
      'jobs:\n  - name: hello\n    shell: { argv: [echo, hi] }\n    retention: { succeeded: 3d, failed: forever }\n',
    );
    dev = await Dev.start(join(directory, 'data'), ['--jobs', jobs]);
  },
  { timeout: 60_000 },
);
after(async () => {
  await dev.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

test('the store tells its size, what is free, and that nothing was removed yet', async () => {
  const told = await dev.command(['store', 'status']);
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /^TABLE +SIZE +ROWS/);
  assert.match(told.stdout, /level +there is room/);
  assert.match(told.stdout, /free +[\d.]+ [GT]iB of the disk/);
  assert.match(told.stdout, /removed +nothing yet/);
  const json = JSON.parse((await dev.command(['store', 'status', '-o', 'json'])).stdout) as StoreStatus;
  assert.equal(json.level, 'ok');
});

test('rules are shown with those of jobs, set one by one, and taken back', async () => {
  const set = await dev.command(['retention', 'set', '--succeeded', '7d', '--failed', 'forever']);
  assert.equal(set.code, 0, set.stderr);
  const again = await dev.command(['retention', 'set', '--failed', 'default']);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /server +30d +90d +30d\s+namespace +7d +- +-\s+job\/hello +3d +forever +-/);
  const shown = JSON.parse((await dev.command(['retention', 'show', '-o', 'json'])).stdout) as RetentionView;
  assert.deepEqual(shown.namespace, { succeeded: 7 * 86_400_000 });
  const short = await dev.command(['retention', 'set', '--succeeded', '1h']);
  assert.deepEqual([short.code, /at least 1d/.test(short.stderr)], [2, true]);
  assert.equal((await dev.command(['retention', 'set'])).code, 2);
});

test('a hold is placed, listed, and released by its name', async () => {
  const placed = await dev.command(['hold', 'place', 'job/hello', '--reason', 'case 7', '-o', 'name']);
  assert.equal(placed.code, 0, placed.stderr);
  const name = placed.stdout.trim();
  assert.match(name, /^hold\//);
  assert.match((await dev.command(['hold', 'list'])).stdout, /hello +job +\S.* case 7/);
  const released = await dev.command(['hold', 'release', name, '--reason', 'closed']);
  assert.deepEqual([released.code, released.stderr], [0, 'released the hold of hello\n']);
  const left = JSON.parse((await dev.command(['hold', 'list', '-o', 'json'])).stdout) as { items: HoldView[] };
  assert.deepEqual(left.items, []);
  assert.equal((await dev.command(['hold', 'place', 'schedule/x', '--reason', 'r'])).code, 2);
  assert.equal((await dev.command(['hold', 'place', 'job/nobody', '--reason', 'r'])).code, 3);
});
