// `node --conditions=source bench/archive.ts`: what a long archive costs, and what taking a day of it away costs, on SQLite and on a private
// PostgreSQL. The same work (insert, claim, complete, in batches) in turns on an empty store and on one with `--rows` archived runs of
// `--days` days, the first of them `--oldest` days ago; then retention removes what has run out while the work goes on. With `--before`, also on the tables as they were before
// they had partitions. `npm run bench -- history` measures the whole system beside a long archive.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { migrate, readMigrations } from '../packages/server/src/store/migrate.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { fillArchive } from './archive-fill.ts';
import { removeDays } from './archive-removal.ts';
import { ratesOf, Work } from './archive-work.ts';

const { values } = parseArgs({
  options: {
    stores: { type: 'string', default: 'sqlite,postgres' },
    rows: { type: 'string', default: '10000000' },
    days: { type: 'string', default: '10' },
    oldest: { type: 'string', default: '31' },
    rounds: { type: 'string', default: '7' },
    batches: { type: 'string', default: '40' },
    before: { type: 'boolean', default: false },
    removal: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [rows, days, oldest, rounds, batches] = [
  values.rows,
  values.days,
  values.oldest,
  values.rounds,
  values.batches,
].map(Number) as [number, number, number, number, number];
const directory = mkdtempSync(join(tmpdir(), 'tidewheel-archive-'));

const configOf = (store: string) => readConfig({ flags: { store }, env: {}, file: null }).store;

/** The store as it was before migration 9. */
async function openBefore(url: string): Promise<Database> {
  const { openPostgres } = await import('../packages/server/src/drivers/postgres/database.ts');
  const { systemIdentity } = await import('../packages/server/src/drivers/system/identity.ts');
  const db = await openPostgres({ url, clock: systemClock, identity: systemIdentity, log: silentLog });
  const all = readMigrations();
  await migrate(
    db,
    all.slice(
      0,
      all.findIndex(({ name }) => name === 'growth'),
    ),
  );
  return db;
}

for (const engine of values.stores.split(',')) {
  const postgres =
    engine === 'postgres'
      ? await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '4GB', autovacuum_naptime: '5s' } })
      : null;
  const place = async (name: string): Promise<string> =>
    postgres === null ? `sqlite:${join(directory, `${name}.db`)}` : (await postgres.createDatabase()).url;
  const say = (what: string): void => {
    const load = loadavg().map((one) => one.toFixed(1));
    console.log(`${engine}: ${what} (${availableParallelism()} cores, load ${load.join(' ')})`);
  };
  try {
    const stores = new Map<string, Database>();
    stores.set('empty', (await openStore(configOf(await place('empty')), silentLog)).db);
    const full = (await openStore(configOf(await place('full')), silentLog)).db;
    stores.set('full', full);
    if (values.before && postgres !== null) stores.set('empty, before', await openBefore(await place('before')));
    say(`filling ${rows.toLocaleString('en')} runs of ${days} days, the oldest ${oldest} days old`);
    const took = await fillArchive(full, rows, days, oldest);
    say(`filled in ${Math.round(took / 1000)} s`);
    const works = new Map<string, Work>();
    for (const [name, db] of stores) works.set(name, await Work.begin(db));
    for (const line of await ratesOf(works, rounds, batches)) say(line);
    const work = works.get('full');
    if (values.removal && work !== undefined) for (const line of await removeDays(full, work)) say(line);
    for (const db of stores.values()) await db.close();
  } finally {
    await postgres?.stop();
  }
}
rmSync(directory, { recursive: true });
