// A pool of real worker processes grows and shrinks under load; what the workers wrote down themselves says whether anything was lost or done
// twice. The long form, a hundred scale-ins, is test/elastic/main.ts.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PoolInput } from '@tidewheel/protocol';
import { createClient } from '@tidewheel/sdk';
import { ElasticFleet, notesIn, truthTasks } from './elastic/fleet.ts';
import { eventually, isAlive, Program, programArguments, scratch } from './support/tidewheel.ts';

test('a fleet shrinks again and again under load, and no run is lost, cut short or done twice', {
  timeout: 180_000,
}, async (t) => {
  const fleet = await ElasticFleet.open(scratch(t), { max: 3 });
  t.after(() => fleet.close());
  fleet.load(3);
  const took = await fleet.scaleIns(4);
  assert.equal(took.length, 4);
  await fleet.quiet();
  const { runs, processes, ...amiss } = await fleet.verdict();
  assert.deepEqual(amiss, { lost: 0, doubled: 0, cut: 0, unsuccessful: 0 });
  assert.ok(runs > 20 && processes >= 3, `${runs} runs by ${processes} processes`);
  assert.deepEqual(fleet.defects, []);
});

test('a pool without workers starts one within two seconds of the first run, and ends it when nothing comes any more', {
  timeout: 180_000,
}, async (t) => {
  const fleet = await ElasticFleet.open(scratch(t), { min: 0, max: 2 });
  t.after(() => fleet.close());
  await eventually('the leader has looked', async () => (await fleet.view()).status !== null);
  assert.equal((await fleet.view()).workers.live, 0);
  await fleet.trigger(100);
  const triggeredMs = performance.now();
  await eventually('a worker is ordered', async () => (await fleet.view()).status?.wanted === 1, 5000);
  const orderedMs = performance.now() - triggeredMs;
  assert.ok(orderedMs < 2000, `ordered after ${Math.round(orderedMs)} ms`);
  const verdict = await fleet.verdict(30_000);
  assert.deepEqual([verdict.runs, verdict.lost, verdict.unsuccessful], [1, 0, 0]);
  const [pid = 0] = fleet.notes().map((note) => note.pid);
  await fleet.order(0);
  await eventually('it has ended', async () => (await fleet.view()).workers.live === 0 && !isAlive(pid), 30_000);
});

test('workers that cannot start are told of with the reason, started less and less often, and the pool recovers when mended', {
  timeout: 180_000,
}, async (t) => {
  const fleet = await ElasticFleet.open(scratch(t), {
    min: 1,
    driver: { kind: 'process', arguments: ['--tasks=/nowhere/tasks.ts'] },
  });
  t.after(() => fleet.close());
  const degraded = await eventually(
    'it is told',
    async () => (await fleet.client.cluster.status()).degraded.find(({ what }) => what === 'pool-workers-failing'),
    60_000,
  );
  assert.match(
    degraded.detail,
    /1 workers of the pool default\/fleet do not come up: it ended 3 times in a row \(exit code \d\)/,
  );
  await fleet.mend();
  await fleet.size(1, 90_000);
  // The leader says so with its next look.
  await eventually('nobody is in trouble', async () => (await fleet.view()).status?.troubled.length === 0, 10_000);
});

test('worker processes whose master is killed finish what they run, report it to the next one, and leave; others come in their place', {
  timeout: 180_000,
}, async (t) => {
  const directory = scratch(t);
  const truth = join(directory, 'truth');
  mkdirSync(truth);
  const listen = `127.0.0.1:${await freePort()}`;
  const tokenFile = join(directory, 'token');
  const start = async (): Promise<Program> => {
    const flags = [`--store=sqlite:${join(directory, 'store.db')}`, `--listen=${listen}`, '--scaler-processes=4'];
    const more = ['--session-ttl=60s', '--heartbeat=2s', `--bootstrap-token-file=${tokenFile}`];
    const server = new Program([...programArguments, 'server', ...flags, ...more], { env: { ELASTIC_TRUTH: truth } });
    await server.says(/"ready"/);
    return server;
  };
  const first = await start();
  t.after(() => first.signal('SIGKILL'));
  const token = readFileSync(tokenFile, 'utf8').trim();
  const client = createClient({ addresses: [`http://${listen}`], token });
  const pool: PoolInput = {
    name: 'fleet',
    queues: ['elastic'],
    labels: { pool: 'fleet' },
    slots: 2,
    min: 1,
    max: 2,
    driver: { kind: 'process', arguments: [`--tasks=${truthTasks}`, '--executors='] },
  };
  await client.apply({
    jobs: [{ name: 'piece', task: 'piece', queue: 'elastic' }],
    pools: [pool],
    source: 'code/default',
  });
  const run = await client.trigger('piece', { ms: 15_000 });
  const [begun] = await eventually(
    'it has begun',
    () => Promise.resolve(notesIn(truth).length > 0 && notesIn(truth)),
    60_000,
  );
  assert.ok(begun);
  await first.end('SIGKILL');
  const second = await start();
  t.after(() => second.end('SIGTERM'));
  await eventually('it has ended', async () => (await client.runs.get(run.id)).finishedAt !== null, 60_000);
  assert.equal((await client.runs.get(run.id)).state, 'succeeded');
  assert.deepEqual(
    notesIn(truth).map(({ kind, pid, attempt }) => [kind, pid, attempt]),
    [
      ['begin', begun.pid, 1],
      ['end', begun.pid, 1],
    ],
  );
  await eventually('the worker of the first master has left', () => Promise.resolve(!isAlive(begun.pid)), 30_000);
  await eventually('another one works', async () => (await client.pools.get('fleet')).workers.live === 1, 60_000);
});

/** Nobody else takes it in the moment between. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
