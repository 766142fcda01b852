// Values on their way into the store and back: types, batches, names of violated keys, the clock.

import assert from 'node:assert/strict';
import { ConstraintViolated, type Database, StoreUnavailable } from '../database.ts';
import type { DatabaseTests } from './database-tests.ts';

const id = '0198c0de-0000-7000-8000-00000000000a';
const odd = `it's "quoted" \\ back\\u0041slash $1 ?1 :x @y -- no comment /* nor this */ \n\t 名前 😀 é ﷽`;
const largest = Number.MAX_SAFE_INTEGER;

async function createThing(db: Database): Promise<void> {
  await db.query(`create table thing (
    id uuid not null primary key, name text, small integer, large bigint, ratio double precision,
    grp text, kind text, check (small < 1000000), unique (grp, kind))`);
  await db.query(`create unique index thing_name on thing (name) where small > 0`);
}

const thing = { id: 'uuid', name: 'text', small: 'int', large: 'bigint', ratio: 'float' } as const;

/** One UUID per number. */
function idOf(index: number): string {
  return `0198c0de-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

function violates(constraint: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ConstraintViolated, String(error));
    assert.equal(error.constraint, constraint);
    return true;
  };
}

export const databaseValues: DatabaseTests = {
  'values come back as they were given': async (db) => {
    await createThing(db);
    for (const [index, row] of [
      [id, odd, -5, largest, 0.1],
      [idOf(4), odd, 999_999, 5, -0.5],
      [idOf(1), '', 0, -largest, -1e300],
      [idOf(2), null, null, null, null],
      [idOf(3), 'x'.repeat(1_000_000), -1, 0, 5],
    ].entries()) {
      await db.query('insert into thing (id, name, small, large, ratio) values ($1, $2, $3, $4, $5)', row);
      const found = await db.query('select id, name, small, large, ratio from thing where id = $1', [row[0] ?? null]);
      const [key, name, small, large, ratio] = row;
      assert.deepEqual(found, [{ id: key, name, small, large, ratio }], `row ${index}`);
    }
  },

  'a batch carries every type, nulls and absent keys': async (db) => {
    await createThing(db);
    const rows = [
      { id, name: odd, small: -5, large: largest, ratio: 0.25 },
      { id: idOf(1), name: null, small: null, large: null, ratio: null },
      { id: idOf(2) },
    ];
    await db.query(
      `insert into thing (id, name, small, large, ratio)
       select x.id, x.name, x.small, x.large, x.ratio from ${db.dialect.rows('$1', 'x', thing)}`,
      [JSON.stringify(rows)],
    );
    const nothing = { name: null, small: null, large: null, ratio: null };
    assert.deepEqual(await db.query('select id, name, small, large, ratio from thing order by id'), [
      { id: idOf(1), ...nothing },
      { id: idOf(2), ...nothing },
      { id, name: odd, small: -5, large: largest, ratio: 0.25 },
    ]);
  },

  'an empty batch has no rows': async (db) => {
    assert.deepEqual(await db.query(`select x.id from ${db.dialect.rows('$1', 'x', thing)}`, ['[]']), []);
  },

  'a batch may stand in any place and be joined with tables and other batches': async (db) => {
    await createThing(db);
    await db.query('insert into thing (id, name) values ($1, $2)', [id, 'a']);
    const { rows } = db.dialect;
    const found = await db.query(
      `select t.name, y.small from ${rows('$3', 'y', { small: 'int' })}, thing t
       join ${rows('$1', 'x', { id: 'uuid' })} on x.id = t.id where t.name = $2`,
      [JSON.stringify([{ id }, { id: idOf(1) }]), 'a', JSON.stringify([{ small: 7 }])],
    );
    assert.deepEqual(found, [{ name: 'a', small: 7 }]);
  },

  'text that PostgreSQL cannot hold is stored with a replacement character': async (db) => {
    await createThing(db);
    await db.query('insert into thing (id, name) values ($1, $2)', [idOf(1), 'nul \0, lone \uD83D, whole 😀, \\u0000']);
    await db.query(
      `insert into thing (id, name) select x.id, x.name from ${db.dialect.rows('$1', 'x', { id: 'uuid', name: 'text' })}`,
      [JSON.stringify([{ id: idOf(2), name: 'nul \0, lone \uDE00\uD83D, whole 😀, \\u0000 \\\0' }])],
    );
    // As a payload travels: JSON text within a batch. Its own escape sequences are only text here.
    const payload = JSON.stringify({ text: '\0\uD83D' });
    await db.query(
      `insert into thing (id, name) select x.id, x.name from ${db.dialect.rows('$1', 'x', { id: 'uuid', name: 'text' })}`,
      [JSON.stringify([{ id: idOf(3), name: payload }])],
    );
    assert.deepEqual(await db.query('select name from thing order by id'), [
      { name: 'nul \uFFFD, lone \uFFFD, whole 😀, \\u0000' },
      { name: 'nul \uFFFD, lone \uFFFD\uFFFD, whole 😀, \\u0000 \\\uFFFD' },
      { name: payload },
    ]);
  },

  'counts, sums and truth are numbers': async (db) => {
    await createThing(db);
    await db.query('insert into thing (id, small, large) values ($1, 2, $2), ($3, 3, 10)', [idOf(1), 2 ** 40, idOf(2)]);
    assert.deepEqual(
      await db.query(
        `select count(*) as n, sum(small) as small, sum(large) as large, max(large) as top,
           exists (select 1 from thing where small = 2) as here, exists (select 1 from thing where small = 9) as there,
           sum(case when small > 2 then 1 else 0 end) as some from thing`,
      ),
      [{ n: 2, small: 5, large: 2 ** 40 + 10, top: 2 ** 40, here: 1, there: 0, some: 1 }],
    );
  },

  'whole numbers are divided as whole numbers': async (db) => {
    await createThing(db);
    await db.query('insert into thing (id, large) values ($1, $2)', [id, 100_007]);
    assert.deepEqual(await db.query('select large / 1000 * 1000 as a, large / $1 as b from thing', [1000]), [
      { a: 100_000, b: 100 },
    ]);
  },

  'parameters go by number, in any order, and may be used twice': async (db) => {
    await createThing(db);
    await db.query('insert into thing (name, small, id, kind) values ($3, $1, $2, $3)', [4, id, 'n']);
    assert.deepEqual(
      await db.query(
        `select name, small, kind from thing where name = $2 and small = $1 and kind = $2 and small <= $1`,
        [4, 'n'],
      ),
      [{ name: 'n', small: 4, kind: 'n' }],
    );
  },

  'what looks like a parameter, a type or a comment inside quotes is text': async (db) => {
    const rows = await db.query(
      `select '$1 uuid -- ''bigint'' /* $2 */' as a, /* $3 'x */ $1 as "uuid $1" -- $4 it's`,
      ['real'],
    );
    assert.deepEqual(rows, [{ a: `$1 uuid -- 'bigint' /* $2 */`, 'uuid $1': 'real' }]);
  },

  'a value of the wrong type is refused': async (db) => {
    await createThing(db);
    await assert.rejects(db.query('insert into thing (id, small) values ($1, $2)', [id, 'many']));
    await assert.rejects(
      db.query(
        `insert into thing (id, small) select x.id, x.small from ${db.dialect.rows('$1', 'x', { id: 'uuid', small: 'int' })}`,
        [JSON.stringify([{ id, small: 'many' }])],
      ),
    );
    assert.deepEqual(await db.query('select id from thing'), []);
  },

  'a violated constraint is named as PostgreSQL names it': async (db) => {
    await createThing(db);
    const insert = 'insert into thing (id, name, small, grp, kind) values ($1, $2, $3, $4, $5)';
    await db.query(insert, [idOf(1), 'a', 1, 'g', 'k']);
    await assert.rejects(db.query(insert, [idOf(1), 'b', 1, 'h', 'k']), violates('thing_pkey'));
    await assert.rejects(db.query(insert, [idOf(2), 'a', 1, 'h', 'k']), violates('thing_name'));
    await assert.rejects(db.query(insert, [idOf(2), 'b', 1, 'g', 'k']), violates('thing_grp_kind_key'));
    await assert.rejects(db.query(insert, [null, 'b', 1, 'h', 'k']), violates('thing.id'));
    await assert.rejects(db.query(insert, [idOf(2), 'b', 1_000_000, 'h', 'k']), ConstraintViolated);
    await db.query(insert, [idOf(2), 'a', 0, 'g', 'l']);
    assert.deepEqual(await db.query('select count(*) as n from thing'), [{ n: 2 }]);
  },

  'a statement returns the rows it wrote': async (db) => {
    await createThing(db);
    const { rows } = db.dialect;
    const batch = JSON.stringify([
      { id: idOf(1), small: 10 },
      { id: idOf(2), small: 20 },
    ]);
    const columns = { id: 'uuid', small: 'int' } as const;
    const inserted = await db.query<{ small: number }>(
      `insert into thing (id, small) select x.id, x.small from ${rows('$1', 'x', columns)} returning small`,
      [batch],
    );
    assert.deepEqual(
      inserted.map((row) => row.small).sort((a, b) => a - b),
      [10, 20],
    );
    assert.deepEqual(
      await db.query(
        `insert into thing (id, small) select x.id, x.small from ${rows('$1', 'x', columns)} where true
         on conflict (id) do nothing returning id`,
        [JSON.stringify([{ id: idOf(1) }, { id: idOf(3), small: 30 }])],
      ),
      [{ id: idOf(3) }],
    );
    const updated = await db.query<{ id: string; small: number }>(
      `update thing set small = thing.small + x.small from ${rows('$1', 'x', columns)} where thing.id = x.id
       returning thing.id, thing.small`,
      [batch],
    );
    assert.deepEqual(
      updated.sort((a, b) => a.small - b.small),
      [
        { id: idOf(1), small: 20 },
        { id: idOf(2), small: 40 },
      ],
    );
    assert.deepEqual(await db.query('delete from thing where small = 30 returning id'), [{ id: idOf(3) }]);
    assert.deepEqual(await db.query('update thing set small = 0 where small = 99'), []);
  },

  'large batches are one statement': async (db) => {
    await createThing(db);
    const batch = Array.from({ length: 5000 }, (_, index) => ({
      id: idOf(index),
      name: `n${index}`,
      small: index,
      large: 0,
    }));
    await db.query(
      `insert into thing (id, name, small, large) select x.id, x.name, x.small, x.large from ${db.dialect.rows('$1', 'x', thing)}`,
      [JSON.stringify(batch)],
    );
    const updated = await db.query(
      `update thing set large = x.large from ${db.dialect.rows('$1', 'x', { id: 'uuid', large: 'bigint' })}
       where thing.id = x.id returning thing.id`,
      [JSON.stringify(batch.map((row, index) => ({ id: row.id, large: index })))],
    );
    assert.equal(updated.length, 5000);
    assert.deepEqual(await db.query('select count(*) as n, sum(large) as total from thing where large = small'), [
      { n: 5000, total: (4999 * 5000) / 2 },
    ]);
  },

  'the clock is the store’s, in whole milliseconds, and moves within a transaction': async (db) => {
    await createThing(db);
    await db.transaction(async (tx) => {
      const read = async (): Promise<number> =>
        (await tx.query<{ now: number }>('select now_ms() as now'))[0]?.now ?? 0;
      const first = await read();
      assert.ok(Number.isSafeInteger(first) && first > 1_500_000_000_000);
      let latest = first;
      while (latest === first) latest = await read();
      assert.ok(latest > first);
      await tx.query('insert into thing (id, large, name) values ($1, now_ms(), cast(now_ms() / 1000 as text))', [id]);
    });
    const [row] = await db.query<{ large: number; name: string; past: number }>(
      'select large, name, large <= now_ms() as past from thing',
    );
    assert.ok(Number.isSafeInteger(row?.large));
    assert.match(row?.name ?? '', /^\d{10}$/);
    assert.equal(row?.past, 1);
  },

  'a faulty statement is an error and harms nothing': async (db) => {
    await createThing(db);
    await assert.rejects(db.query('selec 1'));
    await assert.rejects(db.query('select nothing from nowhere'));
    await assert.rejects(db.transaction((tx) => tx.query('select nothing from nowhere')));
    assert.deepEqual(await db.query('select count(*) as n from thing'), [{ n: 0 }]);
  },

  'after a change of a table, statements see its new columns': async (db) => {
    await createThing(db);
    await db.query('insert into thing (id) values ($1)', [id]);
    const before = await db.query('select * from thing');
    await db.query('alter table thing add column added text');
    assert.deepEqual(await db.query('select * from thing'), [{ ...before[0], added: null }]);
  },

  'a closed database refuses, and may be closed twice': async (db) => {
    await db.close();
    await db.close();
    await assert.rejects(db.query('select 1 as one'), StoreUnavailable);
    await assert.rejects(
      db.transaction(() => Promise.resolve()),
      StoreUnavailable,
    );
  },
};
