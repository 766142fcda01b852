// What only real row locks can show: several connections on PostgreSQL that claim, rescue, settle and fire at once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { sleep } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { DefinitionCache } from './definition-cache.ts';
import { firesDecide, firesLockDue } from './fires.ts';
import { migrate } from './migrate.ts';
import { runsClaim, type ClaimedRun } from './runs-claim.ts';
import { runCancel } from './runs-control.ts';
import { resultsAccept, type SessionResult } from './runs-report.ts';
import { runsInsertFresh } from './runs-submit-fresh.ts';
import { idempotencyTake, type NewRun, runsInsert } from './runs-submit.ts';
import { runsPromote, sessionsRescue } from './runs-sweep.ts';
import { sessionEnd } from './sessions.ts';
import { testFreshRuns } from './testing/fresh-runs.ts';
import { testRuns } from './testing/runs.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession, stateOf } from './testing/seed.ts';

const masters = 10;
let server: TestDatabase;
const stores: Database[] = [];

async function open(url: string): Promise<Database> {
  return openPostgres({
    url,
    clock: systemClock,
    identity: systemIdentity,
    log: silentLog,
    poolSize: 2,
  });
}

function store(index: number): Database {
  const db = stores[index % stores.length];
  assert.ok(db);
  return db;
}

before(async () => {
  server = await createDatabase();
  for (let master = 0; master < masters; master += 1) stores.push(await open(server.url));
  await Promise.all(stores.map((db) => migrate(db)));
});

after(async () => {
  await Promise.all(stores.map((db) => db.close()));
  await server.drop();
});

async function openOwn() {
  const own = await createDatabase();
  const db = await open(own.url);
  await migrate(db);
  return {
    db,
    // The server's clock cannot be moved.
    advance: (ms: number) => sleep(systemClock, ms),
    close: async () => {
      await db.close();
      await own.drop();
    },
  };
}

testRuns('PostgreSQL', openOwn);
testFreshRuns('PostgreSQL', openOwn);

function resultOf(run: ClaimedRun): SessionResult {
  const { id: runId, attemptId, sessionId } = run;
  return {
    type: 'result',
    runId,
    attemptId,
    sessionId,
    outcome: 'succeeded',
    output: null,
    error: null,
    durationMs: 1,
  };
}

test('ten claimers empty a lane and never share a run', async () => {
  const job = await seedJob(store(0));
  const sessions = await Promise.all(stores.map((db) => seedSession(db, seedId())));
  const total = 2000;
  await runsInsert(
    store(0),
    Array.from({ length: total }, () => newRun(job)),
  );
  const claimed = await Promise.all(
    stores.map(async (db, index) => {
      const mine: ClaimedRun[] = [];
      for (let emptied = 0; emptied < 5; ) {
        const slots = Array.from({ length: 37 }, () => ({ sessionId: sessions[index] ?? '', attemptId: seedId() }));
        const runs = await runsClaim(db, job.laneId, slots);
        mine.push(...runs);
        emptied = runs.length === 0 ? emptied + 1 : 0;
      }
      return mine;
    }),
  );
  const ids = claimed.flat().map((run) => run.id);
  assert.equal(ids.length, total);
  assert.equal(new Set(ids).size, total);
});

test('a claim and a rescue at once: every run ends with one live owner or ready, none stays with a dead session', async () => {
  const definitions = new DefinitionCache();
  const deps = { masterId: seedId(), definitions };
  for (let round = 0; round < 20; round += 1) {
    const job = await seedJob(store(0));
    const sessionId = await seedSession(store(0), seedId());
    await runsInsert(
      store(0),
      Array.from({ length: 50 }, () => newRun(job)),
    );
    const slots = Array.from({ length: 50 }, () => ({ sessionId, attemptId: seedId() }));
    await Promise.all([
      runsClaim(store(1), job.laneId, slots),
      sessionEnd(store(2), sessionId),
      store(3).transaction((tx) => sessionsRescue(tx, deps)),
      store(4).transaction((tx) => sessionsRescue(tx, deps)),
    ]);
    await store(5).transaction((tx) => sessionsRescue(tx, deps));
    const held = await store(6).query('select id from run where session_id = $1', [sessionId]);
    assert.deepEqual(held, [], `round ${round}`);
    const ready = await store(6).query<{ n: number }>(
      `select count(*) as n from run where lane_id = $1 and state = 'ready'`,
      [job.laneId],
    );
    assert.equal(ready[0]?.n, 50);
  }
});

test('a result, a cancel and a rescue of the same run at once leave exactly one outcome', async () => {
  const definitions = new DefinitionCache();
  for (let round = 0; round < 30; round += 1) {
    const deps = { masterId: seedId(), definitions, fraction: () => 0 };
    const job = await seedJob(store(0), { delivery: 'at-most-once' });
    const sessionId = await seedSession(store(0), seedId());
    const run = newRun(job);
    await runsInsert(store(0), [run]);
    const [claimed] = await runsClaim(store(0), job.laneId, [{ sessionId, attemptId: seedId() }]);
    assert.ok(claimed);
    const [accepted] = await Promise.all([
      store(1).transaction((tx) => resultsAccept(tx, deps, [resultOf(claimed)])),
      store(2).transaction((tx) => runCancel(tx, seedId(), 'default', run.id, 'race')),
      sessionEnd(store(3), sessionId).then(() => store(3).transaction((tx) => sessionsRescue(tx, deps))),
    ]);
    const state = await stateOf(store(4), run.id);
    const archived = await store(4).query('select id from run_archive where id = $1', [run.id]);
    const hot = await store(4).query('select id from run where id = $1', [run.id]);
    assert.equal(archived.length + hot.length, 1, `round ${round}`);
    assert.equal(
      accepted.verdicts.get(claimed.attemptId) === 'accepted',
      state === 'succeeded',
      `round ${round}: ${state}`,
    );
  }
});

