// The cluster's commands, against a server that runs alone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { ClusterStatus, ElectionView, Page } from '@tidewheel/protocol';
import { cliBench } from './support/cli-bench.ts';
import { eventually } from './support/tidewheel.ts';

const bench = cliBench();

async function status(): Promise<ClusterStatus> {
  return JSON.parse((await bench.run(['cluster', 'status', '-o', 'json'])).stdout) as ClusterStatus;
}

test('the status of a healthy cluster shows its leader, what it stands on, and exits with 0', async () => {
  await eventually('somebody leads', async () => (await status()).degraded.length === 0 || undefined, 10_000);
  const { code, stdout } = await bench.run(['cluster', 'status'], { width: 160 });
  assert.equal(code, 0);
  assert.match(stdout, /^ADDRESS +ROLE +STATE .*\nhttp:\/\/127\.0\.0\.1:\d+ +leader +active /);
  assert.match(
    stdout,
    /\nterm +1\nstore +sqlite, single, \d+ ms\ncoordinator +store, \d+ ms\nhealth +nothing is degraded\n$/,
  );
  const narrow = await bench.run(['cluster', 'status', '-o', 'name']);
  assert.match(narrow.stdout, /^master\/[0-9a-f-]{36}\n$/);
});

test('the only master is not drained; a master that is not there, and a missing reason, are said', async () => {
  const [only] = (await status()).masters;
  assert.ok(only);
  const drain = await bench.run(['cluster', 'drain', only.address, '--reason', 'test']);
  assert.deepEqual([drain.code, /LAST_MASTER/.test(drain.stderr)], [4, true]);
  assert.equal((await bench.run(['cluster', 'cordon', 'nobody', '--reason', 'test'])).code, 3);
  assert.equal((await bench.run(['cluster', 'uncordon', only.id])).code, 2);
  const uncordoned = await bench.run(['cluster', 'uncordon', only.id.slice(0, 13), '--reason', 'test']);
  assert.deepEqual([uncordoned.code, uncordoned.stderr], [0, `${only.address} works again\n`]);
});

test('a leader that stands down is followed by a new term', async () => {
  const { term } = await status();
  assert.equal((await bench.run(['cluster', 'step-down', '--reason', 'test'])).code, 0);
  await eventually('a new term', async () => (await status()).term > term || undefined, 15_000);
  const { code, stdout } = await bench.run(['cluster', 'elections', '--time', 'iso'], { width: 200 });
  assert.equal(code, 0);
  assert.match(stdout, /^ *TERM +ADDRESS +COORDINATOR +BEGAN +ENDED +WHY IT ENDED\n/);
  assert.match(stdout, /\n *2 +http:\S+ +store +\S+ +leads/);
  assert.match(stdout, /\n *1 +http:\S+ +store +\S+ +\S+ +asked to step down/);
  const newest = await bench.run(['cluster', 'elections', '--limit', '1', '-o', 'json']);
  const { items, nextCursor } = JSON.parse(newest.stdout) as Page<ElectionView>;
  assert.deepEqual([items.length, typeof nextCursor], [1, 'string']);
});

test('the check of a sound store exits with 0 and says what it looked for', async () => {
  const { code, stdout } = await bench.run(['cluster', 'check'], { width: 200 });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^CHECK +FOUND +FOR INSTANCE +LOOKS FOR\n/);
  assert.match(stdout, /\nrun-of-dead-session +0 +- +runs of workers that are gone/);
});

test('a check that finds something names it and exits with 1', async (t) => {
  const found = { check: 'run-without-lane', findings: 2, samples: ['lane-a', 'lane-b'] };
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ clean: false, checks: [found] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stdout } = await bench.run(['cluster', 'check', '--url', url, '--token', 'any'], { width: 160 });
  assert.equal(code, 1);
  assert.match(stdout, /\nrun-without-lane +2 +lane-a, lane-b +runs in a lane that does not exist/);
});
