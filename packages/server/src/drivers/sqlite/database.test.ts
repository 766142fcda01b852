// SQLite in memory and on a file keeps what the port promises, and files are guarded against a second user and damage.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../../ports/conformance/database.ts';
import { openSqlite } from './database.ts';

/** Moves by one with every look at it. */
function nowMs(): () => number {
  let now = 1_800_000_000_000;
  return () => (now += 1);
}

testDatabase('SQLite in memory', () => {
  const db = openSqlite({ path: ':memory:', nowMs: nowMs() });
  return Promise.resolve({ db, close: () => db.close() });
}, [
  {
    reason: 'there is one connection: a snapshot holds up writers like any transaction',
    tests: ['a snapshot sees one moment, whatever is written meanwhile, and writes nothing'],
  },
]);

testDatabase('SQLite on a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-sqlite-'));
  const db = openSqlite({ path: join(directory, 'tidewheel.db'), nowMs: nowMs() });
  return Promise.resolve({
    db,
    close: async () => {
      await db.close();
      rmSync(directory, { recursive: true });
    },
  });
});
