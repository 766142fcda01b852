// The run statements on SQLite with a clock that stands still until it is moved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../drivers/sqlite/database.ts';
import type { Tx } from '../ports/database.ts';
import { migrate } from './migrate.ts';
import { runsClaim } from './runs-claim.ts';
import { runsSucceed } from './runs-succeed.ts';
import { runsInsert } from './runs-submit.ts';
import { testFreshRuns } from './testing/fresh-runs.ts';
import { testRuns } from './testing/runs.ts';
import { newRun, seedId, seedJob, seedSession } from './testing/seed.ts';
import { nothingFreed } from './turns.ts';

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

test('successes look each run up by its id, also in a SQLite file that was analyzed while nothing ran', async () => {
  const { db, close } = await open();
  const job = await seedJob(db);
  const sessionId = await seedSession(db, seedId());
  await runsInsert(
    db,
    Array.from({ length: 200 }, () => newRun(job)),
  );
  await db.query('analyze');
  const [claimed] = await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]);
  assert.ok(claimed);
  const plans: string[] = [];
  const explained: Tx = {
    dialect: db.dialect,
    query: async (sql, params) => {
      const steps = await db.query<{ detail: string }>(`explain query plan ${sql}`, params);
      plans.push(...steps.map(({ detail }) => detail).filter((detail) => / run\b/.test(detail)));
      return db.query(sql, params);
    },
  };
  const { id: runId, attemptId } = claimed;
  const facts = { outcome: 'succeeded', output: null, error: null, durationMs: 5 } as const;
  await runsSucceed(explained, seedId(), [{ type: 'result', runId, attemptId, sessionId, ...facts }], nothingFreed());
  assert.deepEqual(
    plans.filter((step) => !step.includes('(id=?)')),
    [],
  );
  assert.ok(plans.length >= 2, plans.join('; '));
  await close();
});
