// What a transaction promises: all or nothing, in order, and nothing after the first failure.

import assert from 'node:assert/strict';
import { ConstraintViolated, type Database } from '../database.ts';
import type { DatabaseTests } from './database-tests.ts';

async function createCounter(db: Database): Promise<void> {
  await db.query('create table counter (name text not null primary key, value integer not null)');
}

function counters(db: Database): Promise<object[]> {
  return db.query('select name, value from counter order by name');
}

const insert = 'insert into counter (name, value) values ($1, $2)';

export const databaseTransactions: DatabaseTests = {
  'a transaction gives its result and commits everything': async (db) => {
    await createCounter(db);
    const seen = await db.transaction(async (tx) => {
      await tx.query(insert, ['a', 1]);
      await tx.query(insert, ['b', 2]);
      return tx.query('select sum(value) as total from counter');
    });
    assert.deepEqual(seen, [{ total: 3 }]);
    assert.deepEqual(await counters(db), [
      { name: 'a', value: 1 },
      { name: 'b', value: 2 },
    ]);
  },

  'work that rejects leaves nothing and its error comes out': async (db) => {
    await createCounter(db);
    const reason = new Error('changed my mind');
    const failing = db.transaction(async (tx) => {
      await tx.query(insert, ['a', 1]);
      throw reason;
    });
    await assert.rejects(failing, (error) => error === reason);
    assert.deepEqual(await counters(db), []);
  },

  'a batch with one bad row writes none': async (db) => {
    await createCounter(db);
    await db.query(insert, ['b', 0]);
    const batch = db.query(
      `insert into counter (name, value) select x.name, x.value from ${db.dialect.rows('$1', 'x', { name: 'text', value: 'int' })}`,
      [JSON.stringify(['a', 'b', 'c'].map((name) => ({ name, value: 1 })))],
    );
    await assert.rejects(batch, ConstraintViolated);
    assert.deepEqual(await counters(db), [{ name: 'b', value: 0 }]);
  },

  'after a failed statement nothing more is done, even if the work goes on': async (db) => {
    await createCounter(db);
    await db.query(insert, ['a', 0]);
    const stubborn = db.transaction(async (tx) => {
      await tx.query(insert, ['b', 1]);
      await assert.rejects(tx.query(insert, ['a', 1]), ConstraintViolated);
      await assert.rejects(tx.query(insert, ['c', 1]), ConstraintViolated);
      return 'done';
    });
    await assert.rejects(stubborn, ConstraintViolated);
    assert.deepEqual(await counters(db), [{ name: 'a', value: 0 }]);
  },

  'nobody sees what is not committed': async (db) => {
    await createCounter(db);
    // Asked by someone else, who stands outside the transaction.
    const written = Promise.withResolvers<void>();
    const looked = written.promise.then(() => counters(db));
    const failing = db.transaction(async (tx) => {
      await tx.query(insert, ['a', 1]);
      written.resolve();
      await tx.query('select 1 as one');
      throw new Error('no');
    });
    await assert.rejects(failing, /no/);
    assert.deepEqual(await looked, []);
  },

  'statements sent at once are done in their order': async (db) => {
    await createCounter(db);
    await db.transaction(async (tx) => {
      await Promise.all([
        tx.query(insert, ['a', 1]),
        ...Array.from({ length: 20 }, (_, index) => tx.query('update counter set value = value * 2 + $1', [index % 2])),
      ]);
    });
    let expected = 1;
    for (let index = 0; index < 20; index += 1) expected = expected * 2 + (index % 2);
    assert.deepEqual(await counters(db), [{ name: 'a', value: expected }]);
  },

  'a statement that the work does not wait for is still part of the transaction': async (db) => {
    await createCounter(db);
    await db.transaction(async (tx) => {
      void tx.query(insert, ['a', 1]);
    });
    assert.deepEqual(await counters(db), [{ name: 'a', value: 1 }]);
  },

  'a transaction that is over takes no more statements': async (db) => {
    await createCounter(db);
    const kept = await db.transaction((tx) => Promise.resolve({ tx }));
    await assert.rejects(async () => kept.tx.query(insert, ['a', 1]), /over/);
    assert.deepEqual(await counters(db), []);
  },

  'asking the database inside a transaction is refused': async (db) => {
    await createCounter(db);
    await assert.rejects(
      db.transaction(() => db.query('select 1 as one')),
      /inside a transaction/,
    );
    await assert.rejects(
      db.transaction(() => db.transaction(() => Promise.resolve(1))),
      /inside a transaction/,
    );
    assert.deepEqual(await db.query('select 1 as one'), [{ one: 1 }]);
  },

  'closing waits for the transaction under way': async (db) => {
    await createCounter(db);
    let closing: Promise<void> | undefined;
    const done = db.transaction(async (tx) => {
      closing = db.close();
      await tx.query(insert, ['a', 1]);
      return tx.query('select value from counter');
    });
    assert.deepEqual(await done, [{ value: 1 }]);
    await closing;
  },
};
