import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStatus, ServerInfo } from '@tidewheel/protocol';
import { openDoor } from './testing/open-door.ts';

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
