// A cluster to look at, for pictures of the console: three masters on a private PostgreSQL in the middle of an upgrade, two workers,
// jobs that fire, locks that are held, and a few elections behind it. Writes client.json into the directory that it is given, says
// "ready", and runs until it is stopped:
//   node --conditions=source test/support/sample-cluster.ts DIRECTORY

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@tidewheel/sdk';
import { compose, type System } from '../../packages/server/src/compose.ts';
import { readConfig } from '../../packages/server/src/config.ts';
import { silentLog } from '../../packages/server/src/ports/log.ts';
import { createDatabase } from './postgres.ts';
import { eventually, Program, programArguments } from './tidewheel.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('name a directory for client.json');
mkdirSync(directory, { recursive: true });
const database = await createDatabase();

function open(version: string): Promise<System> {
  const flags = { store: database.url, listen: '127.0.0.1:0', 'store-pool': '4' };
  const fatal = (error: unknown): void => {
    console.error(error);
    process.exit(1);
  };
  return compose(readConfig({ flags, env: {}, file: null }), { version, log: silentLog, fatal });
}

const systems = [await open('0.9.1'), await open('0.9.1'), await open('0.10.0')];
const [first, second] = systems;
if (first === undefined || second === undefined) throw new Error('no masters');
const token = async (role: 'admin' | 'worker' | 'operator', name: string, namespace: string) =>
  (await first.store.createToken({ name, role, namespace })).secret;
const secret = await token('admin', 'harbour-master', '*');
const admin = createClient({ address: first.address, token: secret });

const quays = ['crane', 'ferry', 'gauge', 'pilot', 'tug', 'weather'];
await admin.apply({
  jobs: quays.map((name) => ({
    name,
    shell: { argv: ['true'] },
    schedules: [{ name, every: '2s' }],
  })),
});
const workers = await Promise.all(
  ['quay-north', 'quay-south'].map(async (name, index) => {
    const address = systems[index]?.address ?? first.address;
    const flags = [`--url=${address}`, `--name=${name}`, '--executors=shell', '--no-supervise'];
    const worker = new Program([...programArguments, 'worker', ...flags], {
      env: { TIDEWHEEL_TOKEN: await token('worker', name, 'default') },
    });
    await worker.says(/session opened/);
    return worker;
  }),
);

const people = createClient({ address: second.address, token: await token('operator', 'lin', 'default') });
const locks = await Promise.all([
  admin.locks.acquire('berth/7', { ttl: '30s', label: 'unloading the Aurora' }),
  people.locks.acquire('crane/2', { ttl: '2m', label: 'maintenance' }),
  people.locks.acquire('reports/daily', { ttl: '1m', label: 'nightly export' }),
  people.locks.acquire('lock-gates/east', { ttl: '10s', label: 'tug convoy' }),
]);

const status = () => admin.cluster.status();
for (const reason of ['new kernel', 'upgrade to 0.10.0']) {
  const { term } = await eventually(
    'somebody has led for a while',
    async () => {
      const { term, now, elections } = await status();
      const [newest] = elections;
      return newest?.until === null && now - newest.from > 7000 ? { term } : undefined;
    },
    30_000,
  );
  await admin.cluster.stepDown(reason);
  await eventually('the next term', async () => (await status()).term > term || undefined, 30_000);
}
const follower = (await status()).masters.find(({ role, version }) => role === 'follower' && version === '0.9.1');
if (follower !== undefined) await admin.cluster.cordon(follower.id, 'next in the upgrade');

// Until every master has measured its round trips, and the locks have an age.
await eventually(
  'masters that have told how they are',
  async () => {
    const { masters, now } = await status();
    return masters.every(({ storeMs, startedAt }) => storeMs !== null && now - startedAt > 25_000) || undefined;
  },
  60_000,
);
writeFileSync(join(directory, 'client.json'), JSON.stringify({ address: first.address, token: secret }));
console.log(`ready: ${first.address}`);

process.once('SIGTERM', () => {
  void (async () => {
    for (const lock of locks) lock.leave();
    for (const worker of workers) await worker.end('SIGKILL');
    await Promise.all(systems.map((system) => system.stop()));
    await database.drop();
    process.exit(0);
  })();
});
