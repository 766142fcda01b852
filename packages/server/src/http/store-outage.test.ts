// What the door answers while its store is gone or slow.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { staleHeader } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { type Database, StoreUnavailable } from '../ports/database.ts';
import { credentialCacheMs } from './credentials.ts';
import { type Answer, type Call, openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
let store: { state: 'well' | 'gone' | 'slow'; asked: number; answer: () => void };

beforeEach(async () => {
  door = await openDoor();
  store = outageOf(door.bench.context.db);
  await door.call('PUT', 'jobs/a', {
    body: { name: 'a', shell: { argv: ['true'] } },
    headers: { 'if-none-match': '*' },
  });
});
afterEach(async () => {
  store.state = 'well';
  store.answer();
  await door.close();
});

function outageOf(db: Database): typeof store {
  const { query, transaction } = db;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const outage: typeof store = { state: 'well', asked: 0, answer: () => resolve(undefined) };
  const meet = async () => {
    outage.asked += 1;
    if (outage.state === 'gone') throw new StoreUnavailable('the store is gone');
    if (outage.state === 'slow') await promise;
  };
  db.query = async <T extends object>(...asked: Parameters<Database['query']>) => {
    await meet();
    return query<T>(...asked);
  };
  db.transaction = async (...asked) => {
    await meet();
    return transaction(...asked);
  };
  return outage;
}

const read = (path: string, options: Call = {}) => door.call('GET', path, { token: door.tokens.viewer, ...options });
const ageOf = (answer: Answer) => answer.json<{ stale?: { ageMs: number } }>().stale?.ageMs;

test('a read that was answered before is answered again, marked with its age; others and changes are 503', async () => {
  const before = await read('jobs');
  await door.bench.clock.advance(1500);
  store.state = 'gone';
  const kept = await read('jobs');
  assert.deepEqual([kept.status, kept.headers.get(staleHeader), kept.headers.get('age')], [200, '2', '2']);
  const { stale, ...rest } = kept.json<{ stale: { ageMs: number } }>();
  assert.deepEqual([stale.ageMs, rest], [1500, before.json()]);
  for (const answer of [
    await read('workers'),
    await read('jobs?limit=1'),
    await door.call('POST', 'runs', { body: { job: 'a' } }),
    await door.call('DELETE', 'jobs/a', { headers: { 'if-match': '*' } }),
  ]) {
    assert.deepEqual([answer.status, answer.problem().code], [503, 'UNAVAILABLE']);
    assert.equal(answer.headers.get('retry-after'), '1');
  }
  store.state = 'well';
  await door.bench.clock.advance(1000);
  const fresh = await read('jobs');
  assert.deepEqual([fresh.status, fresh.headers.get(staleHeader), ageOf(fresh)], [200, null, undefined]);
});

test('what was kept for one credential is given to no other, of the same role or a higher one', async () => {
  const twin = await door.token('viewer', 'default');
  const foreign = await door.token('admin', 'elsewhere');
  const whole = await door.token('admin', '*');
  // All of them are known, so that nothing but what was kept for them could tell them apart.
  for (const token of [twin, foreign, whole, door.tokens.worker]) await door.call('GET', '/v1/session', { token });
  await read('jobs');
  store.state = 'gone';
  assert.equal((await read('jobs')).status, 200);
  for (const token of [twin, whole]) assert.equal((await read('jobs', { token })).status, 503);
  assert.deepEqual((await read('jobs', { token: foreign })).problem().code, 'NOT_FOUND');
  assert.deepEqual((await read('jobs', { token: door.tokens.worker })).problem().code, 'FORBIDDEN');
  assert.equal((await read('jobs', { token: null })).status, 401);
});

test('a credential is remembered for what was kept for it and for nothing else, and not for ever', async () => {
  await read('jobs');
  await door.bench.clock.advance(credentialCacheMs);
  store.state = 'gone';
  assert.equal((await read('jobs')).status, 200);
  const session = await read('/v1/session');
  assert.deepEqual([session.status, session.headers.get(staleHeader)], [200, '4']);
  assert.equal((await read('/v1/server')).status, 503);
  assert.equal((await read('live')).status, 503);
  await door.bench.clock.advance(serverLimits.keptAnswerMs - credentialCacheMs);
  assert.equal((await read('jobs')).status, 503);
});

test('a token that was revoked here sees nothing of what was kept', async () => {
  const token = await door.token('viewer', 'default');
  const admin = await door.token('admin', '*');
  const { items } = (await read('/v1/tokens', { token: admin })).json<{ items: { id: string; prefix: string }[] }>();
  const id = items.find(({ prefix }) => token.includes(prefix))?.id;
  assert.equal((await read('jobs', { token })).status, 200);
  assert.equal((await door.call('DELETE', `/v1/tokens/${id}`, { token: admin })).status, 204);
  store.state = 'gone';
  assert.equal((await read('jobs', { token })).status, 503);
});

test('who refuses what is stale gets none of it', async () => {
  await read('jobs');
  store.state = 'gone';
  assert.equal((await read('jobs', { headers: { [staleHeader]: 'refuse' } })).status, 503);
});

test('in an outage one request a second asks the store, the others wait for nothing', async () => {
  await read('jobs');
  store.state = 'gone';
  await read('jobs');
  const asked = store.asked;
  for (let n = 0; n < 10; n += 1) assert.equal((await read('jobs')).status, 200);
  assert.equal(store.asked, asked);
  await door.bench.clock.advance(1000);
  const later = store.asked;
  for (let n = 0; n < 10; n += 1) await read('jobs');
  assert.equal(store.asked, later + 1);
});

test('a store that takes long is waited for no longer than three seconds, and what it says then is kept', async () => {
  await read('jobs');
  const { clock } = door.bench;
  store.state = 'slow';
  const asked = store.asked;
  const waiting = read('jobs');
  while (store.asked === asked) await clock.settle();
  await clock.advance(3000);
  const kept = await waiting;
  assert.deepEqual([kept.status, ageOf(kept)], [200, 3000]);
  store.answer();
  await clock.settle();
  store.state = 'gone';
  const later = await read('jobs');
  assert.equal(ageOf(later), 0);
});

test('an answer is not told as fresh to who has its ETag already', async () => {
  const { headers } = await read('jobs/a');
  const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
  assert.equal((await read('jobs/a', known)).status, 304);
  store.state = 'gone';
  const kept = await read('jobs/a', known);
  assert.deepEqual([kept.status, kept.headers.get(staleHeader)], [200, '0']);
});
