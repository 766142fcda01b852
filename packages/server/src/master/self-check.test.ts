// Each fault planted by SQL on both engines: it is counted and told, repaired where that is safe, and a healthy store is clean.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type SelfCheckName, selfCheckNames } from '@tidewheel/protocol';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { migrate } from '../store/migrate.ts';
import { runsClaim } from '../store/runs-claim.ts';
import { runsInsert } from '../store/runs-submit.ts';
import { sessionsRescue } from '../store/runs-sweep.ts';
import { sessionEnd } from '../store/sessions.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession, stateOf } from '../store/testing/seed.ts';
import type { MasterContext } from './deps.ts';
import { Membership } from './membership.ts';
import { selfCheck, selfCheckDuty } from './self-check.ts';
import { openBench } from './testing/bench-context.ts';

const engines: Record<string, (t: TestContext) => Promise<Database>> = {
  SQLite: async () => openSqlite({ path: ':memory:', nowMs: () => systemClock.wallMs() }),
  PostgreSQL: async (t) => {
    const { url, drop } = await createDatabase();
    t.after(() => drop());
    return openPostgres({ url, poolSize: 2, clock: systemClock, identity: systemIdentity, log: silentLog });
  },
};

async function running(db: Database): Promise<{ runId: string; sessionId: string }> {
  const job = await seedJob(db);
  const run = newRun(job);
  await runsInsert(db, [run]);
  const sessionId = await seedSession(db, seedId());
  await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]);
  return { runId: run.id, sessionId };
}

const master = (db: Database, version: string, offsetMs: number) =>
  db.query(
    `insert into master (id, address, version, started_at, expires_at, clock_offset_ms)
     values ($1, 'http://m', $2, now_ms(), now_ms() + 60000, $3)`,
    [seedId(), version, offsetMs],
  );

/** Plants one fault; gives what the sample must name. */
const plants: Record<SelfCheckName, (db: Database) => Promise<string>> = {
  'schedule-overdue': async (db) => seedSchedule(db, await seedJob(db), { every: '1h' }, 100_000),
  'schedule-misplaced': async (db) => {
    const id = await seedSchedule(db, await seedJob(db), { every: '1h' }, 0);
    await db.query('update schedule set cursor = next_fire_at + 5000 where id = $1', [id]);
    return id;
  },
  'run-without-session': async (db) => {
    const { runId, sessionId } = await running(db);
    await db.query('delete from session where id = $1', [sessionId]);
    return runId;
  },
  'run-of-dead-session': async (db) => {
    const { runId, sessionId } = await running(db);
    await sessionEnd(db, sessionId);
    await db.query('update session set ended_at = ended_at - 70000 where id = $1', [sessionId]);
    return runId;
  },
  'session-undead': async (db) => {
    const { sessionId } = await running(db);
    await db.query('update session set expires_at = now_ms() - 70000 where id = $1', [sessionId]);
    return sessionId;
  },
  'run-without-lane': async (db) => {
    const job = await seedJob(db);
    await runsInsert(db, [newRun(job)]);
    await db.query('delete from lane where id = $1', [job.laneId]);
    return job.laneId;
  },
  'probe-late': async (db) => {
    const job = await seedJob(db, { name: 'default' });
    const scheduleId = await seedSchedule(db, job, { every: '1h' }, 0);
    for (const table of ['job', 'schedule', 'lane']) await db.query(`update ${table} set namespace = 'tidewheel'`);
    await db.query(`update job set source = 'probes'`);
    await runsInsert(db, [newRun({ ...job, namespace: 'tidewheel' })]);
    await db.query('update run set schedule_id = $1, fire_at = now_ms() - 9000', [scheduleId]);
    assert.equal((await selfCheck(db)).clean, true, 'nobody answers probes');
    const sessionId = await seedSession(db, seedId(), 60_000, {
      handlers: ['shell', 'task:tidewheel.probe'],
      slots: 1,
    });
    const busy = newRun(await seedJob(db));
    await runsInsert(db, [busy]);
    await db.query(
      `update run set state = 'running', attempt_id = id, session_id = $2, claimed_at = now_ms() where id = $1`,
      [busy.id, sessionId],
    );
    assert.equal((await selfCheck(db)).clean, true, 'its only slot is taken');
    await db.query('delete from run where id = $1', [busy.id]);
    return 'default: not dispatched, although a worker has a free slot';
  },
  'master-version': async (db) => {
    await master(db, '1.0.0', 0);
    await master(db, '1.0.1', 0);
    return '1.0.0';
  },
  'master-clock': async (db) => {
    await master(db, '1.0.0', -5000);
    const [row] = await db.query<{ id: string }>('select id from master');
    return row?.id ?? '';
  },
};
const repaired: readonly SelfCheckName[] = ['schedule-misplaced', 'run-without-session', 'run-of-dead-session'];

