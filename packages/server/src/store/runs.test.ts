// The run statements on SQLite with a clock that stands still until it is moved.

import { openSqlite } from '../drivers/sqlite/database.ts';
import { migrate } from './migrate.ts';
import { testFreshRuns } from './testing/fresh-runs.ts';
import { testRuns } from './testing/runs.ts';

async function open() {
  let now = 1_800_000_000_000;
  const db = openSqlite({ path: ':memory:', nowMs: () => now });
  await migrate(db);
  return {
    db,
    advance: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
    close: () => db.close(),
  };
}

testRuns('SQLite', open);
testFreshRuns('SQLite', open);
