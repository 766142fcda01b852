// `node --conditions=source bench/times-scale.ts`: what many schedules cost on this machine, on SQLite and on a private PostgreSQL.
// `--part`: idle (enabled schedules of which none is due), one-shots (firing one among many), audit (of a large ledger).
// Fails when a target is missed. `npm run bench -- herd` and `bench/times.ts` measure the others.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { auditScale } from './scale-audit.ts';
import { idle } from './scale-idle.ts';
import { oneShots } from './scale-one-shots.ts';

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'idle,one-shots,audit' },
    stores: { type: 'string', default: 'sqlite,postgres' },
    schedules: { type: 'string', default: '100000' },
    masters: { type: 'string', default: '1' },
    shots: { type: 'string', default: '1000,10000,100000,1000000' },
    fires: { type: 'string', default: '200' },
    runs: { type: 'string', default: '5' },
    ledger: { type: 'string', default: '2000000' },
  },
});
const runs = Number(values.runs);
const ledgerSchedules = 200;
const parts = values.part.split(',');
const directory = mkdtempSync(join(tmpdir(), 'tidewheel-scale-'));

async function openAt(store: string): Promise<Database> {
  return (await openStore(readConfig({ flags: { store }, env: {}, file: null }).store, silentLog)).db;
}

let well = true;
for (const engine of values.stores.split(',')) {
  const postgres =
    engine === 'postgres'
      ? await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } })
      : null;
  const place = async (name: string): Promise<string> =>
    postgres === null ? `sqlite:${join(directory, `${name}.db`)}` : (await postgres.createDatabase()).url;
  const say = (what: string): void => {
    const load = loadavg().map((one) => one.toFixed(1));
    console.log(`${engine}: ${what} (${availableParallelism()} cores, load ${load.join(' ')})`);
  };
  try {
    if (parts.includes('one-shots')) {
      say('firing one among many future one-shots');
      const sizes = values.shots.split(',').map(Number);
      well = (await oneShots(sizes, runs, Number(values.fires), async (name) => openAt(await place(name)))) && well;
    }
    if (parts.includes('audit')) {
      say('audit of a large ledger');
      const each = Number(values.ledger) / ledgerSchedules;
      well = (await auditScale(await openAt(await place('ledger')), ledgerSchedules, each, runs)) && well;
    }
    if (parts.includes('idle')) {
      for (const masters of values.masters.split(',').map(Number)) {
        if (postgres === null && masters > 1) continue;
        say(`${values.schedules} enabled schedules, none due, masters: ${masters}`);
        const store = await place(`idle-${masters}`);
        well = (await idle({ store, directory, schedules: Number(values.schedules), masters, windows: runs })) && well;
      }
    }
  } finally {
    await postgres?.stop();
  }
}
rmSync(directory, { recursive: true, force: true });
process.exitCode = well ? 0 : 1;
