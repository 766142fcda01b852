import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeNamespace } from '@tidewheel/protocol';
import { openBench } from '../master/testing/bench-context.ts';
import { finishedPosition, finishedSince } from './finished-feed.ts';
import { seedId, seedJob } from './testing/seed.ts';

test('the feed tells what finished, goes on behind the probes of the masters, and never shows one', async (t) => {
  const { context, close } = await openBench();
  t.after(close);
  const { db } = context;
  const { jobId, versionId, laneId, name } = await seedJob(db);
  const finish = (namespace: string) =>
    db.query(
      `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
         attempt, finished_at, attempts) values ($1, $2, $3, $4, $5, 'succeeded', 0, 0, 0, 'api', 1, 0, '[]')`,
      [seedId(), namespace, jobId, versionId, laneId],
    );
  const begin = await finishedPosition(db);
  for (const namespace of [probeNamespace, 'default', probeNamespace]) await finish(namespace);
  const first = await finishedSince(db, begin, 10);
  assert.deepEqual([first.runs.map(({ job }) => job), first.more], [[name], false]);
  assert.equal(first.position, await finishedPosition(db));
  assert.deepEqual((await finishedSince(db, first.position, 10)).runs, []);
  // Retention has emptied the archive: the engine gives the same positions again.
  await db.query('delete from run_archive');
  await finish('default');
  assert.equal((await finishedSince(db, first.position, 10)).runs.length, 1);
});
