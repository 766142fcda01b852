// The audit of millions of fires in a bounded place: it runs in a thread that has little memory, and would end there if it kept what
// it reads. The store is a file, because what SQLite keeps in memory is not the thread's.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { FireAudit } from '@tidewheel/protocol';
import { openSqlite } from '../drivers/sqlite/database.ts';
import type { Database } from '../ports/database.ts';
import { migrate } from '../store/migrate.ts';
import { seedJob, seedSchedule } from '../store/testing/seed.ts';
import { auditFires } from './fire-audit.ts';

const fires = 1_000_000;
const now = Date.UTC(2026, 0, 5);
const open = (path: string): Database => openSqlite({ path, nowMs: () => now });

async function audit(path: string): Promise<FireAudit> {
  const db = open(path);
  try {
    return await auditFires(db, { namespace: 'default', from: now - (fires + 10) * 1000, graceMs: 0 });
  } finally {
    await db.close();
  }
}

if (isMainThread) {
  test('a million fires are audited by a thread with 24 MB of memory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tidewheel-audit-'));
    after(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'store.db');
    const db = open(path);
    await migrate(db);
    const schedule = await seedSchedule(db, await seedJob(db), { every: 1000 }, fires * 1000);
    await db.query(
      `insert into schedule_version (schedule_id, version, spec, state, anchor_at, valid_from, changed_by)
       select id, 1, spec, 'enabled', anchor_at, anchor_at, 'test' from schedule`,
    );
    await db.query('update schedule set cursor = $1, next_fire_at = $1 + 1000', [now]);
    // One in three is skipped, each is late by up to a second; the last one is missing.
    await db.query(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < $2)
       insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at)
       select $1, $3 + i * 1000, case when i % 3 = 0 then 'skipped' else 'fired' end, case when i % 3 = 0 then 'overlap' end,
         case when i % 3 = 0 then null else $1 end, $3 + i * 1000 + i % 1000 from n`,
      [schedule, fires - 1, now - fires * 1000],
    );
    await db.close();
    const thread = new Worker(new URL(import.meta.url), {
      workerData: path,
      execArgv: ['--conditions=source'],
      resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 },
    });
    const [row] = (await answerOf(thread)).schedules;
    const { expected, fired, skippedBy, missing, lateMaxMs } = row ?? {};
    assert.deepEqual({ expected, missing, lateMaxMs }, { expected: fires, missing: 1, lateMaxMs: 999 });
    assert.deepEqual({ fired, skippedBy }, { fired: 666_666, skippedBy: { overlap: 333_333 } });
  });
} else {
  parentPort?.postMessage(await audit(String(workerData)));
}

function answerOf(thread: Worker): Promise<FireAudit> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
