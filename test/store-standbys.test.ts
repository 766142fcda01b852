// A master, a worker and clients on PostgreSQL with a standby: who sees what while the standby lags, and what goes on while the primary
// is gone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  applyRequestSchema,
  changeHeader,
  type FireAudit,
  type Page,
  type RunSummary,
  staleHeader,
} from '@tidewheel/protocol';
import { type Client, createClient, task, worker } from '@tidewheel/sdk';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { admin, together } from '../packages/server/src/drivers/postgres/testing/several-servers.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { type PostgresCluster, startPostgres } from './support/postgres.ts';
import { eventually } from './support/tidewheel.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const started = Promise.withResolvers<undefined>();
const gate = Promise.withResolvers<undefined>();

const gated = task({
  id: 'gated',
  run: async () => {
    started.resolve(undefined);
    await gate.promise;
    return { done: true };
  },
});
const tick = task({ id: 'tick', run: () => undefined });

let primary: PostgresCluster;
let standby: PostgresCluster;
let system: System;
let secret: string;
let client: Client;
let stopWorker: () => Promise<unknown>;

before(async () => {
  primary = await startPostgres();
  standby = await startPostgres({ standbyOf: { cluster: primary, name: 'standby' } });
  // Bound and lease are long, so that a busy machine does not pass them by itself.
  const flags = {
    store: together(standby.url, primary.url),
    listen: '127.0.0.1:0',
    'store-pool': '4',
    'store-staleness': '30s',
    'session-ttl': '60s',
  };
  const config = readConfig({ flags, env: {}, file: null });
  system = await compose(config, {
    version: 'test',
    log: silentLog,
    fatal: (error) => {
      throw error;
    },
  });
  const token = async (role: 'operator' | 'worker'): Promise<string> =>
    (await system.store.createToken({ name: role, role, namespace: 'default' })).secret;
  secret = await token('operator');
  client = createClient({ address: system.address, token: secret });
  const running = worker({
    tasks: [gated, tick],
    address: system.address,
    token: await token('worker'),
    log: quiet,
    handleSignals: false,
    handleUncaught: false,
  });
  stopWorker = () => running.stop();
  await running.start();
});
after(async () => {
  await stopWorker();
  await system.stop();
  await standby.stop();
  await primary.stop();
});

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response> {
  return fetch(`${system.address}${path.startsWith('/') ? path : `/v1/namespaces/default/${path}`}`, {
    method,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const metrics = async (): Promise<string> => (await fetch(`${system.address}/metrics`)).text();

async function readsFrom(place: string): Promise<number> {
  return Number(new RegExp(`^tidewheel_reads_total\\{from="${place}"\\} (\\d+)$`, 'm').exec(await metrics())?.[1] ?? 0);
}

const replicaServes = async (): Promise<boolean> => {
  await ask('GET', 'runs', { [changeHeader]: 'none' });
  const { store } = await client.cluster.status();
  return store.reads?.replicas.some(({ serving }) => serving) === true;
};

describe('a master on PostgreSQL with a standby', { timeout: 180_000 }, () => {
  test('lists leave the primary, and the cluster says which standby answers and how old it may be', async () => {
    await eventually('the standby serves', replicaServes);
    const before = [await readsFrom('replica'), await readsFrom('primary')];
    for (let n = 0; n < 20; n += 1) await client.runs.list().page();
    assert.deepEqual([await readsFrom('replica'), await readsFrom('primary')], [(before[0] ?? 0) + 20, before[1]]);
    const { store } = await client.cluster.status();
    const [replica] = store.reads?.replicas ?? [];
    assert.equal(store.reads?.staleMs, 30_000);
    assert.deepEqual([replica?.name, replica?.trouble], [`${new URL(standby.url).host}/postgres`, null]);
    assert.ok(replica?.staleMs !== null && replica?.staleMs !== undefined && replica.staleMs < 30_000);
  });

  test('while the standby stands still a client sees its own change, and others see it within the bound', async () => {
    await eventually('the standby serves', replicaServes);
    await admin(standby.url, 'select pg_wal_replay_pause()');
    try {
      const [{ paused } = { paused: '' }] = await admin<{ paused: string }>(
        standby.url,
        'select pg_get_wal_replay_pause_state() as paused',
      );
      assert.match(paused, /paus/);
      const handle = await client.trigger('tick', undefined);
      const ids = async (who: Client) => (await who.runs.list({ limit: 5 }).page()).items.map(({ id }) => id);
      assert.ok((await ids(client)).includes(handle.id));
      const other = createClient({ address: system.address, token: secret });
      assert.ok(!(await ids(other)).includes(handle.id), 'the standby answers, and does not have it');
      // One run is asked for by its id: somebody has told of it.
      assert.equal((await other.runs.get(handle.id)).id, handle.id);
      const careful = createClient({ address: system.address, token: secret, reads: 'primary' });
      assert.ok((await ids(careful)).includes(handle.id));
    } finally {
      await admin(standby.url, 'select pg_wal_replay_resume()');
    }
  });

  test('while the primary is gone reads are answered with their age, changes are 503, and what a worker finishes counts afterwards', async () => {
    const jobs = [
      {
        name: 'beat',
        task: 'tick',
        schedules: [{ name: 'every-second', cron: '* * * * * *', misfire: { policy: 'all', window: '1h' } }],
      },
    ];
    await system.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs }), { role: 'admin' });
    const handle = await client.trigger(gated);
    await started.promise;
    assert.equal((await ask('GET', 'runs?limit=3')).status, 200);
    await primary.kill();

    let ageMs = 0;
    await eventually('an answer that is more than four seconds old', async () => {
      const kept = await ask('GET', 'runs?limit=3');
      assert.equal(kept.status, 200);
      const { items, stale } = (await kept.json()) as Page<RunSummary> & { stale?: { ageMs: number } };
      assert.ok(items.length > 0);
      assert.equal(kept.headers.get(staleHeader) !== null, stale !== undefined);
      ageMs = stale?.ageMs ?? 0;
      return ageMs > 4000;
    });
    const refused = await ask('POST', 'runs', {}, { job: 'tick' });
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
    const ofStandby = await ask('GET', 'runs?limit=4');
    assert.ok(Number(ofStandby.headers.get(staleHeader)) >= 4, 'it was not asked for before: the standby has it');
    await standby.kill();
    await eventually('nothing was kept for this', async () => (await ask('GET', 'runs?limit=5')).status === 503);
    assert.equal((await ask('GET', 'runs?limit=3')).status, 200, 'and this was');
    await eventually('the metrics say that nobody serves', async () => {
      const text = await metrics();
      const replica = `{replica="${new URL(standby.url).host}/postgres"}`;
      return text.includes(`replica_serving${replica} 0\n`) && text.includes(`stale_seconds${replica} +Inf\n`);
    });
    gate.resolve(undefined);
    await primary.restart();
    await standby.restart();

    // In time for its lease: the attempt that was under way is the one that counts.
    assert.deepEqual(await handle.result(), { done: true });
    const run = await client.runs.get(handle.id);
    assert.deepEqual([run.state, run.attempts.length], ['succeeded', 1]);
    await eventually('no answer is old any more', async () => {
      const answer = await ask('GET', 'runs?limit=3');
      return answer.ok && answer.headers.get(staleHeader) === null;
    });
    await system.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [], prune: true }), {
      role: 'admin',
    });
    const audit = (await (await ask('GET', 'audit/fires')).json()) as FireAudit;
    assert.equal(audit.clean, true, JSON.stringify(audit));
    const fires = await system.store.db.query<{ fireAt: number; runId: string | null }>(
      'select fire_at as "fireAt", run_id as "runId" from fire order by fire_at',
    );
    const [from, to] = [fires[0]?.fireAt ?? 0, fires.at(-1)?.fireAt ?? 0];
    assert.equal(fires.length, (to - from) / 1000 + 1, 'no second is missing, and none is there twice');
    assert.ok(
      fires.every(({ runId }) => runId !== null),
      'each second has its run',
    );
  });
});
