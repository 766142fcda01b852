import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import { Refusal, type ScalingFigures } from '@tidewheel/protocol';
import type { ScalingTarget } from '../core/scaling/figures.ts';
import { selfSigned } from '../http/testing/self-signed.ts';
import { StoreUnavailable } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { ManualClock } from '../ports/testing/manual-clock.ts';
import { KedaDoor, type KedaDoorDeps, type KedaSettings } from './keda-door.ts';
import { kedaClient } from './testing/keda-client.ts';

const none: ScalingFigures = {
  wantedWorkers: 0,
  basis: 'backlog',
  liveWorkers: 0,
  drainingWorkers: 0,
  slots: 0,
  busySlots: 0,
  waitingRuns: 0,
  waitingWorkSeconds: 0,
  oldestWaitSeconds: 0,
  runningRuns: 0,
};
const pool = { metadata: { scalerAddress: 'ignored:1', namespace: 'etl', pool: 'heavy' } };

async function setup(t: TestContext, settings: Partial<KedaSettings> = {}) {
  const clock = new ManualClock();
  const state = { wanted: 0, asked: [] as ScalingTarget[], failure: null as Error | null, known: true };
  const deps: KedaDoorDeps = {
    clock,
    log: silentLog,
    fatal: (error) => assert.fail(String(error)),
    figures: async (target) => {
      state.asked.push(target);
      if (state.failure !== null) throw state.failure;
      return state.known ? { ...none, wantedWorkers: state.wanted } : null;
    },
    settings: { host: '127.0.0.1', port: 0, tls: null, insecure: false, ...settings },
  };
  const door = new KedaDoor(deps);
  await door.start();
  const client = kedaClient(`127.0.0.1:${door.port}`);
  t.after(async () => {
    client.close();
    await door.stop();
  });
  return { clock, door, client, state, deps };
}

const failing = (code: number, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error && 'code' in error && 'details' in error);
  assert.equal(error.code, code, String(error));
  // This client leaves the escapes of some characters as they are; KEDA's does not.
  assert.match(decodeURIComponent(String(error.details)), words);
  return true;
};

test('the metric is the number of wanted workers, with a target of one', async (t) => {
  const { client, state } = await setup(t);
  state.wanted = 17;
  assert.deepEqual(await client.getMetricSpec(pool), [{ name: 'tidewheel-workers', whole: 1, float: 1 }]);
  assert.deepEqual(await client.getMetrics(pool), [{ name: 'tidewheel-workers', whole: 17, float: 17 }]);
  assert.equal(await client.isActive(pool), true);
  state.wanted = 0;
  assert.deepEqual(await client.getMetrics(pool), [{ name: 'tidewheel-workers', whole: 0, float: 0 }]);
  assert.equal(await client.isActive(pool), false);
  assert.deepEqual(state.asked[0], { kind: 'pool', namespace: 'etl', pool: 'heavy' });
});

test('a queue without a pool is asked for with the shape of its workers', async (t) => {
  const { client, state } = await setup(t);
  await client.isActive({ metadata: { queue: 'mail' } });
  await client.isActive({ metadata: { namespace: 'etl', queue: 'mail', slots: '4', wait: '30s', pool: '' } });
  assert.deepEqual(state.asked, [
    { kind: 'queue', namespace: 'default', queue: 'mail', objective: { slots: 8, waitMs: 10_000 } },
    { kind: 'queue', namespace: 'etl', queue: 'mail', objective: { slots: 4, waitMs: 30_000 } },
  ]);
});

