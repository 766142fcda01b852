import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEtcd } from './etcd.ts';

test('a cluster of three answers, survives the loss of one member, and leaves nothing behind', {
  timeout: 120_000,
}, async () => {
  const etcd = await startEtcd({ members: 3 });
  assert.equal(new Set(etcd.endpoints).size, 3);
  const [first] = etcd.members;
  assert.ok(first);
  const { pid } = first;
  await first.kill();
  assert.throws(() => process.kill(pid, 0), 'a killed member is gone');
  first.start();
  await etcd.healthy();
  const pids = etcd.members.map((member) => member.pid);
  await etcd.stop();
  await etcd.stop();
  for (const one of pids) assert.throws(() => process.kill(one, 0));
});
