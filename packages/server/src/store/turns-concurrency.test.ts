// Turns of runs where row locks matter: several masters fire schedules whose runs wait for each other, while others end these runs. No
// sweep helps: whoever decides a fire holds the runs that it waits for, so none ends unseen.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { DefinitionCache } from './definition-cache.ts';
import { firesDecide, firesLockDue } from './fires.ts';
import { migrate } from './migrate.ts';
import { runsClaim } from './runs-claim.ts';
import { resultsAccept } from './runs-report.ts';
import { seedId, seedJob, seedSchedule, seedSession } from './testing/seed.ts';

const masterId = seedId();
const deps = () => ({
  identity: systemIdentity,
  definitions: new DefinitionCache(),
  masterId,
  settings: { catchUpPerSecond: 20 },
  fraction: () => 0,
});

async function setup(masters: number): Promise<Database[]> {
  const server = await createDatabase();
  const open = () => openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
  const stores = [await open()];
  await migrate(stores[0] ?? assert.fail());
  while (stores.length < masters) stores.push(await open());
  after(async () => {
    for (const store of stores) await store.close();
    await server.drop();
  });
  return stores;
}

/** Fires until nothing is due. */
async function fire(db: Database): Promise<void> {
  const own = deps();
  for (let quiet = 0; quiet < 3; ) {
    const decided = await db.transaction(async (tx) => firesDecide(tx, own, await firesLockDue(tx, own)));
    quiet = decided.namespaces.size === 0 ? quiet + 1 : 0;
  }
}

/** Claims and ends runs until nothing is ready any more and nobody fires. */
async function work(db: Database, laneId: string, firing: () => boolean): Promise<void> {
  const own = deps();
  const sessionId = await seedSession(db, masterId);
  for (;;) {
    const last = !firing();
    const slots = Array.from({ length: 5 }, () => ({ sessionId, attemptId: systemIdentity.random() }));
    const runs = await runsClaim(db, laneId, slots);
    const results = runs.map(({ id: runId, attemptId }) => {
      const result = { type: 'result', runId, attemptId, sessionId, outcome: 'succeeded' } as const;
      return { ...result, output: null, error: null, durationMs: 1 };
    });
    await db.transaction((tx) => resultsAccept(tx, own, results));
    if (runs.length === 0 && last) return;
  }
}

for (const [overlap, behindMs] of [
  ['buffer-one', 900_000],
  ['buffer-all', 40_000],
] as const) {
  test(`under ${overlap} no two runs of a schedule run at once, and each gets its turn without a sweep`, async () => {
    const stores = await setup(6);
    const [db = assert.fail()] = stores;
    const job = await seedJob(db);
    const often = { every: 1000, overlap, misfire: { grace: '2h' } } as const;
    for (let index = 0; index < 15; index += 1) await seedSchedule(db, job, often, behindMs + index * 1000);
    let firing = 3;
    await Promise.all([
      ...stores.slice(0, 3).map((store) => fire(store).finally(() => (firing -= 1))),
      ...stores.slice(3).map((store) => work(store, job.laneId, () => firing > 0)),
    ]);
    assert.deepEqual(await db.query('select id, state from run'), []);
    const runs = await db.query<{ schedule_id: string; claimed_at: number; finished_at: number; fire_at: number }>(
      `select schedule_id, fire_at, (attempts::jsonb -> 0 ->> 'claimedAt')::bigint as claimed_at, finished_at
       from run_archive order by schedule_id, claimed_at, fire_at`,
    );
    assert.ok(runs.length >= 30, `${runs.length} runs`);
    for (const [index, run] of runs.entries()) {
      const before = runs[index - 1];
      if (before?.schedule_id === run.schedule_id) assert.ok(before.finished_at <= run.claimed_at, 'two ran at once');
    }
  });
}
