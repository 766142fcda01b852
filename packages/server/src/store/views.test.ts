// The read models on both engines.

import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { sleep } from '../ports/clock.ts';
import { silentLog } from '../ports/log.ts';
import { migrate } from './migrate.ts';
import { testRunLists } from './testing/run-lists.ts';
import type { RunsSetup } from './testing/runs.ts';
import { testScalingLoad } from './testing/scaling-load.ts';
import { testViews } from './testing/views.ts';

async function openSqliteBench(): Promise<RunsSetup> {
  let now = 1_800_000_000_000;
  const db = openSqlite({ path: ':memory:', nowMs: () => now });
  await migrate(db);
  return {
    db,
    advance: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    close: () => db.close(),
  };
}

async function openPostgresBench(): Promise<RunsSetup> {
  const own = await createDatabase();
  const db = await openPostgres({
    url: own.url,
    clock: systemClock,
    identity: systemIdentity,
    log: silentLog,
    poolSize: 2,
  });
  await migrate(db);
  return {
    db,
    // The server's clock cannot be moved.
    advance: (ms) => sleep(systemClock, ms),
    close: async () => {
      await db.close();
      await own.drop();
    },
  };
}

testRunLists('SQLite', openSqliteBench);
testRunLists('PostgreSQL', openPostgresBench);
testViews('SQLite', openSqliteBench);
testViews('PostgreSQL', openPostgresBench);
testScalingLoad('SQLite', openSqliteBench);
testScalingLoad('PostgreSQL', openPostgresBench);
