// Fills a store directly with many schedules and fires, as the definitions and the firing loop would have written them: making a
// million of them through the API would measure the API.

import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { seedJob, type SeededJob } from '../packages/server/src/store/testing/seed.ts';
import { nowMs } from './wall-clock.ts';

const batch = 10_000;

interface NewSchedule {
  readonly id: string;
  readonly name: string;
  readonly spec: string;
  readonly cursor: number;
  readonly next_fire_at: number;
}

const scheduleColumns = { id: 'uuid', name: 'text', spec: 'text', cursor: 'bigint', next_fire_at: 'bigint' } as const;

async function insertSchedules(db: Database, jobId: string, rows: readonly NewSchedule[]): Promise<void> {
  for (let from = 0; from < rows.length; from += batch) {
    const part = JSON.stringify(rows.slice(from, from + batch));
    await db.transaction(async (tx) => {
      await tx.query(
        `insert into schedule (id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, created_at, updated_at)
         select x.id, 'default', $2, x.name, 1, x.spec, 'enabled', x.cursor, x.next_fire_at, x.cursor, x.cursor, x.cursor
         from ${tx.dialect.rows('$1', 'x', scheduleColumns)}`,
        [part, jobId],
      );
      await tx.query(
        `insert into schedule_version (schedule_id, version, spec, state, anchor_at, valid_from, changed_by)
         select x.id, 1, x.spec, 'enabled', x.cursor, x.cursor, 'bench' from ${tx.dialect.rows('$1', 'x', scheduleColumns)}`,
        [part],
      );
    });
  }
}

function specOf(name: string, times: object): string {
  const misfire = { policy: 'last', window: 3_600_000, max: 100, grace: 60_000 };
  return JSON.stringify({ name, ...times, timezone: 'UTC', overlap: 'allow', misfire, paused: false, description: '' });
}

/** One-shots at `first`, and one a second after that. */
export async function fillOneShots(db: Database, job: SeededJob, count: number, first: number): Promise<void> {
  const cursor = Math.round(nowMs());
  for (let from = 0; from < count; from += batch) {
    const rows = Array.from({ length: Math.min(batch, count - from) }, (_, index): NewSchedule => {
      const at = first + (from + index) * 1000;
      const id = systemIdentity.next();
      return { id, name: `shot-${id}`, spec: specOf(`shot-${id}`, { at }), cursor, next_fire_at: at };
    });
    await insertSchedules(db, job.jobId, rows);
  }
  // As the engine does by itself a while after so many rows were written.
  await db.query('analyze');
}

/** Schedules that have fired every minute, the newest up to now, with their ledger and their finished runs. */
export async function fillLedger(db: Database, schedules: number, firesOfEach: number): Promise<void> {
  const job = await seedJob(db, { name: 'minutely' });
  const [version] = await db.query<{ id: string; lane_id: string }>(
    'select id, lane_id from job_version where job_id = $1',
    [job.jobId],
  );
  const newest = Math.floor(nowMs() / 60_000 - 1) * 60_000;
  const first = newest - (firesOfEach - 1) * 60_000;
  const rows = Array.from({ length: schedules }, (_, index) => {
    const name = `minutely-${index}`;
    const spec = specOf(name, { cron: '* * * * *' });
    return { id: systemIdentity.next(), name, spec, cursor: first - 60_000, next_fire_at: newest + 60_000 };
  });
  await insertSchedules(db, job.jobId, rows);
  await db.query('update schedule set cursor = $1', [newest]);
  for (const { id } of rows) {
    const fires = Array.from({ length: firesOfEach }, (_, index) => {
      const at = first + index * 60_000;
      return { id: systemIdentity.ofFire(id, at), at };
    });
    const part = JSON.stringify(fires);
    await db.transaction(async (tx) => {
      const x = tx.dialect.rows('$1', 'x', { id: 'uuid', at: 'bigint' });
      await tx.query(
        `insert into fire (schedule_id, fire_at, outcome, run_id, decided_at) select $2, x.at, 'fired', x.id, x.at + 20 from ${x}`,
        [part, id],
      );
      await tx.query(
        `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
           schedule_id, fire_at, attempt, finished_at, attempts)
         select x.id, 'default', $3, $4, $5, 'succeeded', 0, x.at, x.at, 'schedule', $2, x.at, 1, x.at + 100, '[]' from ${x}`,
        [part, id, job.jobId, version?.id ?? '', version?.lane_id ?? ''],
      );
    });
  }
  await db.query('analyze');
}
