// What a replay is made of, on both engines.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { poolDefinitionSchema } from '@tidewheel/protocol';
import { firstIdAt } from './audit.ts';
import { poolReplayRuns, poolReplayWorkers } from './pool-replay.ts';
import { seedId, seedJob, seedSession } from './testing/seed.ts';
import { virtualPostgres, virtualSqlite, type VirtualStore } from './testing/virtual-store.ts';

const pool = poolDefinitionSchema.parse({ name: 'a', labels: { pool: 'a' }, max: 5 });
const minute = 60_000;

for (const [engine, open] of [
  ['sqlite', virtualSqlite],
  ['postgres', virtualPostgres],
] as const) {
  describe(`replays on ${engine}`, () => {
    let store: VirtualStore;
    let now = 0;
    before(async () => {
      store = await open();
      const [row] = await store.db.query<{ now: number }>('select now_ms() as now');
      now = row?.now ?? 0;
    });
    after(() => store.close());

    test('finished runs come in the order of their making, page by page, of the lanes of the pool alone', async () => {
      const job = await seedJob(store.db);
      const other = await seedJob(store.db);
      const at = now - 10 * minute;
      const finish = (of: typeof job, index: number, began: boolean, schedule: string | null) =>
        store.db.query(
          `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
             schedule_id, attempt, started_at, finished_at, attempts)
           values ($1, 'default', $2, $3, $4, 'succeeded', 0, $5, 0, 'api', $6, 1, $7, $8, '[]')`,
          [
            firstIdAt(at + index),
            of.jobId,
            of.versionId,
            of.laneId,
            at + index,
            schedule,
            began ? at + index + 40 : null,
            at + index + 240,
          ],
        );
      await finish(job, 0, true, null);
      await finish(other, 1, true, null);
      await finish(job, 2, false, null);
      await finish(job, 3, true, seedId());
      await finish(job, 2 * minute, true, null);
      const serving = { ...pool, queues: [`queue-${job.laneId}`] };
      const asked = { namespace: 'default', pool: serving, from: at, to: at + minute };
      const first = await poolReplayRuns(store.db, asked, null, 2);
      assert.deepEqual([first.runs.dueAt, first.next], [[at], firstIdAt(at + 1)]);
      const second = await poolReplayRuns(store.db, asked, first.next, 3);
      const { lanes, jobs, ...columns } = second.runs;
      assert.deepEqual(columns, {
        dueAt: [at + 3],
        lane: [0],
        job: [0],
        waitMs: [40],
        durationMs: [200],
        foreseen: [1],
      });
      assert.deepEqual([lanes.map(({ id }) => id), jobs, second.next], [[job.laneId], [job.jobId], null]);
      assert.deepEqual((await poolReplayRuns(store.db, { ...asked, namespace: 'nobody' }, null, 9)).runs.dueAt, []);
    });

    test('workers count from their registration to their end, within the range', async () => {
      const session = async (labels: Record<string, string>, from: number, to: number | null) => {
        const id = await seedSession(store.db, seedId(), 3_600_000, { labels });
        await store.db.query('update session set created_at = $2, ended_at = $3, state = $4 where id = $1', [
          id,
          from,
          to,
          to === null ? 'live' : 'dead',
        ]);
      };
      await session({ pool: 'a', zone: 'x' }, now - 20 * minute, now - 7 * minute);
      await session({ pool: 'a' }, now - 8 * minute, null);
      await session({ pool: 'b' }, now - 20 * minute, null);
      await session({ pool: 'a' }, now - 20 * minute, now - 15 * minute);
      const asked = { namespace: 'default', pool, from: now - 10 * minute, to: now - 5 * minute };
      assert.deepEqual(await poolReplayWorkers(store.db, asked, 86_400_000), {
        workerMs: 6 * minute,
        atStart: 1,
        knownFrom: asked.from,
      });
      const short = await poolReplayWorkers(store.db, asked, 6 * minute);
      assert.ok(short.knownFrom >= now - 6 * minute && short.knownFrom > asked.from);
    });
  });
}
