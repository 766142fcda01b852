// Migrations on both engines: in order, whole or not at all, by exactly one of many, and never on a foreign history.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type ErrorCode, Refusal } from '@tidewheel/protocol';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { ConstraintViolated, type Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { sqlStatements } from '../core/sql-text.ts';
import { type Migration, migrate, migrationOf, migrationsAhead, readMigrations } from './migrate.ts';

const first = migrationOf(1, 'first', `create table a (id integer not null primary key); insert into a values (1);`);
const second = migrationOf(
  2,
  'second',
  `-- A comment; with a semicolon and an odd quote: it's fine.
   create table b (id integer not null primary key, text text not null default 'a;b''c');
   /* another; one */ insert into b (id) select id from a;
   create view both_of_them as select a.id, b.text from a join b on a.id = b.id`,
);
const failing = migrationOf(2, 'second', 'create table b (id integer not null primary key); insert into a values (1);');

function refuses(code: ErrorCode, mention: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, mention);
    return true;
  };
}

interface Opened {
  /** One more connection to the same database, where there can be one. */
  readonly another: () => Promise<Database>;
  readonly close: () => Promise<void>;
}

const engines: Readonly<Record<string, () => Promise<Opened>>> = {
  SQLite: () => {
    const db = openSqlite({ path: ':memory:', nowMs: () => 1_800_000_000_000 });
    return Promise.resolve({ another: () => Promise.resolve(db), close: () => db.close() });
  },
  PostgreSQL: async () => {
    const database = await createDatabase();
    const opened: Database[] = [];
    const shared = { clock: systemClock, identity: systemIdentity, log: silentLog, poolSize: 2 };
    return {
      another: async () => {
        const db = await openPostgres({ url: database.url, ...shared, lockTimeoutMs: 20, statementTimeoutMs: 1000 });
        opened.push(db);
        return db;
      },
      close: async () => {
        await Promise.all(opened.map((db) => db.close()));
        await database.drop();
      },
    };
  },
};

for (const [engine, open] of Object.entries(engines)) {
  const withDatabase = (use: (db: Database, opened: Opened) => Promise<void>) => async (): Promise<void> => {
    const opened = await open();
    try {
      await use(await opened.another(), opened);
    } finally {
      await opened.close();
    }
  };

  describe(`migrations on ${engine}`, { timeout: 120_000 }, () => {
    test(
      'what is missing is applied in order, and once',
      withDatabase(async (db) => {
        assert.deepEqual(await migrate(db, [first]), [1]);
        assert.deepEqual(await migrate(db, [first, second]), [2]);
        assert.deepEqual(await migrate(db, [first, second]), []);
        assert.deepEqual(await db.query('select id, text from both_of_them'), [{ id: 1, text: `a;b'c` }]);
        const recorded = await db.query<{ applied_at: number }>('select * from schema_migration order by version');
        assert.deepEqual(
          recorded.map(({ applied_at: _at, ...row }) => row),
          [first, second].map(({ version, name, checksum }) => ({ version, name, checksum })),
        );
        for (const row of recorded) assert.ok(row.applied_at > 1_700_000_000_000);
      }),
    );

    test(
      'one that fails leaves nothing of itself, and works when it is mended',
      withDatabase(async (db) => {
        await assert.rejects(migrate(db, [first, failing]), ConstraintViolated);
        assert.deepEqual(await db.query('select version from schema_migration'), [{ version: 1 }]);
        assert.deepEqual(await migrate(db, [first, second]), [2]);
      }),
    );

    test(
      'one that was changed after it had been applied is refused',
      withDatabase(async (db) => {
        await migrate(db, [first, second]);
        const changed = migrationOf(1, 'first', `${first.sql} -- better`);
        await assert.rejects(migrate(db, [changed, second]), refuses('DATABASE_CHANGED', /migration 1 \(first\)/));
      }),
    );

    test(
      'a database that knows more than this binary is refused',
      withDatabase(async (db) => {
        await migrate(db, [first, second]);
        await assert.rejects(migrate(db, [first]), refuses('DATABASE_NEWER', /migration 2 \(second\).* up to 1/));
      }),
    );

    test(
      'a database that was only added to since is used by the binary that it names, and by none that is older',
      withDatabase(async (db) => {
        const third = migrationOf(3, 'third', `alter table schema_migration add column usable_from integer`);
        const fourth = migrationOf(4, 'fourth', `-- usable from: 3\ncreate table c (id integer)`);
        const fifth = migrationOf(5, 'fifth', `-- usable from: 3\ncreate table d (id integer)`);
        const sixth = migrationOf(6, 'sixth', `drop table c`);
        await migrate(db, [first, second, third, fourth, fifth]);
        assert.deepEqual(await migrate(db, [first, second, third]), []);
        assert.deepEqual(await migrationsAhead(db, [first, second, third]), ['4 (fourth)', '5 (fifth)']);
        assert.deepEqual(await migrationsAhead(db, [first, second, third, fourth, fifth]), []);
        await assert.rejects(
          migrate(db, [first, second]),
          refuses('DATABASE_NEWER', /migration 3 \(third\).* up to 2/),
        );
        // Contract: what the old binary needs is gone, so it is refused, although two newer ones did let it in.
        await migrate(db, [first, second, third, fourth, fifth, sixth]);
        await assert.rejects(
          migrate(db, [first, second, third]),
          refuses('DATABASE_NEWER', /migration 6 \(sixth\), which binaries can use that know migration 6; .* up to 3/),
        );
      }),
    );

    test(
      'ten who migrate at once: each script is applied by exactly one',
      withDatabase(async (_, opened) => {
        const migrations: Migration[] = [first, second];
        const slow = engine === 'PostgreSQL' ? `; select pg_sleep(0.1)` : '';
        for (let version = 3; version <= 6; version += 1) {
          migrations.push(migrationOf(version, `more_${version}`, `create table t${version} (id integer)${slow}`));
        }
        const all = await Promise.all(Array.from({ length: 10 }, () => opened.another()));
        const applied = (await Promise.all(all.map((db) => migrate(db, migrations)))).flat();
        assert.deepEqual(
          applied.sort((a, b) => a - b),
          [1, 2, 3, 4, 5, 6],
        );
      }),
    );

    test(
      'the migrations of this release make a database, and are up to date afterwards',
      withDatabase(async (db) => {
        const migrations = readMigrations();
        assert.deepEqual(
          await migrate(db),
          migrations.map((migration) => migration.version),
        );
        assert.deepEqual(await migrate(db), []);
        assert.deepEqual(await db.query('select id from any_run'), []);
      }),
    );
  });
}

