// A report that comes after its attempt was given away is refused, and shown beside the attempt that it came from.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { DefinitionCache } from './definition-cache.ts';
import { migrate } from './migrate.ts';
import { runView } from './run-views.ts';
import { runsClaim } from './runs-claim.ts';
import { resultsAccept } from './runs-report.ts';
import { runsInsert } from './runs-submit.ts';
import { sessionsRescue } from './runs-sweep.ts';
import { sessionEnd } from './sessions.ts';
import { newRun, seedId, seedJob, seedSession } from './testing/seed.ts';

test('a refused report is shown with its attempt, and the run goes on', async () => {
  const db = openSqlite({ path: ':memory:', nowMs: () => 1_800_000_000_000 });
  await migrate(db);
  const deps = { masterId: seedId(), definitions: new DefinitionCache(), fraction: () => 0 };
  const job = await seedJob(db);
  const sessionId = await seedSession(db, deps.masterId);
  const run = newRun(job);
  await runsInsert(db, [run]);
  const [claimed] = await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]);
  assert.ok(claimed);
  await sessionEnd(db, sessionId);
  await db.transaction((tx) => sessionsRescue(tx, deps));
  const error = { kind: 'exit', message: 'exit code 3' };
  const { attemptId } = claimed;
  await db.transaction((tx) =>
    resultsAccept(tx, deps, [
      { type: 'result', runId: run.id, attemptId, sessionId, outcome: 'failed', output: null, error, durationMs: 1 },
    ]),
  );
  const view = await runView(db, deps.definitions, 'default', run.id);
  assert.equal(view?.state, 'ready');
  assert.equal(view?.attempts[0]?.outcome, 'lost');
  assert.deepEqual(view?.attempts[0]?.refusedReport, { outcome: 'failed', receivedAt: 1_800_000_000_000, error });
  await db.close();
});
