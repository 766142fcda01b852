import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent, LockView, Page } from '@tidewheel/protocol';
import { seedId } from '../store/testing/seed.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';
import { readEvents } from './testing/read-events.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

const post = (path: string, body: unknown, token = door.tokens.operator) => door.call('POST', path, { body, token });

test('a lock is taken, kept, given back, and taken by the next with a larger token', async () => {
  const hold = seedId();
  const taken = await post('locks/reports%2Fdaily/acquire', { hold, ttl: '30s', label: 'the nightly export' });
  const lock = taken.json<LockView>();
  assert.deepEqual(
    [taken.status, lock.name, lock.state, lock.owner, lock.label, lock.ttlMs],
    [200, 'reports/daily', 'held', 'operator-of-default', 'the nightly export', 30_000],
  );
  const other = await post('locks/reports%2Fdaily/acquire', { hold: seedId() }, door.tokens.worker);
  assert.deepEqual([other.status, other.problem().code], [409, 'LOCK_HELD']);
  assert.match(other.problem().detail, /held by operator-of-default \(the nightly export\)/);
  const renewed = await post('locks/reports%2Fdaily/renew', { hold, token: lock.token });
  assert.equal(renewed.json<LockView>().token, lock.token);
  const stolen = await post('locks/reports%2Fdaily/renew', { hold, token: lock.token }, door.tokens.worker);
  assert.deepEqual([stolen.status, stolen.problem().code], [409, 'LOCK_LOST']);
  const released = await post('locks/reports%2Fdaily/release', { hold });
  assert.deepEqual(released.json(), { released: true });
  assert.deepEqual((await post('locks/reports%2Fdaily/release', { hold })).json(), { released: false });
  const next = await post('locks/reports%2Fdaily/acquire', { hold: seedId() }, door.tokens.worker);
  assert.equal(next.json<LockView>().token, lock.token + 1);
});

test('a lock is taken away with a reason that stays in the audit log', async () => {
  const hold = seedId();
  const { token } = (await post('locks/stuck/acquire', { hold })).json<LockView>();
  assert.equal((await post('locks/stuck/force-release', {})).problem().errors?.[0]?.pointer, '/reason');
  const forced = await post('locks/stuck/force-release', { reason: 'its host burnt down' });
  assert.equal(forced.json<LockView>().token, token);
  const lost = (await post('locks/stuck/renew', { hold, token })).problem();
  assert.deepEqual(
    [lost.code, lost.detail],
    ['LOCK_LOST', 'the lock "stuck" was released by operator-of-default: its host burnt down'],
  );
  assert.equal((await post('locks/stuck/force-release', { reason: 'again' })).status, 404);
  const events = (await door.call('GET', 'events', { token: door.tokens.admin })).json<Page<AuditEvent>>();
  const [event] = events.items;
  assert.deepEqual(
    [event?.action, event?.subject, event?.actor],
    ['lock.force-release', 'stuck', 'operator-of-default'],
  );
  assert.deepEqual(event?.detail, { reason: 'its host burnt down', token, owner: 'operator-of-default', label: null });
});

test('the list shows what is held, by pages, and with `all` what was held', async () => {
  for (const name of ['p1', 'p2', 'p3']) await post(`locks/${name}/acquire`, { hold: seedId(), label: name });
  await post('locks/p2/force-release', { reason: 'test' });
  const list = async (query: string) => (await door.call('GET', `locks${query}`)).json<Page<LockView>>();
  const names = (page: Page<LockView>) => page.items.map((lock) => lock.name).filter((name) => name.startsWith('p'));
  assert.deepEqual(names(await list('')), ['p1', 'p3']);
  assert.deepEqual(names(await list('?all=true')), ['p1', 'p2', 'p3']);
  const first = await list('?all=true&limit=1');
  assert.equal(first.items.length, 1);
  assert.notEqual((await list(`?all=true&limit=1&cursor=${first.nextCursor}`)).items[0]?.name, first.items[0]?.name);
  assert.equal((await door.call('GET', 'locks/p2')).json<LockView>().state, 'free');
  assert.equal((await door.call('GET', 'locks/never')).problem().code, 'NOT_FOUND');
});

test('what makes no sense is refused with its place', async () => {
  for (const [body, pointer] of [
    [{}, '/hold'],
    [{ hold: 'me' }, '/hold'],
    [{ hold: seedId(), ttl: '1ms' }, '/ttl'],
    [{ hold: seedId(), wait: '1h' }, '/wait'],
  ] as const) {
    const refused = await post('locks/bad/acquire', body);
    assert.deepEqual([refused.status, refused.problem().errors?.[0]?.pointer], [422, pointer]);
  }
});

test('a bound lock needs an attempt that is running', async () => {
  const attempt = { runId: seedId(), attemptId: seedId() };
  assert.equal((await post('locks/bound/acquire', { hold: seedId(), attempt })).problem().code, 'SESSION_DEAD');
});

test('who watches a lock hears of each new holder and of its release', async () => {
  const events = await readEvents(`${door.door.address}/v1/namespaces/default/locks/seen/watch`, door.tokens.viewer);
  const next = async () => (await events.next())?.data as LockView | null;
  assert.equal(await next(), null);
  const hold = seedId();
  await post('locks/seen/acquire', { hold });
  assert.deepEqual([(await next())?.state], ['held']);
  await post('locks/seen/release', { hold });
  assert.deepEqual([(await next())?.state], ['free']);
  events.close();
});

test('holders hear at once of locks that are taken away in their namespace, and of no others', async () => {
  const events = await readEvents(`${door.door.address}/v1/namespaces/default/taken-locks`, door.tokens.worker);
  assert.equal((await events.next())?.event, 'watching');
  const elsewhere = await door.token('operator', 'elsewhere');
  const foreign = '/v1/namespaces/elsewhere/locks/mine';
  await post(`${foreign}/acquire`, { hold: seedId() }, elsewhere);
  await post(`${foreign}/force-release`, { reason: 'not yours' }, elsewhere);
  await post('locks/mine/acquire', { hold: seedId() });
  await post('locks/given-back/acquire', { hold: seedId() });
  const { token } = (await door.call('GET', 'locks/mine')).json<LockView>();
  await post('locks/mine/force-release', { reason: 'the ship has left' });
  const told = await events.next();
  assert.deepEqual(
    [told?.event, told?.data],
    ['taken', { name: 'mine', token, by: 'operator-of-default', reason: 'the ship has left' }],
  );
  events.close();
});

test('pages that show locks are told when one changes hands', async () => {
  const events = await readEvents(`${door.door.address}/v1/namespaces/default/live`, door.tokens.viewer);
  await post('locks/shown/acquire', { hold: seedId() });
  // Changes are gathered for a quarter of a second.
  await door.bench.clock.advance(300);
  assert.deepEqual((await events.next())?.data, { topics: ['locks'] });
  events.close();
});
