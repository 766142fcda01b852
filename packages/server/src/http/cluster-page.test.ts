import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStatus, ElectionView, Page, ServerInfo } from '@tidewheel/protocol';
import { openDoor } from './testing/open-door.ts';
import { readEvents } from './testing/read-events.ts';

test('a viewer sees the cluster: one master, which leads', async (t) => {
  const door = await openDoor();
  t.after(() => door.close());
  await door.bench.clock.advance(8000);
  const { masterId } = (await door.call('GET', '/v1/server')).json<ServerInfo>();
  const answer = await door.call('GET', '/v1/cluster', { token: door.tokens.viewer });
  assert.equal(answer.status, 200, answer.text);
  const { masters, term, coordinator, degraded } = answer.json<ClusterStatus>();
  assert.deepEqual(
    masters.map(({ id, role }) => [id, role]),
    [[masterId, 'leader']],
  );
  assert.deepEqual([term, coordinator.kind, degraded], [1, 'store', []]);
});

test('the history of elections comes in pages, newest first, with the reason of each end', async (t) => {
  const door = await openDoor();
  t.after(() => door.close());
  await door.bench.clock.advance(8000);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await door.master.elector.stepDown(), true);
    await door.bench.clock.advance(12_000);
  }
  const terms: [number, string | null][] = [];
  let cursor = '';
  for (let pages = 0; pages < 4; pages += 1) {
    const answer = await door.call('GET', `/v1/cluster/elections?limit=1${cursor}`, { token: door.tokens.viewer });
    assert.equal(answer.status, 200, answer.text);
    const { items, nextCursor } = answer.json<Page<ElectionView>>();
    for (const { term, reason, coordinator, from, until } of items) {
      assert.equal(coordinator, 'store');
      assert.ok(until === null || until >= from);
      terms.push([term, reason]);
    }
    assert.equal(nextCursor === null, pages === 3);
    cursor = `&cursor=${nextCursor ?? ''}`;
  }
  assert.deepEqual(terms, [
    [4, null],
    [3, 'stepped-down'],
    [2, 'stepped-down'],
    [1, 'stepped-down'],
  ]);
  assert.equal((await door.call('GET', '/v1/cluster/elections', { token: null })).status, 401);
  assert.equal((await door.call('GET', '/v1/cluster/elections', { token: door.tokens.worker })).status, 403);
  assert.equal((await door.call('GET', '/v1/cluster/elections?cursor=bm8', {})).problem().code, 'VALIDATION_FAILED');
});

test('pages of every namespace are told when a master is given an order or the leadership changes hands', async () => {
  const door = await openDoor();
  const events = await readEvents(`${door.door.address}/v1/namespaces/default/live`, door.tokens.viewer);
  for (const publish of [
    () => door.bench.context.signals.publish('masters', null),
    () => door.bench.context.signals.publish('leases', { names: ['leader'] }),
  ]) {
    publish();
    await door.bench.clock.advance(300);
    assert.deepEqual((await events.next())?.data, { topics: ['cluster'] });
  }
  events.close();
  await door.close();
});
