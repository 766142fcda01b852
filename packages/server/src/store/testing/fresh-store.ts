// An empty store of either engine, brought up to date, with the real clock. Test code only.

import type { TestContext } from 'node:test';
import { createDatabase } from '../../../../../test/support/postgres.ts';
import { openPostgres } from '../../drivers/postgres/database.ts';
import { openSqlite } from '../../drivers/sqlite/database.ts';
import { systemClock } from '../../drivers/system/clock.ts';
import { systemIdentity } from '../../drivers/system/identity.ts';
import type { Database } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { migrate } from '../migrate.ts';

export type Engine = 'sqlite' | 'postgres';

/** Closed, and dropped, when the test is over. */
export async function freshStore(context: TestContext, engine: Engine): Promise<Database> {
  const server = engine === 'postgres' ? await createDatabase() : null;
  const db =
    server === null
      ? openSqlite({ path: ':memory:', nowMs: Date.now })
      : await openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
  context.after(async () => {
    await db.close();
    await server?.drop();
  });
  await migrate(db);
  return db;
}
