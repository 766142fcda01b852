// New zone data between two starts, planted as an old record of the store: the schedules that fire at other times are moved and named.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { zoneChanges } from '../core/zone-data.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { silentLog } from '../ports/log.ts';
import { migrate } from '../store/migrate.ts';
import { zonesChanged, zonesPut, zonesStored } from '../store/zone-data.ts';
import { Definitions } from './definitions.ts';
import type { Leader } from './duty.ts';
import { auditFires } from './fire-audit.ts';
import { openBench } from './testing/bench-context.ts';
import { testIdentity } from './testing/definitions-bench.ts';
import { zoneWatch } from './zone-watch.ts';

const hour = 3_600_000;

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
  const counted = new Map<string, number>();
  const metrics = {
    ...bench.context.metrics,
    add: (name: string, value: number) => counted.set(name, (counted.get(name) ?? 0) + value),
  };
  const settings = { ...bench.context.settings, zoneDataVersion: '2026b' };
  const context = { ...bench.context, db, metrics, settings, identity: testIdentity };
  const definitions = new Definitions(context, { submit: () => Promise.reject(new Error('not used')) });
  const schedules = [
    { name: 'berlin', cron: '30 2 * * *', timezone: 'Europe/Berlin' },
    { name: 'berlin-paused', cron: '30 2 * * *', timezone: 'Europe/Berlin', paused: true },
    { name: 'berlin-calendar', cron: '0 4 * * *', timezone: 'UTC', calendar: { exclude: 'holidays' } },
    { name: 'tokyo', cron: '30 2 * * *', timezone: 'Asia/Tokyo' },
    { name: 'steady', every: '1m' },
  ];
  const order = applyRequestSchema.parse({
    jobs: [{ name: 'a', task: 'x', schedules }],
    calendars: [{ name: 'holidays', dates: ['12-25'], timezone: 'Europe/Berlin' }],
  });
  await definitions.apply('ns', 'ann', order, { role: 'operator' });
  const leader: Leader = {
    term: 1,
    trusted: () => true,
    transaction: (work) => db.transaction(work),
    prepared: () => assert.fail('nothing is prepared'),
  };
  return {
    db,
    counted,
    look: () => zoneWatch(context, definitions).begin(leader)(),
    nextFires: async () =>
      new Map(
        (
          await db.query<{ name: string; next: number | null; version: number }>(
            'select name, next_fire_at as next, version from schedule',
          )
        ).map((row) => [row.name, row]),
      ),
    events: async (action: string) =>
      (await db.query<{ detail: string }>('select detail from event where action = $1', [action])).map(
        ({ detail }) => JSON.parse(detail) as Record<string, unknown>,
      ),
  };
}

for (const engine of ['SQLite', 'PostgreSQL'] as const) {
  describe(`the zone watch on ${engine}`, () => {
    test('the zones in use are kept with their coming changes, and nothing moves while they stay', async (t) => {
      const it = await setup(t, engine);
      const before = await it.nextFires();
      await it.look();
      const stored = await zonesStored(it.db);
      assert.deepEqual([...stored.keys()], ['Asia/Tokyo', 'Europe/Berlin', 'UTC']);
      const berlin = stored.get('Europe/Berlin');
      assert.deepEqual([berlin?.release, berlin?.changes.changes.length], ['2026b', 12]);
      await it.look();
      assert.deepEqual(await it.nextFires(), before);
      assert.deepEqual(await zonesStored(it.db), stored);
      assert.deepEqual(await zonesChanged(it.db, hour), { zones: [], moved: 0 });
    });

    test('schedules of a zone that changed get their next time anew, in a new version, and are named', async (t) => {
      const it = await setup(t, engine);
      await it.look();
      const right = await it.nextFires();
      const stored = (await zonesStored(it.db)).get('Europe/Berlin');
      assert.ok(stored !== undefined);
      // What an older release would have said: an hour further west, so that all fires come an hour later.
      const { offset, changes } = stored.changes;
      const old = { offset: offset - hour, changes: changes.map(([at, after]) => [at, after - hour] as const) };
      await zonesPut(it.db, [{ ...stored, release: '2026a', changes: old, moved: null }]);
      await it.db.query(`update schedule set next_fire_at = next_fire_at + ${hour} where name = 'berlin'`);
      await it.look();
      const now = await it.nextFires();
      assert.equal(now.get('berlin')?.next, right.get('berlin')?.next);
      assert.deepEqual(
        ['berlin', 'berlin-paused', 'berlin-calendar', 'tokyo', 'steady'].map((name) => now.get(name)?.version),
        [2, 1, 1, 1, 1],
      );
      const next = right.get('berlin')?.next ?? 0;
      const moved = { schedule: 'berlin', before: next + hour, after: next };
      assert.deepEqual(await it.events('schedules.replace'), [{ schedules: [moved] }]);
      const [told, ...more] = await it.events('zone-data.changed');
      assert.deepEqual(more, []);
      assert.deepEqual(told, {
        release: '2026b',
        zones: [{ zone: 'Europe/Berlin', from: stored.fromAt }],
        schedules: 3,
        moved: 1,
        samples: [{ namespace: 'ns', ...moved }],
      });
      assert.equal(it.counted.get('tidewheel_zone_data_moved_total'), 1);
      assert.deepEqual(await zonesChanged(it.db, hour), { zones: ['Europe/Berlin'], moved: 1 });
      const kept = (await zonesStored(it.db)).get('Europe/Berlin');
      assert.deepEqual(kept?.changes, zoneChanges('Europe/Berlin', kept?.fromAt ?? 0, kept?.untilAt ?? 0));
      assert.equal((await auditFires(it.db, { namespace: 'ns', from: 0 })).clean, true);

      await it.look();
      assert.deepEqual(await it.nextFires(), now);
      assert.equal((await it.events('zone-data.changed')).length, 1);
    });

    test('a change that lies ahead moves nothing yet, and is told', async (t) => {
      const it = await setup(t, engine);
      await it.look();
      const before = await it.nextFires();
      const stored = (await zonesStored(it.db)).get('Europe/Berlin');
      assert.ok(stored !== undefined);
      const changes = { ...stored.changes, changes: stored.changes.changes.slice(0, -1) };
      await zonesPut(it.db, [{ ...stored, changes, moved: null }]);
      await it.look();
      assert.deepEqual(await it.nextFires(), before);
      const [told] = await it.events('zone-data.changed');
      assert.deepEqual(
        [told?.['zones'], told?.['moved'], told?.['schedules']],
        [[{ zone: 'Europe/Berlin', from: stored.changes.changes.at(-1)?.[0] }], 0, 3],
      );
    });
  });
}
