// Backfills on SQLite, where everything is in one process and the clock is moved by hand, and on PostgreSQL.

import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { silentLog } from '../ports/log.ts';
import { migrate } from '../store/migrate.ts';
import { testBackfills } from './testing/backfills.ts';
import { openBench } from './testing/bench-context.ts';

const live = { clock: systemClock, identity: systemIdentity };

testBackfills('SQLite', async () => {
  const { context, close } = await openBench();
  return { context: { ...context, ...live }, close };
});

testBackfills('PostgreSQL', async () => {
  const server = await createDatabase();
  const db = await openPostgres({ url: server.url, ...live, log: silentLog });
  await migrate(db);
  const { context, close } = await openBench();
  return {
    context: { ...context, ...live, db },
    close: async () => {
      await close();
      await db.close();
      await server.drop();
    },
  };
});
