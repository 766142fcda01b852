import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent, Page, SessionInfo, TokenView } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { signInLinkCreate } from '../store/sign-ins.ts';
import { credentialCacheMs, Credentials } from './credentials.ts';
import { StoreOutage } from './store-outage.ts';
import { callAt, openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

type Created = TokenView & { secret: string };

async function makeToken(role = 'viewer', more: object = {}): Promise<Created> {
  const body = { name: 'ci', role, namespace: 'default', ...more };
  const answer = await door.call('POST', '/v1/tokens', { token: door.tokens.admin, body });
  assert.equal(answer.status, 201);
  return answer.json<Created>();
}

const statusWith = async (token: string) => (await door.call('GET', 'jobs', { token })).status;

async function signIn(role: 'viewer' | 'admin' = 'admin') {
  const grant = { name: 'somebody', role, namespace: 'default' };
  const { path } = await signInLinkCreate(door.bench.context.db, systemIdentity, grant);
  const code = path.split('#')[1] ?? '';
  const answer = await door.call('POST', '/v1/session/link', { token: null, body: { code } });
  return { code, answer, cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '' };
}

test('a token is shown once, stored as a hash, recognised by its prefix and works', async () => {
  const { secret, prefix, id } = await makeToken();
  assert.match(secret, /^tw_[0-9a-f]{8}_[\w-]{43}$/);
  assert.ok(secret.startsWith(`${prefix}_`));
  assert.equal(await statusWith(secret), 200);
  const { db } = door.bench.context;
  const [row] = await db.query<{ text: string }>(
    `select name || role || namespace || prefix || hash as text from api_token where id = $1`,
    [id],
  );
  assert.ok(row !== undefined && !row.text.includes(secret.slice(12)));
  const list = await door.call('GET', '/v1/tokens', { token: door.tokens.admin });
  assert.ok(list.json<Page<TokenView>>().items.some((token) => token.id === id));
  assert.ok(!list.text.includes(secret));
});

test('an expired token is refused, by the clock of the store', async () => {
  const { secret } = await makeToken('viewer', { expiresIn: 60_000 });
  assert.equal(await statusWith(secret), 200);
  await door.bench.clock.advance(60_001);
  assert.equal(await statusWith(secret), 401);
});

test('a revoked token is refused at once here, and within five seconds by another master', async () => {
  const { secret, id } = await makeToken();
  const { db, clock } = door.bench.context;
  const other = await openDoor({}, { db, clock });
  const there = async () => (await callAt(other.door.address, 'GET', 'jobs', { token: secret })).status;
  assert.deepEqual([await statusWith(secret), await there()], [200, 200]);
  const revoked = await door.call('DELETE', `/v1/tokens/${id}`, { token: door.tokens.admin });
  assert.equal(revoked.status, 204);
  assert.equal(await statusWith(secret), 401);
  assert.ok(credentialCacheMs < 5000);
  await door.bench.clock.advance(credentialCacheMs);
  assert.equal(await there(), 401);
  const again = await door.call('DELETE', `/v1/tokens/${id}`, { token: door.tokens.admin });
  assert.equal(again.problem().code, 'NOT_FOUND');
  await other.close();
});

test('the last use of a token is noted to the minute', async () => {
  const { secret, id } = await makeToken();
  const { db, clock } = door.bench.context;
  const used = async () =>
    (await db.query<{ at: number | null }>('select last_used_at as at from api_token where id = $1', [id]))[0]?.at;
  assert.equal(await used(), null);
  await statusWith(secret);
  const first = await used();
  assert.equal(first, clock.wallMs());
  await door.bench.clock.advance(30_000);
  await statusWith(secret);
  assert.equal(await used(), first);
  await door.bench.clock.advance(31_000);
  await statusWith(secret);
  assert.equal(await used(), clock.wallMs());
});

test('an administrator of one namespace makes, sees and revokes tokens of that namespace only', async () => {
  const token = door.tokens.admin;
  for (const namespace of ['*', 'elsewhere']) {
    const body = { name: 'more', role: 'admin', namespace };
    assert.equal((await door.call('POST', '/v1/tokens', { token, body })).problem().code, 'FORBIDDEN');
  }
  const foreign = await door.token('viewer', 'elsewhere');
  const whole = await door.token('admin', '*');
  const all = (await door.call('GET', '/v1/tokens?limit=200', { token: whole })).json<Page<TokenView>>();
  const theirs = all.items.find((one) => one.namespace === 'elsewhere');
  assert.ok(theirs);
  const own = (await door.call('GET', '/v1/tokens?limit=200', { token })).json<Page<TokenView>>();
  assert.deepEqual(new Set(own.items.map((one) => one.namespace)), new Set(['default']));
  assert.equal((await door.call('DELETE', `/v1/tokens/${theirs.id}`, { token })).problem().code, 'NOT_FOUND');
  assert.equal((await door.call('DELETE', `/v1/tokens/${theirs.id}`, { token: whole })).status, 204);
  assert.equal((await door.call('GET', '/v1/server', { token: foreign })).status, 401);
});

test('what makes and revokes tokens is in the audit log, without the secret', async () => {
  const { id, secret } = await makeToken();
  await door.call('DELETE', `/v1/tokens/${id}`, { token: door.tokens.admin });
  const answer = await door.call('GET', 'events?limit=2', { token: door.tokens.admin });
  const { items } = answer.json<Page<AuditEvent>>();
  assert.deepEqual(
    items.map((event) => [event.action, event.actor, event.subject]),
    [
      ['token.revoke', 'admin-of-default', 'ci'],
      ['token.create', 'admin-of-default', 'ci'],
    ],
  );
  assert.ok(!answer.text.includes(secret));
});

test('a malformed Authorization header is refused and never falls back to the cookie', async () => {
  const { cookie } = await signIn();
  for (const authorization of ['Bearer nonsense', 'Basic dXNlcjpwYXNz', 'Bearer', door.tokens.admin]) {
    const answer = await door.call('GET', 'jobs', { token: null, headers: { authorization, cookie } });
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Bearer'], authorization);
  }
});

test('a sign-in link works once, for fifteen minutes', async () => {
  const { code, answer, cookie } = await signIn('viewer');
  assert.deepEqual(answer.json<SessionInfo>(), { name: 'somebody', role: 'viewer', namespace: 'default' });
  const attributes = answer.headers.get('set-cookie') ?? '';
  for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) {
    assert.ok(attributes.includes(attribute), attributes);
  }
  assert.ok(!attributes.includes('Secure'), 'clear text on loopback cannot carry a Secure cookie');
  const who = await door.call('GET', '/v1/session', { token: null, headers: { cookie } });
  assert.equal(who.json<SessionInfo>().name, 'somebody');
  const again = await door.call('POST', '/v1/session/link', { token: null, body: { code } });
  assert.equal(again.problem().code, 'UNAUTHENTICATED');
  const link = await door.call('POST', '/v1/sign-in-links', { token: door.tokens.admin });
  assert.equal(link.status, 201);
  await door.bench.clock.advance(15 * 60_000);
  const late = link.json<{ path: string }>().path.split('#')[1];
  const expired = await door.call('POST', '/v1/session/link', { token: null, body: { code: late } });
  assert.equal(expired.problem().code, 'UNAUTHENTICATED');
});

