// A master that was away goes on where the store is: what it missed is made up for, or skipped, as each schedule says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyRequestSchema, type JobInput } from '@tidewheel/protocol';
import { auditFires } from './fire-audit.ts';
import { Master } from './master.ts';
import { openBench } from './testing/bench-context.ts';

const policies = ['skip', 'last', 'all'] as const;

test('after a minute without a master each missed fire is decided once, by the policy of its schedule', async (context) => {
  const bench = await openBench();
  context.after(() => bench.close());
  const { clock } = bench;
  const stop = async (master: Master) => {
    const stopping = master.stop();
    await clock.advance(5000);
    await stopping;
  };
  const first = new Master(bench.context);
  const jobs = policies.map(
    (policy): JobInput => ({
      name: policy,
      task: 'noop',
      schedules: [{ name: policy, every: '10s', misfire: { policy, grace: '1s' } }],
    }),
  );
  await first.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs }), { role: 'operator' });
  const since = clock.wallMs();
  await first.start();
  await clock.advance(20_500);
  await stop(first);
  await clock.advance(since + 85_000 - clock.wallMs());

  const second = new Master(bench.context);
  await second.start();
  await clock.settle();
  const rows = await bench.context.db.query<{ name: string; at: number; outcome: string }>(
    `select s.name, f.fire_at - ${since} as at, f.outcome from fire f join schedule s on s.id = f.schedule_id order by f.fire_at`,
  );
  const told = (name: string) =>
    rows.filter((row) => row.name === name).map(({ at, outcome }) => `${at / 1000} ${outcome}`);
  const before = ['10 fired', '20 fired'];
  const missed = (outcome: string, ...seconds: number[]) => seconds.map((at) => `${at} ${outcome}`);
  assert.deepEqual(told('skip'), [...before, ...missed('skipped', 30, 40, 50, 60, 70, 80)]);
  assert.deepEqual(told('last'), [...before, ...missed('skipped', 30, 40, 50, 60, 70), '80 fired']);
  assert.deepEqual(told('all'), [...before, ...missed('fired', 30, 40, 50, 60, 70, 80)]);
  const audit = await auditFires(bench.context.db, { namespace: 'default', from: since, graceMs: 0 });
  assert.deepEqual([audit.clean, audit.schedules.map(({ expected }) => expected)], [true, [8, 8, 8]]);
  await stop(second);
  assert.deepEqual(bench.fatal, []);
});
