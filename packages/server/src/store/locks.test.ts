// Locks of users on both engines, and on PostgreSQL what only real row locks can show.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { sleep } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { lockAcquire, lockRelease, lockRenew, locksForget } from './locks.ts';
import { migrate } from './migrate.ts';
import { testLocks } from './testing/locks.ts';
import { seedId } from './testing/seed.ts';

testLocks('SQLite', async () => {
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
});

const open = (url: string) =>
  openPostgres({ url, clock: systemClock, identity: systemIdentity, log: silentLog, poolSize: 2 });

testLocks('PostgreSQL', async () => {
  const own = await createDatabase();
  const db = await open(own.url);
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
});

const contenders = 10;
let server: TestDatabase;
const stores: Database[] = [];
before(async () => {
  server = await createDatabase();
  for (let index = 0; index < contenders; index += 1) stores.push(await open(server.url));
  await Promise.all(stores.map((db) => migrate(db)));
});
after(async () => {
  await Promise.all(stores.map((db) => db.close()));
  await server.drop();
});

test('ten contenders never hold a lock at once, and every holder has a larger token', async () => {
  let inside = 0;
  let done = false;
  const tokens: number[] = [];
  const contend = async (db: Database, index: number) => {
    const key = { namespace: 'default', name: 'contended', owner: `contender-${index}` };
    while (!done) {
      const hold = seedId();
      const answer = await lockAcquire(db, { ...key, hold, ttl: 30_000 });
      if (answer.kind !== 'acquired') continue;
      inside += 1;
      assert.equal(inside, 1, 'two hold it at once');
      tokens.push(answer.lock.token);
      assert.ok(await lockRenew(db, { ...key, hold }, answer.lock.token));
      if (tokens.length >= 80) done = true;
      inside -= 1;
      assert.equal(await lockRelease(db, { ...key, hold }), true);
    }
  };
  // Rows are forgotten all the while: the floor must hold the tokens.
  const forget = async (db: Database) => {
    while (!done) await db.transaction((tx) => locksForget(tx, -60_000, 10));
  };
  const [forgetter, ...rest] = stores;
  assert.ok(forgetter);
  await Promise.all([forget(forgetter), ...rest.map(contend), contend(forgetter, contenders)]);
  assert.ok(tokens.length >= 80);
  tokens.forEach((token, at) =>
    assert.ok(at === 0 || token > (tokens[at - 1] ?? 0), `${tokens[at - 1]} then ${token}`),
  );
});