test('what is wrong is said with the code, the place and the remedy', async (t) => {
  const { client, state } = await setup(t);
  await assert.rejects(
    client.isActive({ metadata: {} }),
    failing(3, /VALIDATION_FAILED: name either `pool` or `queue`/),
  );
  await assert.rejects(
    client.isActive({ metadata: { pool: 'a', queue: 'b' } }),
    failing(3, /either `pool` or `queue`/),
  );
  await assert.rejects(client.isActive({ metadata: { pool: 'a b' } }), failing(3, /`pool` is "a b"/));
  await assert.rejects(client.isActive({ metadata: { queue: 'a', slots: '0' } }), failing(3, /`slots` is "0"/));
  await assert.rejects(client.isActive({ metadata: { queue: 'a', wait: 'soon' } }), failing(3, /`wait` is "soon"/));
  await assert.rejects(client.getMetrics({ ...pool, metricName: 's0-x' }), failing(3, /ask for tidewheel-workers/));
  state.known = false;
  await assert.rejects(client.getMetrics(pool), failing(5, /NOT_FOUND: there is no pool "heavy".*\. Check the name/));
  await assert.rejects(client.getMetricSpec(pool), failing(5, /there is no pool "heavy" in the namespace "etl"/));
  state.failure = new StoreUnavailable('gone');
  await assert.rejects(client.isActive(pool), failing(14, /UNAVAILABLE: the store does not answer/));
});

test('a stream says at once what holds, then what changes, and after a minute all of it again', async (t) => {
  const { client, clock, state } = await setup(t);
  const stream = client.streamIsActive(pool);
  assert.equal(await stream.next(), false);
  state.wanted = 3;
  await clock.advance(1000);
  assert.equal(await stream.next(), true);
  const looks = state.asked.length;
  await clock.advance(10_000);
  assert.ok(state.asked.length >= looks + 10);
  await clock.advance(60_000);
  assert.equal(await stream.next(), true);
  stream.cancel();
});

test('the stream of the specification begins with what the call answers', async (t) => {
  const { client } = await setup(t);
  const stream = client.streamMetricSpec(pool);
  assert.deepEqual(await stream.next(), await client.getMetricSpec(pool));
  stream.cancel();
});

test('a stream ends when the store does not answer, so that another master is asked', async (t) => {
  const { client, clock, state } = await setup(t);
  const stream = client.streamIsActive(pool);
  assert.equal(await stream.next(), false);
  state.failure = new StoreUnavailable('gone');
  await clock.advance(1000);
  await assert.rejects(stream.next(), failing(14, /UNAVAILABLE/));
});

test('when the master stops its streams end well and new calls go elsewhere', async (t) => {
  const { client, door } = await setup(t);
  const [activity, specification] = [client.streamIsActive(pool), client.streamMetricSpec(pool)];
  await Promise.all([activity.next(), specification.next()]);
  await door.stop();
  assert.equal(await activity.next(), null);
  assert.equal(await specification.next(), null);
  await assert.rejects(client.isActive(pool), failing(14, /./));
});

test('a public address is refused unless KEDA shows a certificate or the risk is accepted', async (t) => {
  const { deps } = await setup(t);
  const settings = { ...deps.settings, host: '0.0.0.0' };
  const tls = { key: 'k', cert: 'c', clientCa: null };
  const refused = (error: unknown) => error instanceof Refusal && error.code === 'KEDA_OPEN';
  assert.throws(() => new KedaDoor({ ...deps, settings }), refused);
  assert.throws(() => new KedaDoor({ ...deps, settings: { ...settings, tls } }), refused);
  assert.ok(new KedaDoor({ ...deps, settings: { ...settings, insecure: true } }));
  assert.ok(new KedaDoor({ ...deps, settings: { ...settings, tls: { ...tls, clientCa: 'ca' } } }));
});

test('with an authority for clients only those with a certificate of it are answered', async (t) => {
  const [ours, keda, stranger] = [selfSigned(), selfSigned(), selfSigned()];
  const { door } = await setup(t, { tls: { ...ours, clientCa: keda.cert } });
  const asClient = (own: { key: string; cert: string } | null) => {
    const [key, cert] = own === null ? [null, null] : [Buffer.from(own.key), Buffer.from(own.cert)];
    const client = kedaClient(`127.0.0.1:${door.port}`, credentials.createSsl(Buffer.from(ours.cert), key, cert));
    t.after(() => client.close());
    return client;
  };
  assert.equal(await asClient(keda).isActive(pool), false);
  await assert.rejects(asClient(stranger).isActive(pool), failing(14, /./));
  await assert.rejects(asClient(null).isActive(pool), failing(14, /./));
});

test('starting and stopping may be asked for twice and in any order', async (t) => {
  const { deps } = await setup(t);
  const door = new KedaDoor(deps);
  await door.stop();
  await door.start();
  await door.stop();
});
