// After an outage: what is made up for comes as a trickle, in order, and nothing that is due waits for it.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { catchUpPiece } from '../store/catch-up.ts';
import { DefinitionCache } from '../store/definition-cache.ts';
import { runsClaim } from '../store/runs-claim.ts';
import { runsPromote } from '../store/runs-sweep.ts';
import { seedId, seedJob, seedSchedule, seedSession } from '../store/testing/seed.ts';
import { virtualPostgres, virtualSqlite, type VirtualStore } from '../store/testing/virtual-store.ts';
import { Changes } from './changes.ts';
import { Dispatcher } from './dispatcher.ts';
import { Firing } from './firing.ts';
import { openBench } from './testing/bench-context.ts';

const minute = 60_000;
const hour = 60 * minute;

interface Engine {
  name: string;
  open: () => Promise<VirtualStore>;
  schedules: number;
}

const engines: readonly Engine[] = [
  { name: 'SQLite', open: virtualSqlite, schedules: 1000 },
  { name: 'PostgreSQL', open: virtualPostgres, schedules: 1000 },
];

/** The firing service of one master over a store whose time passes as fast as the store works. */
async function setup(engine: Engine) {
  const bench = await openBench();
  const store = await engine.open();
  const definitions = new DefinitionCache();
  const context = { ...bench.context, db: store.db, definitions };
  const changes = new Changes(bench.clock, bench.context.signals);
  const firing = new Firing(context, new Dispatcher(context, changes), changes);
  after(async () => {
    await store.close();
    await bench.close();
  });
  return {
    store,
    /** Looks again and again for so long. What a look takes passes for the store too, and then it waits as long as it says. */
    live: async (ms: number): Promise<void> => {
      for (const until = store.now + ms; store.now < until; ) {
        const began = performance.now();
        const waitMs = await firing.look();
        const tookMs = Math.ceil(performance.now() - began);
        await store.advance(Math.min(Math.max(1, tookMs + waitMs), until - store.now));
      }
    },
  };
}

interface MadeUp {
  schedule_id: string;
  fire_at: number;
  due_at: number;
}

