// PostgreSQL behind PgBouncer in transaction mode keeps what the port promises.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pg from 'pg';
import { type PgBouncer, startPgBouncer } from '../../../../../test/support/pgbouncer.ts';
import { createDatabase, sharedPostgres } from '../../../../../test/support/postgres.ts';
import { testDatabase } from '../../ports/conformance/database.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { openPostgres } from './database.ts';
import { cuttingProxy } from './testing/cutting-proxy.ts';

const world = { clock: systemClock, identity: systemIdentity, log: silentLog, pooler: 'transaction' } as const;

let started: Promise<PgBouncer> | undefined;
function pooler(): Promise<PgBouncer> {
  started ??= sharedPostgres().then(({ url }) => startPgBouncer(url));
  return started;
}
after(async () => (await started)?.stop());

async function setup() {
  const bouncer = await pooler();
  const database = await createDatabase();
  return { database, url: bouncer.urlOf(database.url) };
}

testDatabase('PostgreSQL behind PgBouncer', async () => {
  const { database, url } = await setup();
  const db = await openPostgres({ url, ...world });
  return {
    db,
    close: async () => {
      await db.close();
      await database.drop();
    },
  };
});

test('through a pooler each transaction has its limits of time, and a single statement, too', async () => {
  const { database, url } = await setup();
  const db = await openPostgres({ url, ...world, statementTimeoutMs: 300, lockTimeoutMs: 200 });
  try {
    await assert.rejects(db.query('select pg_sleep(60)'), StoreUnavailable);
    const [limits] = await db.query(
      `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as locks,
         current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    assert.deepEqual(limits, { statement: '300ms', locks: '200ms', idle: '3s' });
  } finally {
    await db.close();
    await database.drop();
  }
});

test('a commit through a pooler whose answer is lost is unknown, and reading back sees what will be', async () => {
  const { database, url } = await setup();
  const proxy = await cuttingProxy(url);
  const admin = new pg.Client(database.url);
  await admin.connect();
  const db = await openPostgres({ url: proxy.url, ...world });
  try {
    await db.query('create table note (id integer not null primary key)');
    for (const [id, cut, there] of [
      [1, 'before', false],
      [2, 'after', true],
      [3, 'silence', true],
    ] as const) {
      void proxy.cutAt('commit\0', cut);
      const adding = db.transaction((tx) => tx.query('insert into note (id) values ($1)', [id]));
      await assert.rejects(adding, OutcomeUnknown);
      const expected = there ? [{ id }] : [];
      assert.deepEqual(await db.query('select id from note where id = $1', [id]), expected);
      assert.deepEqual((await admin.query('select id from note where id = $1', [id])).rows, expected);
    }
  } finally {
    await db.close();
    await proxy.close();
    await admin.end();
    await database.drop();
  }
});
