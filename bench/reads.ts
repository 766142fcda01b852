// What it does to the primary, to reads and to triggers that lists go to standbys: one master, a primary and two standbys on this machine,
// eight clients that list runs one after another beside one that triggers them. In turns with `store.staleness` off and on:
//   node --conditions=source bench/reads.ts [seconds]

import { type Client, createClient } from '@tidewheel/sdk';
import pg from 'pg';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { together } from '../packages/server/src/drivers/postgres/testing/several-servers.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { startPostgres } from '../test/support/postgres.ts';

const seconds = Number(process.argv[2] ?? 15);
const readers = 8;
const rounds = 3;
const waiting = 20_000;
const batch = 500;
const triggerEveryMs = 20;

const primary = await startPostgres();
const standbys = [
  await startPostgres({ standbyOf: { cluster: primary, name: 'one' } }),
  await startPostgres({ standbyOf: { cluster: primary, name: 'two' } }),
];

async function open(staleness: string): Promise<System> {
  const flags = {
    store: together(primary.url, ...standbys.map(({ url }) => url)),
    listen: '127.0.0.1:0',
    'store-staleness': staleness,
  };
  const fatal = (error: unknown): never => {
    throw error;
  };
  return compose(readConfig({ flags, env: {}, file: null }), { version: 'bench', log: silentLog, fatal });
}

/** Statements of all backends of the primary, but for the ones that ask. */
async function transactions(): Promise<number> {
  const client = new pg.Client(primary.url);
  await client.connect();
  const { rows } = await client.query<{ count: string }>(
    `select pg_stat_force_next_flush(), xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`,
  );
  await client.end();
  return Number(rows[0]?.count);
}

async function readsFrom(address: string, place: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(new RegExp(`^tidewheel_reads_total\\{from="${place}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

async function timed(into: number[], work: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await work();
  into.push(performance.now() - from);
}

const quantile = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(1);

async function measure(staleness: string): Promise<void> {
  const system = await open(staleness);
  const { secret } = await system.store.createToken({ name: 'bench', role: 'operator', namespace: 'default' });
  const clientOf = (): Client => createClient({ address: system.address, token: secret });
  const client = clientOf();
  await client.apply({ jobs: [{ name: 'waiting', task: 'nobody' }] });
  const reading: number[] = [];
  const triggering: number[] = [];
  const begin = performance.now();
  const over = (): boolean => performance.now() - begin > seconds * 1000;
  const [before, busyBefore] = [await transactions(), process.cpuUsage()];
  const reader = async (): Promise<void> => {
    const mine = clientOf();
    while (!over()) await timed(reading, () => mine.runs.list({ limit: 50 }).page());
  };
  const writer = async (): Promise<void> => {
    while (!over()) {
      await timed(triggering, () => client.trigger('waiting'));
      await new Promise((resolve) => setTimeout(resolve, triggerEveryMs));
    }
  };
  await Promise.all([...Array.from({ length: readers }, reader), writer()]);
  const perSecond = (count: number): string => (count / seconds).toFixed(0);
  const [replica, own] = [await readsFrom(system.address, 'replica'), await readsFrom(system.address, 'primary')];
  const { user, system: kernel } = process.cpuUsage(busyBefore);
  console.log(
    `staleness ${staleness.padEnd(3)}: ${perSecond(reading.length)} lists/s, p50 ${quantile(reading, 0.5)} p99 ${quantile(reading, 0.99)} ms; ` +
      `from standbys ${((100 * replica) / (replica + own)).toFixed(1)} %; ` +
      `primary ${perSecond((await transactions()) - before)} transactions/s; ` +
      `triggers p50 ${quantile(triggering, 0.5)} p99 ${quantile(triggering, 0.99)} ms; ` +
      `master ${((user + kernel) / 1e6 / seconds).toFixed(2)} cores`,
  );
  await system.stop();
}

const filling = await open('off');
const { secret } = await filling.store.createToken({ name: 'fill', role: 'operator', namespace: 'default' });
const filler = createClient({ address: filling.address, token: secret });
await filler.apply({ jobs: [{ name: 'waiting', task: 'nobody' }] });
for (let n = 0; n < waiting; n += batch)
  await filler.triggerBatch(
    'waiting',
    Array.from({ length: batch }, () => ({})),
  );
await filling.stop();
for (let round = 0; round < rounds; round += 1) {
  await measure('off');
  await measure('3s');
}
for (const cluster of [...standbys, primary]) await cluster.stop();
process.exit(0);
