// The run statements on SQLite with a clock that stands still until it is moved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../drivers/sqlite/database.ts';
import type { Tx } from '../ports/database.ts';
import { migrate } from './migrate.ts';
import { DefinitionCache } from './definition-cache.ts';
import { runsClaim } from './runs-claim.ts';
import { resultsAccept, type SessionResult } from './runs-report.ts';
import { runsInsert } from './runs-submit.ts';
import { testFreshRuns } from './testing/fresh-runs.ts';
import { testRuns } from './testing/runs.ts';
import { newRun, seedId, seedJob, seedSession } from './testing/seed.ts';

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

test('results look each run up by its id, also in a SQLite file that was analyzed while nothing ran', async () => {
  const { db, close } = await open();
  const job = await seedJob(db);
  const sessionId = await seedSession(db, seedId());
  await runsInsert(
    db,
    Array.from({ length: 200 }, () => newRun(job)),
  );
  await db.query('analyze');
  const slots = Array.from({ length: 2 }, () => ({ sessionId, attemptId: seedId() }));
  const claimed = await runsClaim(db, job.laneId, slots);
  const results = claimed.map(({ id: runId, attemptId }, index): SessionResult => {
    const outcome = index === 0 ? 'succeeded' : 'failed';
    return { type: 'result', runId, attemptId, sessionId, outcome, output: null, error: null, durationMs: 5 };
  });
  const plans: string[] = [];
  const explained: Tx = {
    dialect: db.dialect,
    query: async (sql, params) => {
      const steps = await db.query<{ detail: string }>(`explain query plan ${sql}`, params);
      plans.push(...steps.map(({ detail }) => detail).filter((detail) => / run\b/.test(detail)));
      return db.query(sql, params);
    },
  };
  const deps = { masterId: seedId(), definitions: new DefinitionCache(), fraction: () => 0.5 };
  const reported = await resultsAccept(explained, deps, results);
  assert.deepEqual([...reported.verdicts.values()], ['accepted', 'accepted']);
  assert.deepEqual(
    plans.filter((step) => !step.includes('(id=?)')),
    [],
  );
  // The short way moves and deletes; the long way reads, moves and deletes.
  assert.equal(plans.length, 5, plans.join('; '));
  await close();
});