test('ten masters fire the same schedules: each nominal time once, none missing', async () => {
  const job = await seedJob(store(0));
  const schedules = await Promise.all(
    Array.from({ length: 40 }, () => seedSchedule(store(0), job, { every: 1000 }, 30_000)),
  );
  const identity = systemIdentity;
  await Promise.all(
    stores.map(async (db) => {
      const settings = { catchUpPerSecond: 20 };
      const deps = { identity, definitions: new DefinitionCache(), masterId: seedId(), settings };
      for (let quiet = 0; quiet < 3; ) {
        const decided = await db.transaction(async (tx) => firesDecide(tx, deps, await firesLockDue(tx, deps)));
        quiet = decided.namespaces.size === 0 ? quiet + 1 : 0;
      }
    }),
  );
  for (const schedule of schedules) {
    const fires = await store(0).query<{ fire_at: number }>(
      'select fire_at from fire where schedule_id = $1 order by fire_at',
      [schedule],
    );
    assert.ok(fires.length >= 29, `${fires.length} fires`);
    fires.forEach((fire, index) => assert.equal(fire.fire_at, (fires[0]?.fire_at ?? 0) + index * 1000));
    const runs = await store(0).query<{ fire_at: number }>(
      'select fire_at from run where schedule_id = $1 order by fire_at',
      [schedule],
    );
    const fired = await store(0).query<{ fire_at: number }>(
      `select fire_at from fire where schedule_id = $1 and outcome = 'fired' order by fire_at`,
      [schedule],
    );
    assert.deepEqual(runs, fired);
  }
});

test('one idempotency key taken by ten masters at once belongs to one run', async () => {
  for (let round = 0; round < 10; round += 1) {
    const keys = [`a-${round}`, `b-${round}`, `c-${round}`];
    const holders = await Promise.all(
      stores.map((db, index) => {
        const claims = keys.map((key) => ({ namespace: 'default', key, runId: seedId(), fingerprint: 'f' }));
        return db.transaction((tx) => idempotencyTake(tx, index % 2 === 0 ? claims : claims.toReversed(), 60_000));
      }),
    );
    for (const key of keys) {
      const named = holders.map((taken) => taken.find((holder) => holder.key === key));
      assert.equal(new Set(named.map((holder) => holder?.runId)).size, 1);
      assert.equal(named.filter((holder) => holder?.fresh).length, 1);
    }
  }
});

test('new runs are written without reading all keys or all that waits, also by a plan that was made when there were none', async () => {
  const { db, close } = await openOwn();
  try {
    const job = await seedJob(db);
    const offer = { sessionId: await seedSession(db, seedId()), attemptId: seedId() };
    const plans: string[] = [];
    const explained: Database = Object.assign(Object.create(db) as Database, {
      query: async (sql: string, params: []) => {
        const plan = await db.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${sql}`, params);
        plans.push(...plan.map((row) => row['QUERY PLAN'].trim()));
        return [];
      },
    });
    const claimed = (runs: readonly NewRun[]) =>
      runs.map((run) => ({ namespace: run.namespace, key: run.id, runId: run.id, fingerprint: 'f' }));
    const explain = async (): Promise<void> => {
      const runs = Array.from({ length: 500 }, () => newRun(job, { offer }));
      await runsInsertFresh(explained, runs, claimed(runs), 60_000);
    };
    for (const table of ['run', 'idempotency', 'session', 'job']) await db.query(`vacuum ${table}`);
    await explain();
    const waiting = Array.from({ length: 5000 }, () => newRun(job));
    await runsInsertFresh(db, waiting, claimed(waiting), 60_000);
    await explain();
    const text = plans.join('\n');
    assert.doesNotMatch(text, /hashed SubPlan|Seq Scan|Hash Join|Merge Join/);
    for (const condition of [
      'Index Cond: ((namespace = k_1.namespace) AND (key = k_1.key))',
      'Index Cond: (lane_id = x.lane_id)',
      'Index Cond: (id = x.session_id)',
      'Index Cond: (id = j.job_id)',
    ])
      assert.equal(plans.filter((line) => line === condition).length, 2, `${condition}\n${text}`);
  } finally {
    await close();
  }
});

test('delayed runs are promoted once, however many masters sweep', async () => {
  const job = await seedJob(store(0));
  await runsInsert(
    store(0),
    Array.from({ length: 300 }, () => newRun(job, { delayMs: 1 })),
  );
  await sleep(systemClock, 20);
  const moved = await Promise.all(stores.map((db) => runsPromote(db)));
  const rest = await runsPromote(store(0));
  const ids = [...moved.flat(), ...rest].filter((run) => run.laneId === job.laneId).map((run) => run.id);
  assert.equal(ids.length, 300);
  assert.equal(new Set(ids).size, 300);
});
