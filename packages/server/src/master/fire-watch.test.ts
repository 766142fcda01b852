// The standing audit on both engines: what it finds stays until it is cured or acknowledged, through terms, deletions and edits.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { applyRequestSchema, type ScheduleInput } from '@tidewheel/protocol';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { findingsAcknowledge, findingsCount, findingsOpen } from '../store/fire-findings.ts';
import { migrate } from '../store/migrate.ts';
import { Definitions } from './definitions.ts';
import type { Leader } from './duty.ts';
import { fireWatch } from './fire-watch.ts';
import { openBench } from './testing/bench-context.ts';
import { fireDue, testIdentity } from './testing/definitions-bench.ts';

const minute = 60_000;

async function setup(t: TestContext, engine: 'SQLite' | 'PostgreSQL') {
  const bench = await openBench();
  t.after(() => bench.close());
  let { db } = bench.context;
  if (engine === 'PostgreSQL') {
    const { url, drop } = await createDatabase();
    t.after(() => drop());
    db = await openPostgres({ url, poolSize: 2, clock: systemClock, identity: testIdentity, log: silentLog });
    t.after(() => db.close());
    await migrate(db);
  }
  const context = { ...bench.context, db, identity: testIdentity };
  const definitions = new Definitions(context, { submit: () => Promise.reject(new Error('not used')) });
  const apply = (namespace: string, ...schedules: ScheduleInput[]) =>
    definitions.apply(
      namespace,
      'ann',
      applyRequestSchema.parse({ jobs: [{ name: 'a', task: 'x', schedules }], source: 'test', prune: true }),
      { role: 'operator' },
    );
  const leader: Leader = {
    term: 1,
    trusted: () => true,
    transaction: (work) => db.transaction(work),
    prepared: () => assert.fail('nothing is prepared'),
  };
  return {
    db,
    definitions,
    apply,
    look: () => fireWatch(context).begin(leader)(),
    open: (namespace = 'ns') => findingsOpen(db, namespace, 10),
    /** Half an hour of fires every minute, long enough ago to be audited. */
    fired: async (namespace = 'ns', ...names: string[]) => {
      const every = { every: '1m', misfire: { policy: 'all', max: 1000 } } as const;
      await apply(namespace, ...(names.length === 0 ? ['tick'] : names).map((name) => ({ name, ...every })));
      await rewind(db, 30.5 * minute);
      while ((await fireDue(context)) > 0);
    },
    eventsOf: async (action: string) => {
      const rows = await db.query<{ subject: string }>('select subject from event where action = $1 order by id', [
        action,
      ]);
      return rows.map(({ subject }) => subject);
    },
  };
}

/** Moves schedules into the past, before they have fired. */
async function rewind(db: Database, ms: number): Promise<void> {
  const columns = ['cursor', 'next_fire_at', 'anchor_at', 'created_at', 'updated_at'];
  const back = (of: readonly string[]) => of.map((column) => `${column} = ${column} - ${ms}`).join(', ');
  await db.query(`update schedule set ${back(columns)}`);
  await db.query(`update schedule_version set ${back(['valid_from', 'anchor_at'])}`);
}

const lose = (db: Database) =>
  db.query<{ schedule_id: string; fire_at: number }>(
    `delete from fire where fire_at = (select min(fire_at) from fire) returning schedule_id, fire_at`,
  );

for (const engine of ['SQLite', 'PostgreSQL'] as const) {
  describe(`the standing audit on ${engine}`, () => {
    test('a lost ledger row is told once, over terms, until it is back', async (t) => {
      const it = await setup(t, engine);
      await it.fired();
      await it.look();
      assert.deepEqual(await it.open(), []);
      const rows = await it.db.query<Record<string, string | number | null>>(
        'select * from fire order by fire_at limit 1',
      );
      await lose(it.db);
      await it.look();
      await it.look();
      const [finding, ...others] = await it.open();
      assert.deepEqual([finding?.schedule, finding?.job, finding?.missing, others.length], ['tick', 'a', 1, 0]);
      assert.equal(finding?.samples[0]?.finding, 'missing');
      assert.deepEqual(await it.eventsOf('fires.findings'), ['tick']);
      for (const row of rows)
        await it.db.query(
          'insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at) values ($1, $2, $3, $4, $5, $6)',
          ['schedule_id', 'fire_at', 'outcome', 'reason', 'run_id', 'decided_at'].map((column) => row[column] ?? null),
        );
      await it.look();
      assert.deepEqual(await it.open(), []);
      assert.deepEqual(await it.eventsOf('fires.cured'), ['tick']);
    });

    test('what was acknowledged is told no more, and what comes after it is told again', async (t) => {
      const it = await setup(t, engine);
      await it.fired();
      await lose(it.db);
      await it.look();
      const acknowledged = { namespace: 'ns', schedule: null, by: 'ann', reason: 'a drill' };
      assert.deepEqual(await findingsAcknowledge(it.db, acknowledged), ['tick']);
      assert.deepEqual(await findingsAcknowledge(it.db, acknowledged), []);
      await it.look();
      assert.deepEqual([await it.open(), await findingsCount(it.db)], [[], { schedules: 0, fires: 0 }]);
      await it.db.query(`update fire_finding set through_at = through_at - ${10 * minute}`);
      await it.db.query('delete from fire where fire_at = (select max(fire_at) from fire)');
      await it.look();
      assert.deepEqual(
        (await it.open()).map(({ missing }) => missing),
        [1],
      );
      assert.equal((await it.eventsOf('fires.findings')).length, 2);
    });

    test('pausing, editing and deleting a schedule leave what was lost before to be found', async (t) => {
      const it = await setup(t, engine);
      await it.fired('ns', 'deleted', 'edited', 'paused');
      await it.look();
      assert.deepEqual(await it.open(), []);
      await it.definitions.schedulePause('ns', 'ann', 'paused', 'a rest');
      await it.apply(
        'ns',
        { name: 'edited', cron: '0 3 * * *' },
        { name: 'paused', every: '1m', misfire: { policy: 'all', max: 1000 } },
      );
      await it.look();
      assert.deepEqual(await it.open(), []);
      for (const schedule of await it.db.query<{ id: string }>('select id from schedule'))
        await it.db.query(
          'delete from fire where schedule_id = $1 and fire_at = (select min(fire_at) from fire where schedule_id = $1)',
          [schedule.id],
        );
      await it.look();
      assert.deepEqual(
        (await it.open()).map(({ schedule, missing }) => [schedule, missing]),
        [
          ['deleted', 1],
          ['edited', 1],
          ['paused', 1],
        ],
      );
      // Each is missing, and its run is one that no row tells of.
      assert.deepEqual(await findingsCount(it.db), { schedules: 3, fires: 6 });
    });

    test('a run that no ledger row tells of is found in a schedule that has none', async (t) => {
      const it = await setup(t, engine);
      await it.apply('ns', { name: 'yearly', cron: '0 0 1 1 *' });
      await rewind(it.db, 90 * minute);
      await it.fired('other');
      await it.look();
      assert.deepEqual(await it.open(), []);
      await it.db.query(
        `update run set schedule_id = (select id from schedule where name = 'yearly') where fire_at = (select min(fire_at) from run)`,
      );
      await it.look();
      assert.deepEqual(
        (await it.open()).map(({ schedule, unexpected }) => [schedule, unexpected]),
        [['yearly', 1]],
      );
      assert.deepEqual(await it.open('other'), []);
    });
  });
}