for (const [engine, open] of Object.entries(engines)) {
  describe(`the self-check on ${engine}`, () => {
    async function setup(t: TestContext) {
      const db = await open(t);
      t.after(() => db.close());
      await migrate(db);
      const bench = await openBench();
      t.after(() => bench.close());
      const gauges = new Map<string, number>();
      const errors: string[] = [];
      const context: MasterContext = {
        ...bench.context,
        db,
        metrics: {
          add: () => undefined,
          observe: () => undefined,
          set: (_, value, labels = {}) => void gauges.set(labels['check'] ?? '', value),
        },
        log: { ...silentLog, error: (message) => void errors.push(message) },
      };
      const duty = selfCheckDuty(context).begin({
        term: 1,
        trusted: () => true,
        prepared: () => assert.fail('nothing is prepared'),
        transaction: (work) => db.transaction(work),
      });
      return { db, context, duty, gauges, errors };
    }

    test('a store in which runs wait, run and are over is clean', async (t) => {
      const { db, duty, gauges } = await setup(t);
      await running(db);
      const { sessionId } = await running(db);
      await sessionEnd(db, sessionId);
      await seedSchedule(db, await seedJob(db), { every: '1h' }, 0);
      await master(db, '1.0.0', 200);
      await master(db, '1.0.0', -200);
      await duty();
      assert.equal((await selfCheck(db)).clean, true);
      assert.deepEqual(
        [...gauges],
        selfCheckNames.map((name) => [name, 0]),
      );
    });

    for (const check of selfCheckNames) {
      test(`${check} is counted, told once${repaired.includes(check) ? ' and repaired' : ''}`, async (t) => {
        const { db, context, duty, gauges, errors } = await setup(t);
        const subject = await plants[check](db);
        const found = (await selfCheck(db)).checks.filter(({ findings }) => findings > 0);
        assert.deepEqual(
          found.map((one) => one.check),
          [check],
        );
        assert.ok(found[0]?.samples.includes(subject));
        await duty();
        assert.ok((gauges.get(check) ?? 0) > 0);
        await duty();
        assert.equal(errors.length, 1);
        const events = await db.query<{ subject: string }>(`select subject from event where actor = 'self-check'`);
        assert.deepEqual(
          events.map((event) => event.subject),
          [check],
        );
        if (!repaired.includes(check)) return;
        if (check.startsWith('run')) {
          await db.transaction((tx) => sessionsRescue(tx, context));
          assert.equal(await stateOf(db, subject), 'ready');
        }
        assert.equal((await selfCheck(db)).clean, true);
        await duty();
        assert.equal(gauges.get(check), 0);
      });
    }

    test('a schedule that is repaired fires next where its cursor says, and one without a next time is finished', async (t) => {
      const { db, duty } = await setup(t);
      const id = await plants['schedule-misplaced'](db);
      const once = await seedSchedule(db, await seedJob(db), { in: '1s' }, 0);
      await db.query('update schedule set cursor = next_fire_at where id = $1', [once]);
      await duty();
      const rows = await db.query<{ id: string; state: string; ahead: number | null }>(
        'select id, state, next_fire_at - cursor as ahead from schedule',
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      assert.ok((byId.get(id)?.ahead ?? 0) > 0);
      assert.deepEqual([byId.get(once)?.state, byId.get(once)?.ahead], ['finished', null]);
    });

    test('a master says how far its clock is from that of the store', async (t) => {
      const { db, context } = await setup(t);
      const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + 7000 };
      const joined = Promise.withResolvers<void>();
      const failpoints = { ...context.failpoints, reach: () => joined.resolve() };
      const membership = new Membership({ ...context, clock, failpoints });
      await membership.start();
      await joined.promise;
      const { checks } = await selfCheck(db);
      await membership.stop();
      assert.deepEqual(checks.find(({ check }) => check === 'master-clock')?.samples, [context.masterId]);
    });
  });
}
