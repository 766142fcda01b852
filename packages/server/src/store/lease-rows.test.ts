// Lease rows on both engines keep what the port promises; and what becomes of them when the store's clock steps.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresCluster, startPostgres } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { PostgresSignals } from '../drivers/postgres/signals.ts';
import { cuttingProxy } from '../drivers/postgres/testing/cutting-proxy.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { localSignals } from '../drivers/system/local-signals.ts';
import { type CoordinatorEnds, testCoordinator } from '../ports/conformance/coordinator.ts';
import type { Coordinator } from '../ports/coordinator.ts';
import { silentLog } from '../ports/log.ts';
import { leaseRows } from './lease-rows.ts';
import { migrate } from './migrate.ts';

const ttlMs = 4500;

async function onSqlite(): Promise<CoordinatorEnds> {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-leases-'));
  let now = 1_800_000_000_000;
  const open = () => openSqlite({ path: join(directory, 'tidewheel.db'), nowMs: () => now });
  const signals = localSignals();
  let db = open();
  await migrate(db);
  // One process, so both ends share the database; it is opened anew by a restart.
  const through = (): Coordinator => {
    const now = (): Coordinator => leaseRows({ db, signals });
    return {
      ...now(),
      acquire: (...args) => now().acquire(...args),
      renew: (grant) => now().renew(grant),
      release: (grant) => now().release(grant),
      holder: (name) => now().holder(name),
    };
  };
  return {
    here: through(),
    there: through(),
    ttlMs,
    pass: async (ms) => {
      now += ms;
    },
    restart: async () => {
      await db.close();
      db = open();
    },
    close: async () => {
      await signals.close();
      await db.close();
      rmSync(directory, { recursive: true });
    },
  };
}

let cluster: Promise<PostgresCluster> | undefined;
after(async () => (await cluster)?.stop());

/** The store's clock can be moved on. */
const movableClock = `
  create table clock_step (ms bigint not null);
  insert into clock_step values (0);
  create or replace function now_ms() returns bigint language sql stable as
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint + (select ms from public.clock_step)'`;

async function onPostgres(): Promise<CoordinatorEnds> {
  const server = await (cluster ??= startPostgres());
  const database = await server.createDatabase();
  const proxy = await cuttingProxy(database.url);
  const shared = { clock: systemClock, identity: systemIdentity, log: silentLog };
  const open = async (url: string) => {
    const db = await openPostgres({ ...shared, url, poolSize: 4 });
    const signals = new PostgresSignals({ ...shared, url });
    await signals.listening();
    return { db, signals, coordinator: leaseRows({ db, signals }) };
  };
  const there = await open(database.url);
  await migrate(there.db);
  for (const statement of movableClock.split(';')) await there.db.query(statement);
  const here = await open(proxy.url);
  return {
    here: here.coordinator,
    there: there.coordinator,
    ttlMs,
    pass: async (ms) => {
      await there.db.query('update clock_step set ms = ms + $1', [Math.round(ms)]);
    },
    restart: async () => {
      await server.kill();
      await server.restart();
      await Promise.all([here.signals.listening(), there.signals.listening()]);
    },
    cut: () => proxy.cutAll(),
    loseAnswerTo: (text) => proxy.cutAt(text, 'after'),
    close: async () => {
      for (const { db, signals } of [here, there]) {
        await signals.close();
        await db.close();
      }
      await proxy.close();
      await database.drop();
    },
  };
}

const oneProcess = 'SQLite lies in the process itself: there is no connection to break';
testCoordinator('SQLite', onSqlite, [
  { needs: 'cut', reason: oneProcess },
  { needs: 'loseAnswerTo', reason: oneProcess },
]);
testCoordinator('PostgreSQL', onPostgres);

test('a store whose clock steps back by hours does not keep a dead leader in office', async () => {
  const { here, there, pass, close } = await onSqlite();
  const grant = await here.acquire('l', 'a', ttlMs);
  await pass(-7_200_000);
  assert.equal(await here.renew(grant ?? assert.fail()), false);
  assert.ok(await there.acquire('l', 'b', ttlMs));
  await close();
});

test('a store whose clock steps back a little keeps the lease of a leader that renews', async () => {
  const { here, there, pass, close } = await onSqlite();
  const grant = (await here.acquire('l', 'a', ttlMs)) ?? assert.fail();
  await pass(-ttlMs + 1000);
  assert.equal(await there.acquire('l', 'b', ttlMs), null);
  assert.equal(await here.renew(grant), true);
  await close();
});
