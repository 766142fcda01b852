// Two masters on one PostgreSQL and a real worker: the worker's master is drained under load and stopped. Nobody notices.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ClusterStatus, FireAudit, RunView } from '@tidewheel/protocol';
import { createClient, worker } from '@tidewheel/sdk';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { captured } from './support/captured-terminal.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually } from './support/tidewheel.ts';

test('a master is drained and stopped: its worker goes on elsewhere with what it runs, and no fire is missed', {
  timeout: 90_000,
}, async () => {
  const database = await createDatabase();
  after(() => database.drop());
  const flags = { store: database.url, listen: '127.0.0.1:0', 'store-pool': '4' };
  const defects: unknown[] = [];
  const open = (): Promise<System> =>
    compose(readConfig({ flags, env: {}, file: null }), {
      version: 'test',
      log: silentLog,
      fatal: (error) => defects.push(error),
    });
  const first = await open();
  after(() => first.stop());
  const second = await open();
  after(() => second.stop());
  const secret = async (role: 'admin' | 'worker', namespace: string) =>
    (await first.store.createToken({ name: role, role, namespace })).secret;
  const token = await secret('admin', '*');
  const client = createClient({ addresses: [second.address], token });
  await client.apply({
    jobs: [
      { name: 'long', shell: { argv: ['sleep', '6'] } },
      { name: 'short', shell: { argv: ['true'] }, schedules: [{ name: 'short', cron: '* * * * * *' }] },
    ],
  });
  const quiet = () => undefined;
  const running = worker({
    addresses: [first.address],
    token: await secret('worker', 'default'),
    tasks: [],
    schedules: [],
    executors: ['shell'],
    slots: 4,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  await running.start();
  after(() => running.stop());
  const long = await client.trigger('long');
  await eventually('it runs', async () => (await client.runs.get(long.id)).state === 'running' || undefined, 10_000);

  const env = { TIDEWHEEL_URL: second.address, TIDEWHEEL_TOKEN: token };
  const drained = await captured(['cluster', 'drain', first.address, '--reason', 'test'], { env });
  assert.deepEqual([drained.code, drained.stderr], [0, `${first.address} is drained and can be stopped\n`]);
  const shown = await captured(['cluster', 'status', '-o', 'json'], { env });
  const { masters } = JSON.parse(shown.stdout) as ClusterStatus;
  const view = masters.find((master) => master.address === first.address);
  assert.deepEqual([view?.wanted, view?.drained, view?.role], ['draining', true, 'follower']);
  await first.stop();

  const run: RunView = await eventually(
    'the long run ends',
    async () => {
      const now = await client.runs.get(long.id);
      return now.finishedAt === null ? undefined : now;
    },
    20_000,
  );
  assert.deepEqual([run.state, run.attempt], ['succeeded', 1], 'the move did not end it');
  // The audit leaves the newest seconds out, for they may still be being decided.
  const audit: FireAudit = await eventually(
    'the time of the move is audited',
    async () => {
      const now = await client.audit.fires();
      return (now.schedules[0]?.expected ?? 0) >= 8 ? now : undefined;
    },
    20_000,
  );
  assert.ok(audit.clean, JSON.stringify(audit.schedules));
  assert.deepEqual(defects, []);
});
