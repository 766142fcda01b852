// Turns of runs where row locks matter: several masters fire schedules whose runs wait for each other, while others end these runs.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { DefinitionCache } from './definition-cache.ts';
import { firesDecide, firesLockDue } from './fires.ts';
import { runsClaim } from './runs-claim.ts';
import { resultsAccept } from './runs-report.ts';
import { seedId, seedJob, seedSchedule, seedSession } from './testing/seed.ts';
import { turnsHeal } from './turns.ts';
import { virtualPostgres, type VirtualStore } from './testing/virtual-store.ts';

const masterId = seedId();
const deps = () => ({
  identity: systemIdentity,
  definitions: new DefinitionCache(),
  masterId,
  settings: { catchUpPerSecond: 20 },
  fraction: () => 0,
});

/** Lets a second pass and fires, again and again. */
async function fire({ db, advance }: VirtualStore, rounds: number): Promise<void> {
  const own = deps();
  for (let round = 0; round < rounds; round += 1) {
    await advance(1000);
    await db.transaction(async (tx) => firesDecide(tx, own, await firesLockDue(tx, own)));
  }
}

/** Claims and ends runs until nothing is ready any more and nobody fires. */
async function work(db: Database, laneId: string, firing: () => boolean): Promise<void> {
  const own = deps();
  const sessionId = await seedSession(db, masterId, 100_000_000);
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

for (const overlap of ['buffer-one', 'buffer-all'] as const) {
  test(`under ${overlap} no two runs of a schedule run at once, and each gets its turn`, async () => {
    const store = await virtualPostgres();
    after(() => store.close());
    const { db } = store;
    const job = await seedJob(db);
    for (let index = 0; index < 15; index += 1) await seedSchedule(db, job, { every: 1000, overlap }, 0);
    let firing = 3;
    const end = (): void => void (firing -= 1);
    await Promise.all([
      ...Array.from({ length: firing }, () => fire(store, 60).finally(end)),
      ...Array.from({ length: 3 }, () => work(db, job.laneId, () => firing > 0)),
    ]);
    // Runs of no length end faster than a fire can hold them: what it made wait for them unseen is for the sweep.
    for (let sweeps = 0; sweeps < 200; sweeps += 1) {
      if ((await db.transaction((tx) => turnsHeal(tx))).lanes.size === 0) break;
      await work(db, job.laneId, () => false);
    }
    assert.deepEqual(await db.query('select id, state from run'), []);
    const runs = await db.query<{ schedule_id: string; claimed_at: number; finished_at: number; fire_at: number }>(
      `select schedule_id, fire_at, (attempts::jsonb -> 0 ->> 'claimedAt')::bigint as claimed_at, finished_at
       from run_archive order by schedule_id, claimed_at, finished_at, fire_at`,
    );
    assert.ok(runs.length >= 300, `${runs.length} runs`);
    for (const [index, run] of runs.entries()) {
      const before = runs[index - 1];
      if (before?.schedule_id === run.schedule_id) assert.ok(before.finished_at <= run.claimed_at, 'two ran at once');
    }
  });
}
