// What the usual way of new runs promises, on any engine: all of them or nothing, and nothing when anything is not as it was
// remembered. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ConstraintViolated, type Database } from '../../ports/database.ts';
import { runsInsertFresh } from '../runs-submit-fresh.ts';
import { type IdempotencyClaim, idempotencyTake, type NewRun, type SubmittedRun } from '../runs-submit.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob, seedSession, type SeededJob } from './seed.ts';

const keyTtlMs = 60_000;

interface FreshRun {
  readonly run: NewRun;
  readonly claim: IdempotencyClaim | null;
}

export function testFreshRuns(engine: string, open: () => Promise<RunsSetup>): void {
  describe(`fresh runs on ${engine}`, () => {
    let setup: RunsSetup;
    let db: Database;

    before(async () => {
      setup = await open();
      db = setup.db;
    });
    after(() => setup.close());

    function keyed(job: SeededJob, key = `key-${seedId()}`, run = newRun(job)): FreshRun {
      return { run, claim: { namespace: run.namespace, key, runId: run.id, fingerprint: 'f' } };
    }

    function insert(fresh: readonly FreshRun[]): Promise<SubmittedRun[] | null> {
      const claims = fresh.flatMap(({ claim }) => claim ?? []);
      return runsInsertFresh(
        db,
        fresh.map(({ run }) => run),
        claims,
        keyTtlMs,
      );
    }

    async function written(runs: readonly FreshRun[]): Promise<{ runs: number; keys: number }> {
      let counts = { runs: 0, keys: 0 };
      for (const { run } of runs) {
        const [row] = await db.query<{ runs: number; keys: number }>(
          `select (select count(*) from run where id = $1) as runs, (select count(*) from idempotency where run_id = $1) as keys`,
          [run.id],
        );
        counts = { runs: counts.runs + (row?.runs ?? 0), keys: counts.keys + (row?.keys ?? 0) };
      }
      return counts;
    }

    test('runs are inserted with their keys, and those with an offer begin to run', async () => {
      const job = await seedJob(db);
      const offer = { sessionId: await seedSession(db, seedId()), attemptId: seedId() };
      const offered = keyed(job, 'offered', newRun(job, { offer }));
      const others = [newRun(job), newRun(job, { delayMs: 60_000 })];
      const runs = [offered, ...others.map((run) => ({ run, claim: null }))];
      const made = await insert(runs);
      const states = new Map(made?.map((run) => [run.id, run.state]));
      assert.deepEqual(
        runs.map(({ run }) => states.get(run.id)),
        ['running', 'ready', 'scheduled'],
      );
      assert.deepEqual(await written(runs), { runs: 3, keys: 1 });
    });

    for (const [what, change] of [
      ['has another version by now', 'update job set version_id = $2, version = 2 where id = $1'],
      ['was disabled', 'update job set enabled = 0 where id = $1 and $2 <> id'],
      ['was deleted', 'update job set deleted_at = now_ms() where id = $1 and $2 <> id'],
    ] as const) {
      test(`nothing is written when the job of one of them ${what}`, async () => {
        const [job, changed] = [await seedJob(db), await seedJob(db)];
        await db.query(change, [changed.jobId, seedId()]);
        const runs = [keyed(job), keyed(changed)];
        assert.equal(await insert(runs), null);
        assert.deepEqual(await written(runs), { runs: 0, keys: 0 });
      });
    }

    test('nothing is written when one of the keys is held, or was and has expired', async () => {
      const job = await seedJob(db);
      const key = `key-${seedId()}`;
      await idempotencyTake(db, [{ namespace: 'default', key, runId: seedId(), fingerprint: 'f' }], 20);
      const runs = [keyed(job), keyed(job, key)];
      assert.equal(await insert(runs), null);
      await setup.advance(40);
      assert.equal(await insert(runs), null);
      assert.deepEqual(await written(runs), { runs: 0, keys: 0 });
    });

    test('of two that bring one key at the same time one is written', async () => {
      const job = await seedJob(db);
      for (let round = 0; round < 20; round += 1) {
        const key = `key-${seedId()}`;
        const contenders = [keyed(job, key), keyed(job, key)];
        const outcomes = await Promise.all(
          contenders.map((one) =>
            insert([one]).catch((error: unknown) => {
              assert.ok(error instanceof ConstraintViolated, String(error));
              return null;
            }),
          ),
        );
        assert.equal(outcomes.filter((made) => made !== null).length, 1);
        assert.deepEqual(await written(contenders), { runs: 1, keys: 1 });
      }
    });
  });
}
