// A store of either engine whose clock is moved by hand. Test code only.

import { createDatabase } from '../../../../../test/support/postgres.ts';
import { openPostgres } from '../../drivers/postgres/database.ts';
import { openSqlite } from '../../drivers/sqlite/database.ts';
import { systemClock } from '../../drivers/system/clock.ts';
import { systemIdentity } from '../../drivers/system/identity.ts';
import type { Database } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { migrate } from '../migrate.ts';

export interface VirtualStore {
  readonly db: Database;
  readonly now: number;
  /** Moves the clock of the store. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

const begin = Date.UTC(2026, 0, 5, 9);

export async function virtualSqlite(): Promise<VirtualStore> {
  let now = begin;
  const db = openSqlite({ path: ':memory:', nowMs: () => now });
  await migrate(db);
  return {
    db,
    get now() {
      return now;
    },
    advance: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    close: () => db.close(),
  };
}

/** `now_ms()` reads a table. Stable, as the real one is, or the planner would use no index. */
export async function virtualPostgres(): Promise<VirtualStore> {
  const server = await createDatabase();
  const db = await openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
  await migrate(db);
  let now = begin;
  await db.query('create table virtual_clock (at bigint not null)');
  await db.query('insert into virtual_clock (at) values ($1)', [now]);
  await db.query(
    `create or replace function now_ms() returns bigint language sql stable parallel safe as 'select at from virtual_clock'`,
  );
  return {
    db,
    get now() {
      return now;
    },
    advance: async (ms) => {
      now += ms;
      await db.query('update virtual_clock set at = greatest(at, $1)', [now]);
    },
    close: async () => {
      await db.close();
      await server.drop();
    },
  };
}
