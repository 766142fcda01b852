// What the store says when PostgreSQL or the way to it fails, at every moment of a transaction: refused and nothing
// committed, or unknown and to be read back. Never success that is none.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import pg from 'pg';
import { createDatabase, startPostgres } from '../../../../../test/support/postgres.ts';
import { type Database, OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { assertVersion } from './bootstrap.ts';
import { openPostgres, type PostgresOptions } from './database.ts';
import { type CuttingProxy, cuttingProxy } from './testing/cutting-proxy.ts';

const world = { clock: systemClock, identity: systemIdentity, log: silentLog };
const insert = 'insert into note (id) values ($1)';

interface Bench {
  /** By way of the proxy. */
  readonly db: Database;
  /** Straight to the server, to look at what has happened. */
  readonly admin: pg.Client;
  readonly proxy: CuttingProxy;
}

async function withBench(use: (bench: Bench) => Promise<void>, options: Partial<PostgresOptions> = {}): Promise<void> {
  const database = await createDatabase();
  const admin = new pg.Client(database.url);
  await admin.connect();
  await admin.query('create table note (id integer not null primary key)');
  const proxy = await cuttingProxy(database.url);
  const db = await openPostgres({ url: proxy.url, ...world, ...options });
  try {
    await use({ db, admin, proxy });
  } finally {
    await db.close();
    await proxy.close();
    await admin.end();
    await database.drop();
  }
}

/** A server that waits for a standby that does not exist, until `lift` is called. */
async function withStandbyMissing(
  use: (db: Database, admin: pg.Client, lift: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const cluster = await startPostgres();
  const admin = new pg.Client({ connectionString: cluster.url, options: '-c synchronous_commit=local' });
  try {
    await admin.connect();
    await admin.query('create table note (id integer not null primary key)');
    const db = await openPostgres({ url: cluster.url, ...world, statementTimeoutMs: 1000, answerMarginMs: 0 });
    const wait = async (wanted: string): Promise<void> => {
      await admin.query(`alter system set synchronous_standby_names = '${wanted}'`);
      await admin.query('select pg_reload_conf()');
      // Sessions, and the process that watches over standbys, know the new setting a moment later.
      for (let is = 'not known'; is !== wanted; ) {
        const [row] = await db.query<{ is: string }>(`select current_setting('synchronous_standby_names') as is`);
        is = row?.is ?? '';
      }
    };
    await wait('nobody');
    await use(db, admin, async () => {
      await admin.query(`alter system set synchronous_standby_names = ''`);
      await admin.query('select pg_reload_conf()');
    });
    await db.close();
  } finally {
    await admin.end();
    await cluster.stop();
  }
}

/** The answer, as soon as the store gives one again. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

async function notes(admin: pg.Client): Promise<number[]> {
  return (await admin.query<{ id: number }>('select id from note order by id')).rows.map((row) => row.id);
}

function add(db: Database, id: number): Promise<unknown> {
  return db.transaction((tx) => tx.query(insert, [id]));
}

describe('a PostgreSQL store that fails', { timeout: 120_000 }, () => {
  test('a connection cut before the commit arrives: unknown, and nothing is there', () =>
    withBench(async ({ db, admin, proxy }) => {
      void proxy.cutAt('commit\0', 'before');
      await assert.rejects(add(db, 1), OutcomeUnknown);
      assert.deepEqual(await notes(admin), []);
      await add(db, 2);
      assert.deepEqual(await db.query('select id from note'), [{ id: 2 }]);
    }));

  test('a connection cut after the commit was executed: unknown, and reading back finds it', () =>
    withBench(async ({ db, proxy }) => {
      void proxy.cutAt('commit\0', 'after');
      await assert.rejects(add(db, 1), OutcomeUnknown);
      assert.deepEqual(await db.query('select id from note'), [{ id: 1 }]);
    }));

  test('a network that goes silent after the commit: unknown within the limit of time', () =>
    withBench(
      async ({ db, proxy }) => {
        void proxy.cutAt('commit\0', 'silence');
        await assert.rejects(add(db, 1), OutcomeUnknown);
        assert.deepEqual(await db.query('select id from note'), [{ id: 1 }]);
      },
      { statementTimeoutMs: 100, answerMarginMs: 100 },
    ));

  test('a commit that arrives after its outcome was read back is no commit', () =>
    withBench(
      async ({ db, admin, proxy }) => {
        void proxy.cutAt('commit\0', 'late');
        await assert.rejects(add(db, 1), OutcomeUnknown);
        assert.deepEqual(await db.query('select id from note'), []);
        proxy.deliver();
        await db.query('select pg_sleep(0.1)');
        assert.deepEqual(await notes(admin), []);
      },
      { statementTimeoutMs: 500, answerMarginMs: 0 },
    ));

  test('a connection lost within the work: refused, and nothing is there', () =>
    withBench(async ({ db, admin, proxy }) => {
      void proxy.cutAt('insert into note', 'after');
      await assert.rejects(add(db, 1), StoreUnavailable);
      assert.deepEqual(await notes(admin), []);
      await add(db, 2);
    }));

  test('a connection lost between two statements: refused, and nothing is there', () =>
    withBench(async ({ db, admin, proxy }) => {
      const broken = db.transaction(async (tx) => {
        await tx.query(insert, [1]);
        proxy.cutAll();
        await tx.query(insert, [2]);
      });
      await assert.rejects(broken, StoreUnavailable);
      assert.deepEqual(await notes(admin), []);
    }));

  test('a single writing statement whose answer is lost is unknown, a reading one refused', () =>
    withBench(async ({ db, admin, proxy }) => {
      void proxy.cutAt('insert into note', 'after');
      await assert.rejects(db.query(insert, [1]), OutcomeUnknown);
      assert.deepEqual(await notes(admin), [1]);
      void proxy.cutAt('select id', 'after');
      await assert.rejects(db.query('select id from note'), StoreUnavailable);
    }));

  test('an operator who ends the session in the middle: refused, and the next transaction is served', () =>
    withBench(async ({ db, admin }) => {
      const ended = db.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
        await tx.query(insert, [1]);
        await admin.query('select pg_terminate_backend($1)', [row?.pid]);
        await tx.query(insert, [2]);
      });
      await assert.rejects(ended, StoreUnavailable);
      await add(db, 3);
      assert.deepEqual(await notes(admin), [3]);
    }));

  test('idle connections that the server has ended are replaced unseen', () =>
    withBench(async ({ db, admin }) => {
      await add(db, 1);
      await admin.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where application_name = 'tidewheel store' and datname = current_database()`,
      );
      // The end of a connection needs a moment to be seen here; until then a statement may be refused.
      for (;;) {
        const rows = await db.query('select id from note').catch((error: unknown) => {
          assert.ok(error instanceof StoreUnavailable, String(error));
          return [];
        });
        if (rows.length === 1) return;
      }
    }));

  test('a forced deadlock is tried again and both transactions succeed', () =>
    withBench(async ({ db, admin }) => {
      await admin.query('create table pair (id integer not null primary key, value integer not null)');
      await admin.query('insert into pair values (1, 0), (2, 0)');
      let attempts = 0;
      const bothLocked = meeting(2);
      const swap = (first: number, second: number): Promise<void> =>
        db.transaction(async (tx) => {
          attempts += 1;
          await tx.query('update pair set value = value + 1 where id = $1', [first]);
          await bothLocked();
          await tx.query('update pair set value = value + 1 where id = $1', [second]);
        });
      await Promise.all([swap(1, 2), swap(2, 1)]);
      assert.equal(attempts, 3);
      assert.deepEqual(await db.query('select value from pair'), [{ value: 2 }, { value: 2 }]);
    }));

  test('a deadlock is tried again even when the work hides the error', () =>
    withBench(async ({ db }) => {
      let attempts = 0;
      await db.transaction(async (tx) => {
        attempts += 1;
        if (attempts > 1) return;
        await tx
          .query(`do $$ begin raise exception 'pretended' using errcode = '40001'; end $$`)
          .catch(() => Promise.reject(new Error('something else')));
      });
      assert.equal(attempts, 2);
    }));

  test('conflicts without end are given up', () =>
    withBench(async ({ db }) => {
      let attempts = 0;
      const hopeless = db.transaction(async (tx) => {
        attempts += 1;
        await tx.query(`do $$ begin raise exception 'pretended' using errcode = '40001'; end $$`);
      });
      await assert.rejects(hopeless, StoreUnavailable);
      assert.equal(attempts, 11);
    }));

  test('a statement that takes too long, and a lock that is not given, are refused', () =>
    withBench(
      async ({ db, admin }) => {
        await assert.rejects(db.query('select pg_sleep(60)'), StoreUnavailable);
        await admin.query('begin');
        await admin.query('lock table note');
        await assert.rejects(add(db, 1), StoreUnavailable);
        await admin.query('rollback');
        await add(db, 2);
        assert.deepEqual(await notes(admin), [2]);
      },
      { statementTimeoutMs: 300, lockTimeoutMs: 50 },
    ));

  test('patient transactions have no limit of time', () =>
    withBench(
      async ({ db }) => {
        await db.transaction((tx) => tx.query('select pg_sleep(0.5)'), { patient: true });
        await assert.rejects(
          db.transaction((tx) => tx.query('select pg_sleep(0.5)')),
          StoreUnavailable,
        );
      },
      { statementTimeoutMs: 50, answerMarginMs: 50 },
    ));

  test('a transaction that stands still is ended by the server and refused', () =>
    withBench(
      async ({ db, admin }) => {
        const still = db.transaction(async (tx) => {
          await tx.query(insert, [1]);
          await admin.query('select pg_sleep(0.3)');
          await tx.query(insert, [2]);
        });
        await assert.rejects(still, StoreUnavailable);
        assert.deepEqual(await notes(admin), []);
      },
      { idleInTransactionTimeoutMs: 50 },
    ));

  test('a commit that no standby confirms is unknown, and nobody reads it before a standby has it', () =>
    withStandbyMissing(async (db, admin, lift) => {
      await assert.rejects(add(db, 1), OutcomeUnknown);
      // The server waits on, and must not be stopped from it: then everybody would see what no standby has.
      await assert.rejects(db.query('select id from note'), /waits for its standby/);
      assert.deepEqual(await notes(admin), []);
      await lift();
      assert.deepEqual(await eventually(() => db.query('select id from note')), [{ id: 1 }]);
    }));

  test('a commit whose wait for a standby an operator ends is unknown, and is not read before a standby has it', () =>
    withStandbyMissing(async (db, admin, lift) => {
      const unknown = assert.rejects(add(db, 1), OutcomeUnknown);
      for (let ended: number | null = 0; ended !== 1; ) {
        const waiting = `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`;
        ended = (await admin.query(waiting)).rowCount;
      }
      await unknown;
      assert.deepEqual(await notes(admin), [1]);
      await assert.rejects(db.query('select id from note'), /waits for a standby to confirm/);
      await lift();
      assert.deepEqual(await eventually(() => db.query('select id from note')), [{ id: 1 }]);
    }));

  test('a session that an operator ends while its commit waits for a standby is unknown', () =>
    withStandbyMissing(async (db, admin, lift) => {
      const unknown = assert.rejects(add(db, 2), OutcomeUnknown);
      for (let ended: number | null = 0; ended !== 1; ) {
        const waiting = `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`;
        ended = (await admin.query(waiting)).rowCount;
      }
      await unknown;
      await assert.rejects(db.query('select id from note'), StoreUnavailable);
      await lift();
      assert.deepEqual(await eventually(() => db.query('select id from note')), [{ id: 2 }]);
    }));

  test('a server that crashes is used again when it is back', async () => {
    const cluster = await startPostgres();
    try {
      const db = await openPostgres({ url: cluster.url, ...world });
      await db.query('create table note (id integer not null primary key)');
      await add(db, 1);
      await cluster.kill();
      await assert.rejects(add(db, 2), StoreUnavailable);
      await cluster.restart();
      assert.deepEqual(await db.query('select id from note'), [{ id: 1 }]);
      await db.close();
    } finally {
      await cluster.stop();
    }
  });

  test('a standby is refused, because it answers with the past', async () => {
    const cluster = await startPostgres();
    try {
      writeFileSync(join(cluster.dataDir, 'standby.signal'), '');
      await cluster.restart();
      await assert.rejects(openPostgres({ url: cluster.url, ...world }), (error) => {
        assert.ok(error instanceof StoreUnavailable, String(error));
        assert.match(error.message, /standby/);
        return true;
      });
    } finally {
      await cluster.stop();
    }
  });

  test('a server that is not there refuses to open, without telling the password', async () => {
    const opening = openPostgres({ url: 'postgres://someone:hush@127.0.0.1:1/none', ...world });
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.doesNotMatch(error.message, /hush/);
      return true;
    });
  });

  test('a server that is too old is refused', () => {
    assert.throws(
      () => assertVersion(140_012, '14.12'),
      (error) => error instanceof Refusal && error.code === 'INVALID_CONFIG' && /14\.12/.test(error.message),
    );
    assertVersion(150_000, '15.0');
  });

  test('a poll for what is due goes along the index', () =>
    withBench(async ({ db }) => {
      await db.query('create table due (at bigint not null)');
      await db.query('create index due_at on due (at)');
      await db.query('insert into due select now_ms() + i * 1000 from generate_series(1, 5000) i');
      await db.query('analyze due');
      const plan = await db.query<{ 'QUERY PLAN': string }>(
        'explain select at from due where at <= now_ms() order by at',
      );
      assert.match(plan.map((row) => row['QUERY PLAN']).join('\n'), /Index Cond: \(at <= now_ms\(\)\)/);
    }));
});

/** A function that resolves for its first callers when `count` of them have come, and at once for later ones. */
function meeting(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come >= count) all.resolve();
    return all.promise;
  };
}