/** The most that are due within any second. */
function peakOf(runs: readonly MadeUp[]): number {
  const due = runs.map((run) => run.due_at).toSorted((a, b) => a - b);
  let first = 0;
  return due.reduce((most, at, index) => {
    while ((due[first] ?? at) <= at - 1000) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

for (const engine of engines) {
  describe(`an outage on ${engine.name}`, () => {
    test('of two hours with 1,000 schedules of a minute is followed by no storm, and delays no fire that is due', async (t) => {
      const { store, live } = await setup(engine);
      const { db } = store;
      const job = await seedJob(db);
      const misfire = { policy: 'all', window: '1d' } as const;
      for (let index = 0; index < engine.schedules; index += 1)
        await seedSchedule(db, job, { every: minute, misfire }, 2 * hour);
      const began = store.now;
      // Others were never behind.
      const ticking = new Set<string>();
      for (let index = 0; index < 50; index += 1) ticking.add(await seedSchedule(db, job, { every: 1000 }, 0));
      await live(90_000);
      const fires = await db.query<{ schedule_id: string; fire_at: number; reason: string | null; decided_at: number }>(
        'select schedule_id, fire_at, reason, decided_at from fire',
      );
      const [left] = await db.query<{ ranges: number }>('select count(*) as ranges from catch_up');
      assert.equal(left?.ranges, 0, 'it has caught up');
      const ofMinutes = fires.filter((fire) => !ticking.has(fire.schedule_id));
      assert.equal(ofMinutes.length, engine.schedules * 121);
      const late = fires.filter((fire) => fire.fire_at > began).map((fire) => fire.decided_at - fire.fire_at);
      assert.ok(Math.max(...late) <= 1000, `a fire was late by ${Math.max(...late)} ms`);
      const runs = await db.query<MadeUp>(
        `select r.schedule_id, r.fire_at, r.due_at from run r join fire f on f.schedule_id = r.schedule_id and f.fire_at = r.fire_at
         where f.reason = 'catch-up' order by r.due_at, r.fire_at, r.schedule_id`,
      );
      // All but the one that is late by no more than the grace.
      assert.equal(runs.length, engine.schedules * 100);
      assert.ok(peakOf(runs) <= 20, `${peakOf(runs)} made-up runs within a second`);
      for (const [index, run] of runs.entries())
        assert.ok(run.fire_at >= (runs[index - 1]?.fire_at ?? 0), 'the older time comes first');
      t.diagnostic(`late at most ${Math.max(...late)} ms, ${runs.length} made-up runs, peak ${peakOf(runs)} a second`);
    });

    test('that all workers are busy with delays no fire that is due by more than a run takes', async (t) => {
      const { store, live } = await setup(engine);
      const { db } = store;
      // At 20 a second, what is made up for is twice of what the workers can do; what is due is half of it.
      const [slots, runMs, stepMs] = [10, 1000, 100];
      const job = await seedJob(db);
      const misfire = { policy: 'all', window: '1d' } as const;
      // Of these nothing is due any more, nor merely late.
      const past = { every: minute, misfire, end: store.now - 2 * minute };
      for (let index = 0; index < 100; index += 1) await seedSchedule(db, job, past, hour);
      for (let index = 0; index < 5; index += 1) await seedSchedule(db, job, { every: 1000 }, 0);
      const session = await seedSession(db, seedId(), 24 * hour, { slots });
      const running = new Map<string, number>();
      const began = store.now;
      const waits: number[] = [];
      let madeUp = 0;
      while (store.now < began + 2 * minute) {
        await live(stepMs);
        await runsPromote(db);
        const over = [...running].filter(([, claimedAt]) => store.now - claimedAt >= runMs).map(([id]) => ({ id }));
        for (const { id } of over) running.delete(id);
        await db.query(`delete from run where id in (select x.id from ${db.dialect.rows('$1', 'x', { id: 'uuid' })})`, [
          JSON.stringify(over),
        ]);
        const free = Array.from({ length: slots - running.size }, () => ({ sessionId: session, attemptId: seedId() }));
        for (const { id, fireAt } of await runsClaim(db, job.laneId, free)) {
          running.set(id, store.now);
          if ((fireAt ?? 0) > began) waits.push(store.now - (fireAt ?? 0));
          else madeUp += 1;
        }
      }
      const [ready] = await db.query<{ waiting: number }>(`select count(*) as waiting from run where state = 'ready'`);
      assert.ok((ready?.waiting ?? 0) > 500, 'the workers cannot keep up');
      assert.ok(madeUp > 100, `${madeUp} made up for meanwhile`);
      assert.ok(waits.length > 500, `${waits.length} were due`);
      // A slot is free after one run at most; a look and a claim come every step.
      const most = Math.max(...waits);
      assert.ok(most <= runMs + 4 * stepMs, `one that was due waited ${most} ms`);
      t.diagnostic(`waited at most ${most} ms; ${madeUp} made up for, ${ready?.waiting} of them wait`);
    });

    test('a schedule with a rate of its own is made up for no faster than that', async () => {
      const { store, live } = await setup(engine);
      const job = await seedJob(store.db);
      const misfire = { policy: 'all', window: '1d', rate: 12 } as const;
      const slow = await seedSchedule(store.db, job, { every: minute, misfire }, hour);
      await seedSchedule(store.db, job, { every: minute, misfire: { policy: 'all', window: '1d' } }, hour);
      await live(1000);
      const due = await store.db.query<MadeUp>(
        `select r.due_at, r.fire_at, r.schedule_id from run r where r.schedule_id = $1 and r.fire_at < now_ms() - 61000 order by r.fire_at`,
        [slow],
      );
      assert.equal(due.length, 58);
      for (const [index, run] of due.entries())
        if (index > 0) assert.equal(run.due_at - (due[index - 1]?.due_at ?? 0), 5000);
    });
  });
}

test('two masters never catch up at the same time', async () => {
  const store = await virtualPostgres();
  after(() => store.close());
  await store.db.query('insert into catch_up values ($1, 2, 1, 2, 3)', [seedId()]);
  const { context, close } = await openBench();
  after(close);
  const holds = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const first = store.db.transaction(async (tx) => {
    const piece = await catchUpPiece(tx, context);
    holds.resolve();
    await gate.promise;
    return piece;
  });
  await holds.promise;
  assert.equal(await store.db.transaction((tx) => catchUpPiece(tx, context)), null);
  gate.resolve();
  assert.notEqual(await first, null);
});
