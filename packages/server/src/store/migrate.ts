// Brings a database to the version of this binary: numbered scripts, each in a transaction of its own.
// Any number of processes may do this at once. The lock is taken before the version is read, so each script is applied by exactly one.
// A script that only adds says `-- usable from: 3` in its first line: binaries whose newest migration is 3 work on its result too, so that an
// older master can start beside newer ones, in a rolling upgrade and back (docs/decisions/compatibility.md).
// What only one engine needs stands beside it, in `0001_what.postgres.sql`, and is applied after it in the same transaction.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Refusal } from '@tidewheel/protocol';
import { sqlStatements } from '../core/sql-text.ts';
import type { Database, Tx } from '../ports/database.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** What PostgreSQL needs besides. */
  readonly postgres: string | null;
  readonly checksum: string;
  /** Binaries that know this migration work on the result; its own version when the script does not say. */
  readonly usableFrom: number;
}

interface Applied {
  version: number;
  name: string;
  checksum: string;
  /** Absent before migration 4. */
  usable_from?: number | null;
}

/** An arbitrary name for PostgreSQL's advisory lock. */
const migrationLock = 7_243_392_211;

const ofPostgres = '.postgres.sql';

/** Scripts are named `0001_what.sql`. They stand beside this file, in `src` as in `dist`. */
export function readMigrations(directory: URL = new URL('./migrations/', import.meta.url)): Migration[] {
  const files = readdirSync(directory);
  return files
    .filter((file) => file.endsWith('.sql') && !file.endsWith(ofPostgres))
    .sort()
    .map((file, index) => {
      const [, version, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
      if (version === undefined || name === undefined) throw new Error(`a migration with an unreadable name: ${file}`);
      if (Number(version) !== index + 1) throw new Error(`migrations are numbered without gaps, but there is ${file}`);
      const read = (one: string): string => readFileSync(new URL(one, directory), 'utf8');
      const besides = file.replace(/\.sql$/, ofPostgres);
      return migrationOf(Number(version), name, read(file), files.includes(besides) ? read(besides) : null);
    });
}

export function migrationOf(version: number, name: string, sql: string, postgres: string | null = null): Migration {
  const usableFrom = Number(/^-- usable from: (\d+)\n/.exec(sql)?.[1] ?? version);
  if (usableFrom > version) throw new Error(`migration ${version} can be usable from itself at the latest`);
  const checksum = createHash('sha256')
    .update(sql)
    .update(postgres ?? '')
    .digest('hex');
  return { version, name, sql, postgres, checksum, usableFrom };
}

/** What newer binaries have added to this database, which a binary that has started can leave alone. */
export async function migrationsAhead(db: Database, migrations = readMigrations()): Promise<string[]> {
  const rows = await db.query<Applied>(
    'select version, name from schema_migration where version > $1 order by version',
    [migrations.length],
  );
  return rows.map((row) => `${row.version} (${row.name})`);
}

/** Returns the versions that this call applied; empty when the database was up to date, or ahead and usable. */
export async function migrate(db: Database, migrations: readonly Migration[] = readMigrations()): Promise<number[]> {
  const applied: number[] = [];
  for (;;) {
    const version = await db.transaction((tx) => applyNext(tx, migrations), { patient: true });
    if (version === null) return applied;
    applied.push(version);
  }
}

async function applyNext(tx: Tx, migrations: readonly Migration[]): Promise<number | null> {
  await lock(tx);
  await tx.query(`create table if not exists schema_migration (
    version integer not null primary key, name text not null, checksum text not null, applied_at bigint not null)`);
  const done = await tx.query<Applied>('select * from schema_migration order by version');
  assertSameHistory(done, migrations);
  const next = migrations[done.length];
  if (next === undefined) return null;
  const script = tx.dialect.engine === 'postgres' ? `${next.sql};\n${next.postgres ?? ''}` : next.sql;
  for (const statement of sqlStatements(script)) await tx.query(statement);
  await tx.query('insert into schema_migration (version, name, checksum, applied_at) values ($1, $2, $3, now_ms())', [
    next.version,
    next.name,
    next.checksum,
  ]);
  // The column is there since migration 4. What came before it was never usable by older binaries.
  if (next.usableFrom < next.version)
    await tx.query('update schema_migration set usable_from = $1 where version = $2', [next.usableFrom, next.version]);
  return next.version;
}

async function lock(tx: Tx): Promise<void> {
  // SQLite has one writer anyway.
  if (tx.dialect.engine === 'postgres') await tx.query(`select pg_advisory_xact_lock(${migrationLock})`);
}

function assertSameHistory(done: readonly Applied[], migrations: readonly Migration[]): void {
  done.forEach((row, index) => {
    const known = migrations[index];
    if (known === undefined) {
      const newest = migrations.at(-1)?.version ?? 0;
      const usableFrom = row.usable_from ?? row.version;
      if (usableFrom <= newest) return;
      throw new Refusal(
        'DATABASE_NEWER',
        `the database has migration ${row.version} (${row.name}), which binaries can use that know migration ${usableFrom}; this one knows up to ${newest}`,
      );
    }
    if (known.version !== row.version || known.checksum !== row.checksum) {
      throw new Refusal('DATABASE_CHANGED', `migration ${row.version} (${row.name}) is not the one that was applied`);
    }
  });
}
