// An archive of many days, written by the engine itself: one in a hundred runs failed, each took a second.

import { dayMs, dayOf } from '../packages/server/src/core/archive-days.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { cutMake, dayMake, partitioned, type Partitioned } from '../packages/server/src/store/archive-parts.ts';
import { seedJob } from '../packages/server/src/store/testing/seed.ts';
import { nowMs } from './wall-clock.ts';

const portion = 250_000;

/** Milliseconds that it took. */
export async function fillArchive(db: Database, rows: number, days: number, oldest: number): Promise<number> {
  const job = await seedJob(db, { name: 'archived' });
  const postgres = db.dialect.engine === 'postgres';
  const today = dayOf(nowMs());
  const first = today - oldest * dayMs;
  const started = performance.now();
  if (postgres)
    for (const table of Object.keys(partitioned) as Partitioned[]) {
      await db.transaction((tx) => cutMake(tx, table, first));
      for (let day = first; day <= today + 3 * dayMs; day += dayMs)
        await db.transaction((tx) => dayMake(tx, table, day, day + dayMs, `${table}_rest`));
    }
  const step = Math.floor((days * dayMs) / rows);
  for (let from = 0; from < rows; from += portion) {
    const count = Math.min(portion, rows - from);
    const at = `(${first} + cast(n.i * ${step}.0 as bigint))`;
    const id = postgres
      ? `(lpad(to_hex(${at}), 12, '0') || '7' || substr(md5(n.i::text), 1, 3) || '8' || substr(md5(n.i::text), 4, 15))::uuid`
      : `printf('%08x-%04x-7%s-8%s-%s', ${at} >> 16, ${at} & 65535, substr(lower(hex(randomblob(2))), 1, 3), substr(lower(hex(randomblob(2))), 1, 3), lower(hex(randomblob(6))))`;
    const numbers = postgres
      ? `generate_series(${from}, ${from + count - 1}) n(i)`
      : `(with recursive c(i) as (select ${from} union all select i + 1 from c where i < ${from + count - 1}) select i from c) n`;
    await db.transaction(
      (tx) =>
        tx.query(
          `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
             attempt, started_at, finished_at, attempts)
           select ${id}, 'default', $1, $2, $3, case when n.i % 100 = 0 then 'failed' else 'succeeded' end, 0, ${at}, ${at}, 'api', 1, ${at},
             ${at} + 1000, '[{"attempt":1,"attemptId":"01900000-0000-7000-8000-000000000000","sessionId":"01900000-0000-7000-8000-000000000000","worker":"w","claimedAt":1800000000000,"startedAt":1800000000000,"endedAt":1800000001000,"outcome":"succeeded","error":null}]'
           from ${numbers}`,
          [job.jobId, job.versionId, job.laneId],
        ),
      { patient: true },
    );
  }
  // As autovacuum does by itself. SQLite is not told of statistics in production either.
  if (postgres) await db.transaction((tx) => tx.query('analyze'), { patient: true });
  return performance.now() - started;
}
