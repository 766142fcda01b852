// Findings of the standing audit as people see them: planted in the ledger, seen in three places, acknowledged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterStatus, FireFinding, Overview } from '@tidewheel/protocol';
import { openDoor } from './testing/open-door.ts';

test('a lost fire stands in overview, cluster status and findings until it is acknowledged', async (t) => {
  const door = await openDoor();
  t.after(() => door.close());
  const schedules = [{ name: 'tick', every: '10s' }];
  await door.call('POST', 'apply', { body: { jobs: [{ name: 'noop', task: 'noop', schedules }] } });
  await door.bench.clock.advance(125_000);
  const findings = async () => (await door.call('GET', 'audit/findings')).json<{ items: FireFinding[] }>().items;
  const degraded = async () =>
    (await door.call('GET', '/v1/cluster')).json<ClusterStatus>().degraded.filter(({ what }) => what === 'fires-amiss');
  const amiss = async () =>
    (await door.call('GET', 'overview')).json<Overview>().attention.filter(({ kind }) => kind === 'fires-amiss');
  assert.deepEqual([await findings(), await degraded(), await amiss()], [[], [], []]);
  const nothing = await door.call('POST', 'audit/findings/acknowledge', { body: { reason: 'x' } });
  assert.equal(nothing.problem().code, 'NOT_FOUND');

  await door.bench.context.db.query('delete from fire where fire_at = (select min(fire_at) from fire)');
  await door.bench.clock.advance(180_000);
  const [finding] = await findings();
  assert.deepEqual([finding?.schedule, finding?.job, finding?.missing], ['tick', 'noop', 1]);
  assert.deepEqual(
    (await amiss()).map(({ subject }) => subject),
    ['tick'],
  );
  assert.match((await degraded())[0]?.detail ?? '', /fires are missing, doubled or unexpected; schedules: 1$/);

  const refused = await door.call('POST', 'audit/findings/acknowledge', { body: {} });
  assert.equal(refused.status, 422);
  const known = await door.call('POST', 'audit/findings/acknowledge', {
    body: { reason: 'a drill', schedule: 'tick' },
  });
  assert.deepEqual(known.json(), { schedules: ['tick'] });
  await door.bench.clock.advance(120_000);
  assert.deepEqual([await findings(), await degraded(), await amiss()], [[], [], []]);
  const rows = await door.bench.context.db.query<{ actor: string; detail: string }>(
    `select actor, detail from event where action = 'fires.acknowledge' and subject = 'tick'`,
  );
  assert.deepEqual(
    rows.map(({ detail }) => detail),
    ['{"reason":"a drill"}'],
  );
});
