// Several masters on one PostgreSQL: all fire, none is special, and each nominal time becomes exactly one run.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { createDatabase } from './support/postgres.ts';

const schedules = 40;

async function firedBy(system: System): Promise<number> {
  const response = await fetch(`${system.address}/metrics`);
  const [, count] = /^tidewheel_fires_total\{outcome="fired"\} (\d+)$/m.exec(await response.text()) ?? [];
  return Number(count ?? 0);
}

test('ten masters fire the same schedules once each, and three of them leaving changes nothing', {
  timeout: 90_000,
}, async () => {
  const database = await createDatabase();
  after(() => database.drop());
  const config = readConfig({
    flags: { store: database.url, listen: '127.0.0.1:0', 'store-pool': '4' },
    env: {},
    file: null,
  });
  const defects: unknown[] = [];
  const open = (): Promise<System> =>
    compose(config, { version: 'test', log: silentLog, fatal: (error) => defects.push(error) });
  const systems = await Promise.all(Array.from({ length: 10 }, open));
  after(() => Promise.all(systems.map((system) => system.stop())));
  const [first] = systems;
  assert.ok(first !== undefined);
  const { db } = first.store;

  const jobs = Array.from({ length: schedules }, (_, index) => ({
    name: `job-${index}`,
    task: 'nobody-runs-this',
    schedules: [{ name: `every-second-${index}`, cron: '* * * * * *', misfire: { policy: 'all' } }],
  }));
  await first.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs }), { role: 'admin' });

  const counted = async () => {
    const [row] = await db.query<{ fires: number }>('select count(*) as fires from fire');
    return row?.fires ?? 0;
  };
  const until = async (fires: number) => {
    while ((await counted()) < fires) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  await until(schedules * 4);
  const leaving = systems.slice(7);
  const firedByThose = (await Promise.all(leaving.map(firedBy))).reduce((sum, fires) => sum + fires, 0);
  const before = await counted();
  await Promise.all(leaving.map((system) => system.stop()));
  await until(before + schedules * 4);

  // What is due is decided by the deletion itself, so that the ledger is complete when it returns.
  const none = applyRequestSchema.parse({ jobs: [], prune: true });
  await first.master.definitions.apply('default', 'test', none, { role: 'admin' });
  const perSchedule = await db.query<{ fires: number; span: number; times: number }>(
    `select count(*) as fires, (max(fire_at) - min(fire_at)) / 1000 + 1 as span, count(distinct fire_at) as times
     from fire group by schedule_id`,
  );
  assert.equal(perSchedule.length, schedules);
  for (const { fires, span, times } of perSchedule)
    assert.deepEqual([fires, times], [span, span], 'no second is missing');

  const runs = await db.query<{ runs: number }>(
    'select count(*) as runs from any_run where schedule_id is not null group by schedule_id, fire_at',
  );
  assert.ok(
    runs.every((row) => row.runs === 1),
    'one run for each nominal time',
  );
  assert.equal(runs.length, await counted(), 'and none without a ledger row');

  const perMaster = await Promise.all(systems.slice(0, 7).map(firedBy));
  assert.ok(perMaster.filter((fires) => fires > 0).length >= 2, `several masters fired: ${perMaster.join(', ')}`);
  assert.ok(perMaster.reduce((sum, fires) => sum + fires, firedByThose) <= (await counted()));
  assert.deepEqual(defects, []);
});
