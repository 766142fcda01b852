import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent, HoldView, Page, RetentionView, StoreStatus } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
let admin: { token: string };
before(async () => {
  door = await openDoor();
  admin = { token: door.tokens.admin };
});
after(() => door.close());

const day = 86_400_000;
const job = (name: string, retention?: object) => ({
  name,
  task: 'noop',
  ...(retention === undefined ? {} : { retention }),
});

test('rules of a namespace and of jobs stand beside the defaults, and what is set takes the place of what was', async () => {
  const apply = (jobs: object[]) => door.call('POST', 'apply', { ...admin, body: { jobs, source: 'test' } });
  assert.equal((await apply([job('kept', { succeeded: '7d', failed: 'forever' }), job('plain')])).status, 200);
  const set = await door.call('PUT', 'retention', { ...admin, body: { failed: '10d' } });
  assert.deepEqual(set.json<RetentionView>().namespace, { failed: 10 * day });
  const shown = (await door.call('GET', 'retention')).json<RetentionView>();
  assert.deepEqual(shown.jobs, [{ job: 'kept', keep: { failed: 100 * 365 * day, succeeded: 7 * day } }]);
  assert.deepEqual(shown.default, { succeeded: 30 * day, failed: 90 * day, canceled: 30 * day });
  await apply([job('kept', { canceled: '2d' })]);
  await door.call('PUT', 'retention', { ...admin, body: {} });
  const later = (await door.call('GET', 'retention')).json<RetentionView>();
  assert.deepEqual([later.namespace, later.jobs], [{}, [{ job: 'kept', keep: { canceled: 2 * day } }]]);
  await apply([job('kept')]);
  assert.deepEqual((await door.call('GET', 'retention')).json<RetentionView>().jobs, []);
});

test('less than a day, an unknown outcome and a rule by somebody who may not are refused', async () => {
  const put = (body: object, token = admin.token) => door.call('PUT', 'retention', { token, body });
  const short = await put({ succeeded: '1h' });
  assert.equal(short.problem().code, 'VALIDATION_FAILED');
  assert.equal(short.problem().errors?.[0]?.pointer, '/succeeded');
  assert.equal((await put({ lost: '3d' })).status, 422);
  assert.equal((await put({ succeeded: '3d' }, door.tokens.operator)).problem().code, 'FORBIDDEN');
});

test('a hold is placed with a reason, listed, released and told of in the audit log', async () => {
  const place = (body: object, token = admin.token) => door.call('POST', 'holds', { token, body });
  await door.call('POST', 'apply', { ...admin, body: { jobs: [job('held')], source: 'holds' } });
  const run = (await door.call('POST', 'runs', { body: { job: 'held' } })).json<{ runId: string }>().runId;
  const placed = await place({ run, reason: 'case 7' });
  assert.equal(placed.status, 201);
  const hold = placed.json<HoldView>();
  assert.deepEqual([hold.what, hold.run, hold.reason, hold.placedBy], ['run', run, 'case 7', 'admin-of-default']);
  assert.equal((await place({ job: 'held', reason: 'case 8' })).json<HoldView>().job, 'held');
  assert.equal((await place({ reason: 'all of it' })).json<HoldView>().what, 'namespace');
  const listed = (await door.call('GET', 'holds?limit=2')).json<Page<HoldView>>();
  assert.deepEqual(
    listed.items.map(({ what }) => what),
    ['run', 'job'],
  );
  assert.ok(listed.nextCursor);
  const released = await door.call('POST', `holds/${hold.id}/release`, { ...admin, body: { reason: 'settled' } });
  assert.equal(released.status, 200);
  assert.equal(
    (await door.call('POST', `holds/${hold.id}/release`, { ...admin, body: { reason: 'again' } })).status,
    404,
  );
  const { items } = (await door.call('GET', 'events?limit=20', admin)).json<Page<AuditEvent>>();
  const told = items.filter(({ action }) => action.startsWith('hold.'));
  assert.deepEqual(
    told.map(({ action, subject }) => [action, subject]),
    [
      ['hold.release', `run/${run}`],
      ['hold.place', 'namespace/default'],
      ['hold.place', 'job/held'],
      ['hold.place', `run/${run}`],
    ],
  );
  assert.deepEqual(told[0]?.detail, {
    id: hold.id,
    reason: 'settled',
    placedBy: 'admin-of-default',
    placedFor: 'case 7',
  });
});

test('holds of what is not there, of two things, without a reason, or by an operator are refused', async () => {
  const place = (body: object, token = admin.token) => door.call('POST', 'holds', { token, body });
  assert.equal((await place({ job: 'nobody', reason: 'r' })).problem().code, 'UNKNOWN_JOB');
  assert.equal((await place({ run: '01900000-0000-7000-8000-00000000ffff', reason: 'r' })).problem().code, 'NOT_FOUND');
  assert.equal((await place({ job: 'a', run: '01900000-0000-7000-8000-00000000ffff', reason: 'r' })).status, 422);
  assert.equal((await place({ job: 'held' })).status, 422);
  assert.equal((await place({ reason: 'r' }, door.tokens.operator)).problem().code, 'FORBIDDEN');
});

test('the store tells how large it is', async () => {
  const status = (await door.call('GET', '/v1/store')).json<StoreStatus>();
  assert.equal(status.engine, 'sqlite');
  assert.ok(status.usedBytes > 100_000);
  assert.ok(status.tables.some(({ table, bytes }) => table === 'event' && bytes > 0));
  const sum = status.tables.reduce((total, { bytes }) => total + bytes, 0);
  assert.ok(Math.abs(sum - status.usedBytes) < 100, 'estimates add up to what is used');
});
