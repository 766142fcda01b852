// A store moves from SQLite to PostgreSQL and back while its schedules fire: nothing is lost or doubled, masters stop by themselves on the
// store that was left, and the worker goes on with the new one.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Client, createClient } from '@tidewheel/sdk';
import { createDatabase } from './support/postgres.ts';
import { eventually, Program, programArguments, scratch, tidewheel } from './support/tidewheel.ts';

async function serve(store: string, listen: string, tokenFile: string): Promise<{ server: Program; address: string }> {
  const flags = [`--store=${store}`, `--listen=${listen}`, `--bootstrap-token-file=${tokenFile}`];
  const server = new Program([...programArguments, 'server', ...flags]);
  const [, address = ''] = await server.says(/"address":"(http[^"]+)"[^\n]*"msg":"ready"/);
  return { server, address };
}

const finished = async (client: Client): Promise<number> =>
  (await client.runs.list({ state: 'succeeded', limit: 200 }).page()).items.length;

test('a store moves to PostgreSQL and back under a running master and worker, and the ledger stays whole', {
  timeout: 180_000,
}, async (context) => {
  const directory = scratch(context);
  const database = await createDatabase();
  context.after(() => database.drop());
  const tokenFile = join(directory, 'token');
  const stores = [`sqlite:${join(directory, 'old.db')}`, database.url, `sqlite:${join(directory, 'new.db')}`] as const;
  const begun = await serve(stores[0], '127.0.0.1:0', tokenFile);
  let { server } = begun;
  context.after(() => server.end('SIGKILL'));
  const token = readFileSync(tokenFile, 'utf8').trim();
  const client = createClient({ address: begun.address, token });
  const [schedule] = [{ name: 'beat', cron: '* * * * * *', misfire: { policy: 'all' as const } }];
  await client.apply({ jobs: [{ name: 'beat', shell: { argv: ['true'] }, schedules: [schedule] }] });
  const { secret } = await client.tokens.create({ name: 'worker', role: 'worker', namespace: 'default' });
  const worker = new Program(
    [...programArguments, 'worker', `--url=${begun.address}`, '--executors=shell', '--no-supervise'],
    { env: { TIDEWHEEL_TOKEN: secret } },
  );
  context.after(() => worker.end('SIGKILL'));
  await worker.says(/session opened/);
  const from = Date.now();

  for (const [index, next] of stores.slice(1).entries()) {
    const store = stores[index] ?? '';
    const before = await finished(client);
    await eventually('some more runs', async () => (await finished(client)) >= before + 3);
    const bulk = await tidewheel(['store', 'copy', store, next, '--bulk-only']);
    assert.equal(bulk.code, 0, bulk.stderr);
    const copied = await tidewheel(['store', 'copy', store, next, '--yes', '-o', 'json']);
    assert.equal(copied.code, 0, copied.stderr);
    assert.match(
      copied.stderr,
      /waiting until the masters have stopped: http[^]*all rows are compared, and the new store is open/,
    );
    const { items } = JSON.parse(copied.stdout) as { items: { table: string; rows: number }[] };
    assert.ok((items.find(({ table }) => table === 'run_archive')?.rows ?? 0) >= before + 3);
    const { code } = await server.ended;
    assert.equal(code, 4, server.output);
    assert.match(server.output, /STORE_CLOSED[^]*the store is being moved: to /);
    ({ server } = await serve(next, begun.address.slice('http://'.length), tokenFile));
    const again = await tidewheel(['server', `--store=${store}`, '--listen=127.0.0.1:0']);
    assert.equal(again.code, 4);
    assert.match(again.stderr, /STORE_CLOSED the store was moved: to /);
    assert.doesNotMatch(again.stderr, /postgres:\/\/[^/]*@/);
    const after = await finished(client);
    await eventually('runs on the new store', async () => (await finished(client)) >= after + 2, 40_000);
  }

  // A store that holds something else is not written over.
  const refused = await tidewheel(['store', 'copy', stores[2], stores[1], '--yes']);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /TARGET_NOT_EMPTY/);

  // Of the last seconds nothing is expected yet: a fast machine is done before there is enough to look at.
  const audit = await eventually('a ledger of more than eight times', async () => {
    const found = await client.audit.fires({ from });
    return (found.schedules[0]?.expected ?? 0) > 8 ? found : undefined;
  });
  assert.equal(audit.clean, true, JSON.stringify(audit));
  const sessions = await client.workers.list().page();
  assert.equal(sessions.items.filter(({ state }) => state !== 'dead').length, 1);
});
