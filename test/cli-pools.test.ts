// Pools from the command line, against a server that runs and keeps their workers as processes beside itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page, PoolOrderView, PoolView, ScalingDecisionRow } from '@tidewheel/protocol';
import { cliBench } from './support/cli-bench.ts';
import { eventually } from './support/tidewheel.ts';

const bench = cliBench();
const declared = `
pools:
  - name: local
    queues: [elsewhere]
    labels: {pool: local}
    slots: 2
    max: 2
    driver: {kind: process}
    cost: {perWorkerHour: 3}
`;
const reason = ['--reason', 'test'];

async function shown(): Promise<PoolView> {
  return JSON.parse((await bench.run(['pool', 'show', 'local', '-o', 'json'])).stdout) as PoolView;
}

test('a pool is planned with its difference, applied, listed, and scaled by hand until that is taken back', async () => {
  const file = bench.file('pool.yaml', declared);
  const planned = await bench.run(['plan', '-f', file]);
  assert.equal(planned.code, 1);
  assert.match(planned.stdout, /\+ pool local\n/);
  assert.equal((await bench.run(['apply', '-y', '-f', file])).code, 0);
  const scaled = await bench.run(['pool', 'scale', 'pool/local', '1', '--for', '2h', ...reason, '-o', 'json']);
  assert.equal((JSON.parse(scaled.stdout) as PoolOrderView).order['workers'], 1);
  await eventually('a worker is there', async () => (await shown()).workers.live === 1, 30_000);
  const { stdout } = await bench.run(['pool', 'list'], { width: 120 });
  assert.match(stdout, /^NAME +STATE +WANTED +LIVE .*\nlocal +by hand +1 +1 +\d +0 +0\/2 +0-2 +process\n$/);
  const people = await bench.run(['pool', 'show', 'local']);
  assert.match(people.stdout, /order +1 workers until .*\(test; /);
  const decided = await bench.run(['pool', 'decisions', 'local', '-o', 'json']);
  const [newest] = (JSON.parse(decided.stdout) as Page<ScalingDecisionRow>).items;
  assert.match(newest?.explanation ?? '', /ordered by hand/);
  const taken = await bench.run(['pool', 'scale', 'local', 'policy', ...reason]);
  assert.equal(taken.stderr, 'ended: 1 workers\n');
  await bench.run(['pool', 'scale', 'local', '0', ...reason]);
  await eventually('it has gone', async () => (await shown()).workers.live === 0, 30_000);
});

test('a freeze, a window and a reservation are given, shown with their ids, and ended', async () => {
  assert.equal((await bench.run(['pool', 'freeze', 'local', '--for', '1h', ...reason])).code, 0);
  const window = await bench.run(['pool', 'maintenance', 'local', '--from', '+1h', '--to', '+2h', ...reason]);
  assert.match(window.stdout, /^maintenance from .* to .* \(order /);
  const reserve = ['--queue', 'elsewhere', '--runs', '5000', '--each', '3s', '--at', '20:00'];
  const reserved = await bench.run(['pool', 'reserve', 'local', ...reserve, ...reason, '-o', 'name']);
  const id = reserved.stdout.trim();
  assert.match(id, /^order\//);
  assert.match((await bench.run(['pool', 'list'])).stdout, /local +frozen/);
  assert.equal((await bench.run(['pool', 'unfreeze', 'local', ...reason])).stderr, 'ended: frozen\n');
  assert.equal((await bench.run(['pool', 'unfreeze', 'local', ...reason])).code, 3);
  assert.equal((await bench.run(['pool', 'end', 'local', id, ...reason])).code, 0);
  assert.match((await bench.run(['pool', 'orders', 'local'])).stdout, /5000 runs of elsewhere at .*, 3s each/);
  const past = await bench.run([
    'pool',
    'reserve',
    'local',
    ...reserve.slice(0, 6),
    '--at',
    '2020-01-01T00:00:00Z',
    ...reason,
  ]);
  assert.match(past.stderr, /at has passed/);
  assert.equal((await bench.run(['pool', 'freeze', 'local'])).code, 2, 'nobody orders without a reason');
});

test('who caused the cost is told by queue and job, and what growth takes', async () => {
  const file = bench.file('cost.yaml', declared.replace('[elsewhere]', '[default]').replace('max: 2', 'max: 1'));
  assert.equal((await bench.run(['apply', '-y', '-f', file])).code, 0);
  for (let run = 0; run < 3; run += 1) await bench.run(['run', 'wait', await bench.triggered('ok')]);
  const cost = await bench.run(['pool', 'cost', '--from', '10m', '-o', 'json']);
  assert.equal(cost.code, 0, cost.stderr);
  const { rows, cost: total } = JSON.parse(cost.stdout) as {
    cost: number;
    rows: { queue: string | null; job: string | null; runs: number; cost: number }[];
  };
  const [mine] = rows.filter(({ job }) => job === 'ok');
  assert.deepEqual([mine?.queue, mine?.runs], ['default', 3]);
  assert.ok(rows.some(({ queue }) => queue === null) && total > (mine?.cost ?? 0), 'the worker of before was idle');
  const byQueue = await bench.run(['pool', 'cost', 'local', '--from', '10m', '--by', 'queue']);
  assert.match(byQueue.stdout, /\nlocal +default +- +3 /);
  const plan = await bench.run(['pool', 'capacity', 'local', '--from', '10m', '--growth', '3x', '--start-up', '1s']);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /\nas it is +3 .*\ngrown +9 .*\ngrown, no maximum +9 /);
  assert.match(plan.stderr, /the maximum of 1 is/);
  assert.equal((await bench.run(['pool', 'capacity', 'local', '--from', '10m', '--growth', 'half'])).code, 2);
});
