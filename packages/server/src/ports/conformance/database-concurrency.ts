// Many at once: counters that must not lose an increment, claimers that must not share a row, writers that collide.

import assert from 'node:assert/strict';
import { ConstraintViolated, type Database, StoreUnavailable, type Tx } from '../database.ts';
import type { DatabaseTests } from './database-tests.ts';

const many = 40;

async function createCounter(db: Database): Promise<void> {
  await db.query('create table counter (name text not null primary key, value integer not null)');
  await db.query(`insert into counter (name, value) values ('a', 0), ('b', 0)`);
}

async function times(count: number, work: (index: number) => Promise<unknown>): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

async function increment(tx: Tx, name: string): Promise<void> {
  const rows = await tx.query<{ value: number }>(`select value from counter where name = $1${tx.dialect.forUpdate}`, [
    name,
  ]);
  await tx.query('update counter set value = $1 where name = $2', [(rows[0]?.value ?? 0) + 1, name]);
}

export const databaseConcurrency: DatabaseTests = {
  'concurrent transactions lose no increment of a locked row': async (db) => {
    await createCounter(db);
    await times(many, () => db.transaction((tx) => increment(tx, 'a')));
    assert.deepEqual(await db.query(`select value from counter where name = 'a'`), [{ value: many }]);
  },

  'transactions that lock in opposite order all succeed': async (db) => {
    // Few, because PostgreSQL takes a second to notice each deadlock.
    const few = 6;
    await createCounter(db);
    await times(few, (index) =>
      db.transaction(async (tx) => {
        const [first, second] = index % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
        await increment(tx, first ?? '');
        await increment(tx, second ?? '');
      }),
    );
    assert.deepEqual(await db.query('select name, value from counter order by name'), [
      { name: 'a', value: few },
      { name: 'b', value: few },
    ]);
  },

  'claimers never share a row': async (db) => {
    await db.query('create table task (id integer not null primary key, owner integer)');
    await db.query(`insert into task (id) select x.id from ${db.dialect.rows('$1', 'x', { id: 'int' })}`, [
      JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id }))),
    ]);
    const claims = new Map<number, number>();
    const claim = (owner: number): Promise<{ id: number }[]> =>
      db.transaction(async (tx) => {
        const locked = await tx.query<{ id: number }>(
          `select id from task where owner is null order by id limit 7${tx.dialect.skipLocked}`,
        );
        await tx.query(
          `update task set owner = $2 from ${tx.dialect.rows('$1', 'x', { id: 'int' })} where task.id = x.id`,
          [JSON.stringify(locked), owner],
        );
        return locked;
      });
    await times(8, async (owner) => {
      for (let rows = await claim(owner); rows.length > 0; rows = await claim(owner)) {
        for (const { id } of rows) {
          assert.equal(claims.get(id), undefined, `row ${id} was claimed twice`);
          claims.set(id, owner);
        }
      }
    });
    assert.equal(claims.size, 200);
    const owners = await db.query<{ id: number; owner: number }>('select id, owner from task');
    for (const { id, owner } of owners) assert.equal(owner, claims.get(id));
  },

  'of writers with one key exactly one wins': async (db) => {
    await createCounter(db);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        db.transaction((tx) => tx.query('insert into counter (name, value) values ($1, $2)', ['c', index])),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    assert.equal(refused.length, 9);
    for (const { reason } of refused) assert.ok(reason instanceof ConstraintViolated);
    assert.equal((await db.query(`select 1 as one from counter where name = 'c'`)).length, 1);
  },

  'failing transactions among others leave nothing': async (db) => {
    await createCounter(db);
    const results = await Promise.allSettled(
      Array.from({ length: many }, (_, index) =>
        db.transaction(async (tx) => {
          await increment(tx, 'a');
          if (index % 4 === 0) throw new Error('no');
        }),
      ),
    );
    assert.equal(results.filter((result) => result.status === 'rejected').length, many / 4);
    assert.deepEqual(await db.query(`select value from counter where name = 'a'`), [{ value: (many / 4) * 3 }]);
  },

  'reads and single statements go on between transactions': async (db) => {
    await createCounter(db);
    await times(many, async (index) => {
      if (index % 3 === 0) await db.transaction((tx) => increment(tx, 'a'));
      else if (index % 3 === 1) await db.query(`update counter set value = value + 1 where name = 'b'`);
      else {
        const [row] = await db.query<{ value: number }>(`select value from counter where name = 'a'`);
        assert.ok((row?.value ?? -1) >= 0);
      }
    });
    assert.deepEqual(await db.query('select name, value from counter order by name'), [
      { name: 'a', value: 14 },
      { name: 'b', value: 13 },
    ]);
  },

  'a snapshot sees one moment, whatever is written meanwhile, and writes nothing': async (db) => {
    await createCounter(db);
    const read = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const total = 'select sum(value) as total from counter';
    const [before] = await db.query(total);
    const snapshot = db.transaction(
      async (tx) => {
        const first = await tx.query(total);
        read.resolve();
        await written.promise;
        return [...first, ...(await tx.query(total))];
      },
      { snapshot: true },
    );
    await read.promise;
    await db.query('update counter set value = value + 1');
    written.resolve();
    assert.deepEqual(await snapshot, [before, before]);
    assert.notDeepEqual(await db.query(total), [before]);
    const writing = db.transaction((tx) => increment(tx, 'a'), { snapshot: true });
    await assert.rejects(writing, StoreUnavailable);
  },
};