test('migrations of this release are numbered from 1 without gaps', () => {
  const versions = readMigrations().map((migration) => migration.version);
  assert.deepEqual(
    versions,
    versions.map((_, index) => index + 1),
  );
});

test('a migration that makes a table anew beside masters that write to it loses nothing of what they write', {
  timeout: 60_000,
}, async () => {
  const opened = await engines['PostgreSQL']?.();
  assert.ok(opened !== undefined);
  try {
    const all = readMigrations();
    const [writer, other] = [await opened.another(), await opened.another()];
    const before = all.findIndex(({ name }) => name === 'time');
    await migrate(writer, all.slice(0, before));
    const id = '01900000-0000-7000-8000-000000000001';
    await writer.query(
      `insert into schedule (id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, created_at, updated_at)
       values ($1, 'n', $1, 's', 1, '{}', 'enabled', 1000, 2000, 0, 0, 0)`,
      [id],
    );
    // A master decides the fire of 2000, and commits when the migration has come as far as it can beside it.
    let migrated: Promise<number[]> | undefined;
    await writer.transaction(async (tx) => {
      await tx.query('update schedule set cursor = 2000, next_fire_at = 3000 where id = $1', [id]);
      migrated = migrate(other, all);
      migrated.catch(() => undefined);
      const waits = 'select 1 from pg_locks l join pg_class c on c.oid = l.relation where not l.granted limit 1';
      while ((await tx.query(waits)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    });
    await migrated;
    assert.deepEqual(await writer.query('select cursor, next_fire_at from schedule'), [
      { cursor: 2000, next_fire_at: 3000 },
    ]);
  } finally {
    await opened.close();
  }
});

test('a migration takes a table away before it copies it, so that nobody writes to what is about to go', () => {
  for (const { name, sql } of readMigrations()) {
    const bare = sqlStatements(sql).map((statement) => statement.replaceAll(/--[^\n]*\n/g, '').trim());
    for (const [index, statement] of bare.entries()) {
      const table = /^drop table (\w+)/i.exec(statement)?.[1];
      if (table === undefined) continue;
      const away = bare.findIndex((one) => new RegExp(`^alter table \\w+ rename to ${table}$`, 'i').test(one));
      const copied = bare.findIndex((one) => new RegExp(`\\bfrom ${table}\\b`, 'i').test(one));
      assert.ok(away >= 0 && away < index && (copied < 0 || away < copied), `${name}: ${table}`);
    }
  }
});

test('a migration that is said to be usable by older binaries only adds', () => {
  const additions = [
    /^create (table|index|view)\b/i,
    // What the older binary inserts must still be possible.
    /^alter table \w+ add column \w+ (?!.*\bnot null\b(?!.*\bdefault\b))/is,
  ];
  const isOfOwnTable = (sql: string, bare: string): boolean => {
    // Of a table that the older binary does not know.
    const [, table] = /^(?:insert into|create unique index \w+ on) (\w+)/i.exec(bare) ?? [];
    return table !== undefined && sql.includes(`create table ${table} (`);
  };
  const promises = readMigrations().filter((one) => one.usableFrom < one.version);
  assert.ok(promises.length > 0);
  for (const { name, sql } of promises) {
    for (const statement of sqlStatements(sql)) {
      const bare = statement.replaceAll(/--[^\n]*\n/g, '').trim();
      assert.ok(additions.some((pattern) => pattern.test(bare)) || isOfOwnTable(sql, bare), `${name}: ${bare}`);
    }
  }
  assert.throws(() => migrationOf(2, 'odd', '-- usable from: 3\nselect 1'), /migration 2/);
});

test('a directory of scripts is read in order; a name that says no number, and a number used twice, are refused', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-migrations-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const url = pathToFileURL(`${directory}/`);
  for (const [file, sql] of Object.entries({ '0002_b.sql': 'select 2', '0001_a.sql': 'select 1', 'notes.md': '' })) {
    writeFileSync(join(directory, file), sql);
  }
  assert.deepEqual(
    readMigrations(url).map(({ version, name, sql }) => ({ version, name, sql })),
    [
      { version: 1, name: 'a', sql: 'select 1' },
      { version: 2, name: 'b', sql: 'select 2' },
    ],
  );
  writeFileSync(join(directory, '0002_c.sql'), 'select 3');
  assert.throws(() => readMigrations(url), /0002_c/);
  rmSync(join(directory, '0002_c.sql'));
  writeFileSync(join(directory, 'first.sql'), 'select 4');
  assert.throws(() => readMigrations(url), /first\.sql/);
});