test('a console session ends after twelve hours, or when it signs out', async () => {
  const { cookie } = await signIn();
  const status = async (which: string) =>
    (await door.call('GET', 'jobs', { token: null, headers: { cookie: which } })).status;
  assert.equal(await status(cookie), 200);
  const { cookie: other } = await signIn();
  const out = await door.call('DELETE', '/v1/session', {
    token: null,
    headers: { cookie: other, 'sec-fetch-site': 'same-origin' },
  });
  assert.equal(out.status, 204);
  assert.match(out.headers.get('set-cookie') ?? '', /tidewheel_session=;.*Max-Age=0/);
  assert.deepEqual([await status(cookie), await status(other)], [200, 401]);
  await door.bench.clock.advance(12 * 3_600_000);
  assert.equal(await status(cookie), 401);
});

test('a change with the cookie must come from our own pages as JSON', async () => {
  const { cookie } = await signIn();
  const { host } = new URL(door.door.address);
  const json = { 'content-type': 'application/json' };
  const attempt = async (headers: Record<string, string>) => {
    const body = '{"cron":"* * * * *"}';
    const answer = await door.call('POST', 'schedules/preview', { token: null, body, headers: { cookie, ...headers } });
    return answer.status;
  };
  assert.equal(await attempt({ ...json, origin: `http://${host}` }), 200);
  assert.equal(await attempt({ ...json, 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await attempt({ ...json, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await attempt({ ...json, 'sec-fetch-site': 'same-site', origin: `http://${host}` }), 403);
  assert.equal(await attempt({ ...json, origin: 'http://127.0.0.1:1' }), 403);
  assert.equal(await attempt({ ...json, origin: 'null' }), 403);
  assert.equal(await attempt(json), 403);
  assert.equal(await attempt({ 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }), 400);
  const read = await door.call('GET', 'jobs', { token: null, headers: { cookie, 'sec-fetch-site': 'cross-site' } });
  assert.equal(read.status, 200);
});

test('guessing codes and tokens is stopped after a few failures in a minute, and known callers go on', async () => {
  await door.bench.clock.advance(60_000);
  const known = door.tokens.viewer;
  assert.equal(await statusWith(known), 200);
  const guess = () => door.call('POST', '/v1/session/link', { token: null, body: { code: systemIdentity.secret() } });
  for (let n = 0; n < serverLimits.signInFailuresPerMinute; n += 1) assert.equal((await guess()).status, 401);
  const stopped = await guess();
  assert.equal(stopped.problem().code, 'TOO_MANY_REQUESTS');
  assert.ok(Number(stopped.headers.get('retry-after')) > 0);
  const wrong = () => statusWith(`tw_00000000_${systemIdentity.secret()}`);
  for (let n = 0; n < serverLimits.bearerFailuresPerMinute; n += 1) assert.equal(await wrong(), 401);
  assert.equal(await wrong(), 429);
  assert.equal(await statusWith(known), 200);
  await door.bench.clock.advance(60_000);
  assert.deepEqual([(await guess()).status, await wrong()], [401, 401]);
});

test('many who bring the same token at once are one question, and an answer from before a revocation is not kept', async () => {
  const { db, clock } = door.bench.context;
  const { secret } = await makeToken();
  const waiting: (() => void)[] = [];
  const slow: Database = {
    ...db,
    dialect: db.dialect,
    query: async (sql, params) => {
      const rows = await db.query(sql, params);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return rows as never;
    },
  };
  const outage = new StoreOutage(clock);
  const credentials = new Credentials({ db: slow, identity: systemIdentity, clock, outage, reads: null });
  const credential = credentials.credential('token', secret);
  assert.ok(credential !== null);
  const answer = async (asked: readonly Promise<unknown>[]): Promise<unknown[]> => {
    let over = false;
    const all = Promise.all(asked).finally(() => (over = true));
    while (!over) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      for (const go of waiting.splice(0)) go();
    }
    return all;
  };
  const first = [credentials.caller(credential), credentials.caller(credential), credentials.caller(credential)];
  for (let turns = 0; turns < 20; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  assert.equal(waiting.length, 1);
  const [one, two, three] = await answer(first);
  assert.partialDeepStrictEqual(one, { role: 'viewer' });
  assert.deepEqual([two, three], [one, one]);
  assert.equal(credentials.has(credential), true);
  credentials.forgetAll();
  const before = credentials.caller(credential);
  credentials.forgetAll();
  await answer([before]);
  assert.equal(credentials.has(credential), false);
});
