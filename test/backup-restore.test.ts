// A cluster of one master is backed up under load, dies, and is restored while its worker still holds an attempt of the lost time.
// Nothing fires until the operator has chosen; then the ledger is whole, and what the lost time had handed out counts for nothing.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '@tidewheel/sdk';
import { eventually, Program, programArguments, scratch, tidewheel } from './support/tidewheel.ts';

test('a restored store fires nothing until its gap is closed, and then every time has its row in the ledger', {
  timeout: 300_000,
}, async (context) => {
  const directory = scratch(context);
  const file = (name: string) => join(directory, name);
  writeFileSync(file('key'), randomBytes(32).toString('hex'));
  mkdirSync(file('backups'));
  const target = [`--backup-target=dir:${file('backups')}`, `--key-file=${file('key')}`];
  const store = `sqlite:${file('store.db')}`;
  const serve = async (listen: string) => {
    const flags = [
      `--store=${store}`,
      `--listen=${listen}`,
      '--session-ttl=2m',
      `--bootstrap-token-file=${file('token')}`,
      ...target,
    ];
    const server = new Program([...programArguments, 'server', ...flags]);
    context.after(() => server.end('SIGKILL'));
    const [, address = ''] = await server.says(/"address":"(http[^"]+)"[^\n]*"msg":"ready"/);
    return { server, address };
  };
  const { server, address } = await serve('127.0.0.1:0');
  const token = readFileSync(file('token'), 'utf8').trim();
  const client = createClient({ address, token });
  const env = { TIDEWHEEL_URL: address, TIDEWHEEL_TOKEN: token };
  const command = (...args: string[]) => tidewheel(args, { env });
  const succeeded = async () => (await client.runs.list({ state: 'succeeded', limit: 200 }).page()).items.length;
  const from = Date.now();
  await client.apply({
    jobs: [
      {
        name: 'beat',
        shell: { argv: ['true'] },
        schedules: [{ name: 'beat', cron: '* * * * * *', misfire: { policy: 'all' } }],
      },
      { name: 'slow', shell: { argv: ['sleep', '600'] } },
      { name: 'once', shell: { argv: ['true'] }, queue: 'nobody', delivery: 'at-most-once' },
    ],
  });
  const { secret } = await client.tokens.create({ name: 'worker', role: 'worker', namespace: 'default' });
  const worker = new Program(
    [...programArguments, 'worker', `--url=${address}`, '--executors=shell', '--no-supervise'],
    { env: { TIDEWHEEL_TOKEN: secret } },
  );
  context.after(() => worker.end('SIGKILL'));
  await worker.says(/session opened/);
  const slow = await client.trigger('slow');
  const once = await client.trigger('once');
  await eventually('the slow run', async () => (await client.runs.get(slow.id)).state === 'running');
  await eventually('some runs', async () => (await succeeded()) >= 2);

  const acknowledged = await succeeded();
  const created = await command('backup', 'create', '-o', 'json');
  assert.equal(created.code, 0, created.stderr);
  const later = await succeeded();
  const { state, storedBytes } = JSON.parse(created.stdout) as { state: string; storedBytes: number };
  assert.equal(state, 'verified');
  assert.ok(storedBytes > 0);
  await eventually('runs that will be lost', async () => (await succeeded()) >= later + 3);
  await server.end('SIGKILL');

  const refused = await tidewheel(['backup', 'restore', 'latest', ...target, `--to=${store}`]);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /TARGET_NOT_EMPTY/);
  const keyless = await tidewheel(['backup', 'verify', 'latest', target[0] ?? '']);
  assert.equal(keyless.code, 3, keyless.stderr);
  const restored = await tidewheel(['backup', 'restore', 'latest', ...target, `--to=${store}`, '--replace']);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stderr, /nothing fires before/);

  await serve(address.slice('http://'.length));
  const there = await succeeded();
  assert.ok(there >= acknowledged && there <= later, `${acknowledged} <= ${there} <= ${later}`);
  const gap = await eventually('the report of the worker', async () => {
    const seen = await client.backups.gap();
    return seen.reports.length > 0 && (seen.schedules[0]?.missed ?? 0) > 5 ? seen : undefined;
  });
  // Its session is not known any more, and the attempt that it holds is that of the backup.
  assert.ok(
    gap.reports.some(({ runId }) => runId === slow.id),
    JSON.stringify(gap.reports),
  );
  assert.equal(await succeeded(), there, 'nothing was fired or dispatched');
  const status = await command('cluster', 'status');
  assert.equal(status.code, 1);
  assert.match(status.stdout, /restore-gap: restored from/);
  await assert.rejects(client.schedules.pause('beat', 'now'), { code: 'RESTORE_GAP' });
  const shown = await command('backup', 'gap');
  assert.match(shown.stdout, /beat[^]*nothing yet: nothing fires before/);

  const closed = await command('backup', 'gap', '--close', 'last', '--reason', 'the rest is of no use');
  assert.equal(closed.code, 0, closed.stderr);
  await eventually('new runs', async () => (await succeeded()) >= there + 3, 40_000);
  const again = await eventually('the slow run anew', async () => {
    const run = await client.runs.get(slow.id);
    return run.state === 'running' ? run : undefined;
  });
  assert.equal(again.attempts.length, 2);
  assert.equal((await client.runs.get(once.id)).state, 'lost', 'it may have run in the lost time');
  const audit = await eventually('an audit up to now', async () => {
    const seen = await client.audit.fires({ from });
    return seen.schedules[0]?.caughtUp === 1 ? seen : undefined;
  });
  assert.equal(audit.clean, true, JSON.stringify(audit));
  const [row] = audit.schedules;
  assert.ok((row?.skippedBy['restore-gap'] ?? 0) >= 4, JSON.stringify(row));
  const gone = await command('backup', 'gap');
  assert.equal(gone.code, 3);
});
