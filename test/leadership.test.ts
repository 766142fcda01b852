// Real masters on PostgreSQL with a real etcd: how soon another one leads, and that an outage of etcd stops changes of leadership only.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { startEtcd } from './support/etcd.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually, Program, programArguments } from './support/tidewheel.ts';

const kinds = [
  { coordinator: 'store', killedMs: 6000 },
  { coordinator: 'etcd', killedMs: 4000 },
] as const;

/** A defect ends the test process, as it ends a master. */
function stop(error: unknown): void {
  throw error;
}

async function leaderOf(db: Database): Promise<{ term: number; address: string } | undefined> {
  const [row] = await db.query<{ term: number; address: string }>(
    'select l.term, m.address from leader_term l join master m on m.id = l.master_id',
  );
  return row;
}

for (const { coordinator, killedMs } of kinds) {
  test(`by ${coordinator}, a killed leader is followed within ${killedMs / 1000} s, a stopped one within 1 s`, {
    timeout: 90_000,
  }, async () => {
    const database = await createDatabase();
    after(() => database.drop());
    const etcd = coordinator === 'etcd' ? await startEtcd({ members: 3 }) : null;
    after(() => etcd?.stop());
    const flags = { store: database.url, listen: '127.0.0.1:0', 'store-pool': '2', coordinator };
    const where = etcd === null ? {} : { 'etcd-endpoints': etcd.endpoints.join(',') };
    // This one only watches: it is the last to lead.
    const watcher = await compose(readConfig({ flags: { ...flags, ...where }, env: {}, file: null }), {
      version: 'test',
      log: silentLog,
      fatal: stop,
    });
    after(() => watcher.stop());
    const { db } = watcher.store;
    const args = Object.entries({ ...flags, ...where }).map(([flag, value]) => `--${flag}=${value}`);
    const masters = new Map<string, Program>();
    for (let count = 0; count < 3; count += 1) {
      const program = new Program([...programArguments, 'server', ...args]);
      after(() => program.end('SIGKILL'));
      masters.set((await program.says(/http:\/\/127\.0\.0\.1:\d+/))[0], program);
    }
    await eventually('all masters have joined', async () => {
      const [row] = await db.query<{ count: number }>('select count(*) as count from master');
      return row?.count === 4;
    });
    await watcher.master.elector.stepDown();
    const tookMs: Record<string, number> = {};
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const leader = await eventually('one of the processes leads', async () => {
        const one = await leaderOf(db);
        if (one !== undefined && !masters.has(one.address)) await watcher.master.elector.stepDown();
        return one !== undefined && masters.has(one.address) && one;
      });
      const startedMs = performance.now();
      masters.get(leader.address)?.signal(signal);
      await eventually('another one leads', async () => ((await leaderOf(db))?.term ?? 0) > leader.term);
      tookMs[signal] = performance.now() - startedMs;
      masters.delete(leader.address);
    }
    assert.ok((tookMs['SIGKILL'] ?? Infinity) <= killedMs, `killed: ${tookMs['SIGKILL']} ms`);
    assert.ok((tookMs['SIGTERM'] ?? Infinity) <= 1000, `stopped: ${tookMs['SIGTERM']} ms`);
  });
}

test('while all of etcd is down schedules fire, the leader goes on, and masters start', {
  timeout: 90_000,
}, async () => {
  const database = await createDatabase();
  after(() => database.drop());
  const etcd = await startEtcd({ members: 3 });
  after(() => etcd.stop());
  const endpoints = etcd.endpoints.join(',');
  const flags = { store: database.url, listen: '127.0.0.1:0', 'store-pool': '4', coordinator: 'etcd' };
  const config = readConfig({ flags: { ...flags, 'etcd-endpoints': endpoints }, env: {}, file: null });
  const open = async (): Promise<System> => {
    const system = await compose(config, { version: 'test', log: silentLog, fatal: stop });
    after(() => system.stop());
    return system;
  };
  const first = await open();
  const { db } = first.store;
  const { term } = await eventually('it leads', () => leaderOf(db));
  const job = { name: 'job', task: 'nobody-runs-this', schedules: [{ name: 'every-second', cron: '* * * * * *' }] };
  await first.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [job] }), { role: 'admin' });
  for (const member of etcd.members) await member.kill();
  await eventually('its trust runs out', () => Promise.resolve(!first.master.elector.trusted));
  const second = await open();
  const fires = async (): Promise<number> =>
    (await db.query<{ count: number }>(`select count(*) as count from fire where outcome = 'fired'`))[0]?.count ?? 0;
  const before = await fires();
  await eventually('schedules fire', async () => (await fires()) >= before + 3);
  assert.equal((await leaderOf(db))?.term, term);
  const { degraded, masters } = await second.master.clusterStatus();
  assert.equal(masters.length, 2);
  assert.ok(degraded.some(({ what }) => what === 'coordinator-unreachable'));
  for (const member of etcd.members) member.start();
  await eventually('a leader is trusted again', () =>
    Promise.resolve(first.master.elector.trusted || second.master.elector.trusted),
  );
});
