// What the store promises of pools, on any engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { poolDefinitionSchema, type ScalingDecisionRow } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import { noScalingMemory } from '../../core/scaling/scaling-input.ts';
import { DefinitionCache } from '../definition-cache.ts';
import { poolOrderPut, poolOrdersOpen } from '../pool-orders.ts';
import { poolSessions, sessionsCordon, sessionsEnding, sessionsRelease, sessionsUncordon } from '../pool-sessions.ts';
import { finishedLately, lanesWaitingFor, runsComing, runsHeld, schedulesComing } from '../pool-signals.ts';
import { poolView, poolWorkers } from '../pool-views.ts';
import { poolsAll, poolsKeep, poolsWrite } from '../pools.ts';
import { runsClaim } from '../runs-claim.ts';
import { resultsAccept } from '../runs-report.ts';
import { runsInsert } from '../runs-submit.ts';
import { decisionsAppend, decisionsPage } from '../scaling-decisions.ts';
import { sessionDrain, sessionsRenew, sessionStandings } from '../sessions.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession } from './seed.ts';
import type { VirtualStore } from './virtual-store.ts';

const masterId = seedId();
const identity = { next: seedId };

export function testPools(engine: string, open: () => Promise<VirtualStore>): void {
  describe(`pools on ${engine}`, () => {
    let store: VirtualStore;
    let poolId = '';
    const labels = { pool: 'a' };
    before(async () => {
      store = await open();
      const definition = poolDefinitionSchema.parse({ name: 'a', labels, max: 5 });
      await poolsWrite(store.db, 'default', [{ id: seedId(), definition, source: 'file' }]);
      const [pool] = await poolsAll(store.db);
      poolId = pool?.id ?? '';
    });
    after(() => store.close());
    const worker = () => seedSession(store.db, masterId, 3_600_000, { labels });
    const renew = (id: string) => sessionsRenew(store.db, masterId, [{ sessionId: id, stats: {} }], 3_600_000);
    const cordonedAndKnown = async (id: string): Promise<void> => {
      assert.deepEqual(await sessionsCordon(store.db, [id]), [id]);
      await store.advance(1000);
      await renew(id);
      await store.advance(3000);
    };

    test('what a worker says that it uses comes with it, and nothing is made up for one that does not say', async () => {
      const [told, old, silent] = [await worker(), await worker(), await worker()];
      const used = { cpu: 0.1, usedCpu: 1.5, memoryBytes: 10, usedMemoryBytes: 300, memoryLimitBytes: 400 };
      const renewals = [
        { sessionId: told, stats: used },
        { sessionId: old, stats: { cpu: 0.25, memoryBytes: 10 } },
      ];
      await sessionsRenew(store.db, masterId, renewals, 3_600_000);
      const sessions = new Map((await poolSessions(store.db)).map((one) => [one.id, one]));
      assert.deepEqual(
        [told, old, silent].map((id) => [sessions.get(id)?.cpu, sessions.get(id)?.memoryShare]),
        [
          [1.5, 0.75],
          [0.25, null],
          [null, null],
        ],
      );
    });

    test('a cordoned worker gets no run, and its master hears of it with the next renewal', async () => {
      const id = await worker();
      const job = await seedJob(store.db);
      await store.db.transaction((tx) => runsInsert(tx, [newRun(job)]));
      await sessionsCordon(store.db, [id]);
      assert.deepEqual(await runsClaim(store.db, job.laneId, [{ sessionId: id, attemptId: seedId() }]), []);
      assert.deepEqual(await renew(id), [{ sessionId: id, state: 'draining', cordoned: true, endsInMs: null }]);
      assert.deepEqual(await sessionsUncordon(store.db, [id]), [id]);
      assert.equal((await runsClaim(store.db, job.laneId, [{ sessionId: id, attemptId: seedId() }])).length, 1);
      assert.deepEqual(await sessionStandings(store.db, [id]), [
        { sessionId: id, state: 'live', cordoned: false, endsInMs: null },
      ]);
    });

    test('a worker is given up only when it holds nothing and its master knows that it gets nothing', async () => {
      const id = await worker();
      await sessionsCordon(store.db, [id]);
      await store.advance(5000);
      assert.deepEqual(await sessionsRelease(store.db, [id], 2000), [], 'its master has not renewed it since');
      await renew(id);
      const job = await seedJob(store.db);
      await store.db.transaction((tx) => runsInsert(tx, [newRun(job)]));
      await sessionsUncordon(store.db, [id]);
      const [claim] = await runsClaim(store.db, job.laneId, [{ sessionId: id, attemptId: seedId() }]);
      assert.ok(claim);
      await cordonedAndKnown(id);
      assert.deepEqual(await sessionsRelease(store.db, [id], 2000), [], 'it still runs something');
      const { id: runId, attemptId } = claim;
      const result = { type: 'result', runId, attemptId, outcome: 'succeeded', output: null, error: null } as const;
      const deps = { masterId, definitions: new DefinitionCache(), fraction: () => 0.5 };
      await store.db.transaction((tx) => resultsAccept(tx, deps, [{ ...result, durationMs: 1, sessionId: id }]));
      assert.deepEqual(await sessionsRelease(store.db, [id], 2000), [id]);
      assert.deepEqual(await sessionsRelease(store.db, [id], 2000), [], 'once');
      assert.deepEqual(await sessionsUncordon(store.db, [id]), [], 'and it is not taken back');
      assert.equal((await poolWorkers(store.db, 'default', 'a'))?.find((one) => one.sessionId === id)?.released, true);
    });

    test('a drain that somebody else asked for is not taken back by a pool', async () => {
      const id = await worker();
      await sessionsCordon(store.db, [id]);
      assert.equal(await sessionDrain(store.db, id), true);
      assert.deepEqual(await sessionsUncordon(store.db, [id]), []);
      assert.deepEqual(await sessionsRelease(store.db, [id], 0), []);
      assert.equal(await sessionDrain(store.db, id), false, 'it does so already');
    });

    test('a worker whose machine ends drains until then, and a new notice is told once', async () => {
      const id = await worker();
      const endsAt = store.now + 60_000;
      assert.deepEqual(await sessionsEnding(store.db, [{ id, endsAt }]), [id]);
      assert.deepEqual(await sessionsEnding(store.db, [{ id, endsAt }]), []);
      const [standing] = await renew(id);
      assert.deepEqual([standing?.state, standing?.cordoned], ['draining', false]);
      assert.ok((standing?.endsInMs ?? 0) > 55_000);
      const session = (await poolSessions(store.db)).find((one) => one.id === id);
      assert.deepEqual([session?.endsAt, session?.labels, session?.draining], [endsAt, labels, true]);
    });

    test('what waits, runs and comes is counted by lane, of namespaces with pools only', async () => {
      const id = await worker();
      const job = await seedJob(store.db);
      const runs = [newRun(job), newRun(job), newRun(job)];
      await store.db.transaction((tx) => runsInsert(tx, runs));
      await runsClaim(store.db, job.laneId, [{ sessionId: id, attemptId: seedId() }]);
      const lane = (await lanesWaitingFor(store.db)).find((one) => one.laneId === job.laneId);
      assert.equal(lane?.ready, 2);
      assert.equal(lane?.oldestDueAt, store.now);
      const held = (await runsHeld(store.db)).filter((one) => one.sessionId === id);
      assert.deepEqual(
        held.map(({ laneId, runs: count }) => [laneId, count]),
        [[job.laneId, 1]],
      );
      assert.ok((held[0]?.newestAt ?? 0) > 0);
      await seedSchedule(store.db, job, { every: '1m' }, 0);
      const [coming] = await schedulesComing(store.db, store.now + 60_000, '00000000-0000-0000-0000-000000000000');
      assert.equal(coming?.laneId, job.laneId);
      assert.deepEqual(await runsComing(store.db, store.now + 60_000), []);
      const finished = await finishedLately(store.db, 'default');
      assert.ok(finished.lanes.length >= 1 && finished.windowMs === 60_000, JSON.stringify(finished));
    });

    test('what the leader keeps is read back, and decisions are kept up to their bound, newest first', async () => {
      const status = { wanted: 3 } as never;
      await poolsKeep(store.db, [
        { id: poolId, memory: { ...noScalingMemory, ordered: 3 }, status, startupMs: 1234.5 },
      ]);
      const [pool] = await poolsAll(store.db);
      assert.deepEqual([pool?.memory?.ordered, pool?.status, pool?.startupMs], [3, { wanted: 3 }, 1235]);
      const row = (wanted: number): ScalingDecisionRow => ({
        at: wanted,
        workers: { live: 0, starting: 0, draining: 0 },
        desired: 0,
        wanted,
        bounds: [],
        explanation: 'because',
        inputs: {},
      });
      const many = Array.from({ length: serverLimits.scalingDecisionsKept + 5 }, (_, index) => row(index));
      for (let from = 0; from < many.length; from += 500)
        await decisionsAppend(
          store.db,
          identity,
          many.slice(from, from + 500).map((decision) => ({ poolId, decision })),
        );
      const page = await decisionsPage(store.db, poolId, null, 2);
      assert.deepEqual(
        page.items.map(({ wanted }) => wanted),
        [many.length - 1, many.length - 2],
      );
      const [count] = await store.db.query<{ n: number }>('select count(*) as n from scaling_decision');
      assert.equal(count?.n, serverLimits.scalingDecisionsKept);
    });

    test('a newer order of a kind that can hold once ends the one before', async () => {
      const give = (workers: number) =>
        poolOrderPut(store.db, {
          id: seedId(),
          poolId,
          order: { kind: 'scale', workers, reason: 'why' },
          createdBy: 'ann',
          from: store.now,
          until: null,
        });
      await give(1);
      await give(2);
      const open = (await poolOrdersOpen(store.db, [poolId])).get(poolId) ?? [];
      assert.deepEqual(
        open.map(({ order, ended }) => [order['workers'], ended]),
        [[2, null]],
      );
      const view = await poolView(store.db, 'default', 'a');
      assert.equal(view?.orders.length, 1);
      assert.ok((view?.workers.live ?? 0) > 0);
    });
  });
}
