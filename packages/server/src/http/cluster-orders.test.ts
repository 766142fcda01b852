// Orders to masters over the API: two masters on one store, the second without a door.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent, ClusterStatus, Page } from '@tidewheel/protocol';
import { Master } from '../master/master.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
let other: Master;
let admin: string;
before(async () => {
  door = await openDoor();
  const { context } = door.bench;
  other = new Master({ ...context, settings: { ...context.settings, address: 'http://other:7070' } });
  admin = await door.token('admin', '*');
});
after(async () => {
  const stopping = other.stop();
  await door.bench.clock.advance(5000);
  await stopping;
  await door.close();
});

const order = (path: string, body: unknown = { reason: 'new kernel' }, token = admin) =>
  door.call('POST', `/v1/cluster/${path}`, { body, token });
const status = async () => (await door.call('GET', '/v1/cluster', { token: admin })).json<ClusterStatus>();
const master = async (id: string) => (await status()).masters.find((one) => one.id === id);

test('the only master can be neither drained nor cordoned, and one that is not there not at all', async () => {
  const refused = await order(`masters/${door.master.id}/drain`);
  assert.deepEqual([refused.status, refused.problem().code], [409, 'LAST_MASTER']);
  const unknown = await order('masters/01900000-0000-7000-8000-00000000abcd/cordon');
  assert.deepEqual([unknown.status, unknown.problem().code], [404, 'NOT_FOUND']);
});

test('an order reaches another master through the store, shows with its reason, and stands in the audit log', async () => {
  await other.start();
  await door.bench.clock.advance(10_000);
  const drained = await order(`masters/${other.id}/drain`);
  assert.deepEqual(drained.json(), { masterId: other.id });
  await door.bench.clock.advance(10_000);
  const view = await master(other.id);
  assert.deepEqual([view?.wanted, view?.wantedReason, view?.drained], ['draining', 'new kernel', true]);
  const events = (await door.call('GET', 'events', { token: admin })).json<Page<AuditEvent>>();
  const event = events.items.find((one) => one.action === 'master.drain');
  assert.deepEqual([event?.subject, event?.actor, event?.detail], [other.id, 'admin-of-all', { reason: 'new kernel' }]);
  await order(`masters/${other.id}/uncordon`);
  await door.bench.clock.advance(10_000);
  assert.deepEqual([(await master(other.id))?.wanted, (await master(other.id))?.drained], ['active', false]);
});

test('the leader steps down for the master that is named, wherever it is asked', async () => {
  await door.bench.clock.advance(10_000);
  const leader = (await status()).masters.find((one) => one.role === 'leader');
  const next = leader?.id === other.id ? door.master.id : other.id;
  const asked = await order('step-down', { reason: 'upgrade', to: next });
  assert.deepEqual(asked.json(), { masterId: leader?.id });
  await door.bench.clock.advance(8000);
  const { masters, elections } = await status();
  assert.equal(masters.find((one) => one.role === 'leader')?.id, next);
  assert.equal(elections[1]?.reason, 'transferred');
});

test('orders need a reason, and an administrator of the whole cell', async () => {
  assert.equal((await order('step-down', {})).problem().errors?.[0]?.pointer, '/reason');
  const local = await order('step-down', { reason: 'mine' }, door.tokens.admin);
  assert.deepEqual([local.status, local.problem().code], [403, 'FORBIDDEN']);
});
