import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApplyResult, Page, PoolOrderView, PoolView, PoolWorker, ScalingDecisionRow } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

const fresh = { 'if-none-match': '*' };
const put = (name: string, body: object = {}, headers: Record<string, string> = fresh) =>
  door.call('PUT', `pools/${name}`, { body: { name, labels: { pool: name }, max: 5, ...body }, headers });
const order = (name: string, body: object) => door.call('POST', `pools/${name}/orders`, { body });

test('a pool is made, shown with its ETag, changed under it, listed and deleted', async () => {
  const made = await put('a');
  assert.deepEqual([made.status, made.headers.get('etag')], [201, '"1"']);
  assert.deepEqual(made.json<PoolView>().definition['slots'], 8);
  assert.equal((await door.call('GET', 'pools/a', { headers: { 'if-none-match': '"1"' } })).status, 304);
  const stale = await put('a', { max: 6 }, { 'if-match': '"9"' });
  assert.equal(stale.problem().code, 'STALE_VERSION');
  const changed = await put('a', { max: 6 }, { 'if-match': '"1"' });
  assert.deepEqual([changed.status, changed.json<PoolView>().version], [200, 2]);
  await put('b');
  const page = (await door.call('GET', 'pools?limit=1')).json<Page<PoolView>>();
  const rest = (await door.call('GET', `pools?cursor=${page.nextCursor}`)).json<Page<PoolView>>();
  assert.deepEqual(
    [...page.items, ...rest.items].map((one) => one.name),
    ['a', 'b'],
  );
  for (const name of ['a', 'b'])
    assert.equal((await door.call('DELETE', `pools/${name}`, { headers: { 'if-match': '*' } })).status, 204);
  assert.equal((await door.call('GET', 'pools/a')).status, 404);
});

test('contradictions are refused with code, place and remedy', async () => {
  await put('a', { labels: { zone: 'x' } });
  const overlapping = await put('c', { labels: { gpu: 'yes' } });
  assert.deepEqual(
    [overlapping.status, overlapping.problem().code, overlapping.problem().errors?.[0]?.pointer],
    [409, 'POOL_CONFLICT', '/labels'],
  );
  assert.match(overlapping.problem().remedy, /different values of one label/);
  const backwards = await put('c', { min: 9 });
  assert.deepEqual([backwards.status, backwards.problem().errors?.[0]?.pointer], [422, '/min']);
  const empty = await put('c', { slots: 0 });
  assert.deepEqual([empty.status, empty.problem().errors?.[0]?.pointer], [422, '/slots']);
  const off = await put('c', { labels: { zone: 'y' }, driver: { kind: 'process' } });
  assert.deepEqual(
    [off.status, off.problem().code, off.problem().errors?.[0]?.pointer],
    [403, 'SCALER_NOT_ALLOWED', '/driver/kind'],
  );
  await door.call('DELETE', 'pools/a', { headers: { 'if-match': '*' } });
});

test('orders hold, take the place of those of their kind, end, and stay in the history', async () => {
  await put('o');
  const first = (await order('o', { kind: 'scale', workers: 3, for: '2h', reason: 'sale' })).json<PoolOrderView>();
  assert.equal((first.until ?? 0) - first.from, 7_200_000);
  await order('o', { kind: 'scale', workers: 4, reason: 'more' });
  await order('o', { kind: 'freeze', reason: 'audit' });
  const held = (await door.call('GET', 'pools/o')).json<PoolView>().orders;
  assert.deepEqual(
    held.map(({ kind, order: body }) => [kind, body['workers']]),
    [
      ['scale', 4],
      ['freeze', undefined],
    ],
  );
  const [, freeze] = held;
  const ended = await door.call('POST', `pools/o/orders/${freeze?.id}/end`, { body: { reason: 'over' } });
  assert.equal(ended.status, 204);
  const again = await door.call('POST', `pools/o/orders/${freeze?.id}/end`, { body: { reason: 'over' } });
  assert.equal(again.problem().code, 'NOT_FOUND');
  const all = (await door.call('GET', 'pools/o/orders')).json<Page<PoolOrderView>>().items;
  assert.deepEqual(
    all.map(({ kind, ended: how }) => [kind, how]),
    [
      ['freeze', 'ended'],
      ['scale', null],
      ['scale', 'replaced'],
    ],
  );
  const past = await order('o', { kind: 'maintenance', from: 1, to: 2, reason: 'long ago' });
  assert.deepEqual([past.status, past.problem().errors?.[0]?.pointer], [422, '/to']);
  const unreasoned = await order('o', { kind: 'freeze', reason: ' ' });
  assert.equal(unreasoned.problem().errors?.[0]?.pointer, '/reason');
  assert.equal((await order('nothing', { kind: 'freeze', reason: 'x' })).status, 404);
  assert.deepEqual((await door.call('GET', 'pools/o/workers')).json<{ items: PoolWorker[] }>().items, []);
  // The leader is there and has seen them.
  const decided = (await door.call('GET', 'pools/o/decisions')).json<Page<ScalingDecisionRow>>().items;
  assert.ok(decided.every(({ explanation }) => explanation !== ''));
});

test('pools are applied with jobs, told as changes, pruned by their source, and not for a worker to declare', async () => {
  const apply = (body: object, token?: string) =>
    door.call('POST', 'apply', {
      body: { jobs: [], source: 'pools', ...body },
      ...(token === undefined ? {} : { token }),
    });
  const pools = [{ name: 'p', labels: { pool: 'p' }, max: 3 }];
  const changes = async (answer: ReturnType<typeof apply>): Promise<string[]> =>
    (await answer).json<ApplyResult>().changes.map(({ kind, name, action }) => `${kind} ${name} ${action}`);
  assert.deepEqual(await changes(apply({ pools, dryRun: true })), ['pool p create']);
  assert.equal((await door.call('GET', 'pools/p')).status, 404);
  assert.equal((await apply({ pools }, door.tokens.worker)).problem().code, 'FORBIDDEN');
  assert.deepEqual(await changes(apply({ pools })), ['pool p create']);
  assert.deepEqual(await changes(apply({ pools })), ['pool p unchanged']);
  const other = await apply({ pools, source: 'other' });
  assert.deepEqual([other.problem().code, other.problem().errors?.[0]?.pointer], ['OTHER_SOURCE', '/pools/0/name']);
  const twice = await apply({ pools: [...pools, ...pools] });
  assert.deepEqual([twice.problem().code, twice.problem().errors?.[0]?.pointer], ['DUPLICATE_NAME', '/pools/1/name']);
  // Whoever does not know of pools yet names none, and prunes none.
  assert.deepEqual(await changes(apply({ prune: true })), []);
  assert.deepEqual(await changes(apply({ pools: [], prune: true })), ['pool p delete']);
});
