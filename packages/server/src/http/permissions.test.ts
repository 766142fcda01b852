// Every route × every role × foreign namespaces, against a table written by hand: a route that is missing here, or whose
// permission changed, fails.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { probeNamespace, roles, type Problem, type Role } from '@tidewheel/protocol';
import { fastify } from 'fastify';
import type { DoorContext } from './door-context.ts';
import { refuseUnguarded } from './route.ts';
import { apiRoutes } from './routes.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

const everyone = 'viewer operator admin worker';
const viewers = 'viewer operator admin';
const operators = 'operator admin';
const ns = '/v1/namespaces/:ns';

const whoMay: Readonly<Record<string, string>> = {
  'GET /v1/server': everyone,
  'GET /v1/cluster': viewers,
  'GET /v1/cluster/elections': viewers,
  'GET /v1/self-check': viewers,
  'GET /v1/store': viewers,
  'GET /v1/backups': viewers,
  'POST /v1/backups': 'nobody of one namespace',
  'POST /v1/backups/prune': 'nobody of one namespace',
  'GET /v1/restore-gap': viewers,
  'POST /v1/restore-gap/close': 'nobody of one namespace',
  'POST /v1/cluster/masters/:id/cordon': 'nobody of one namespace',
  'POST /v1/cluster/masters/:id/drain': 'nobody of one namespace',
  'POST /v1/cluster/masters/:id/uncordon': 'nobody of one namespace',
  'POST /v1/cluster/step-down': 'nobody of one namespace',
  'GET /livez': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'loopback',
  'GET /openapi.json': 'open',
  'GET /v1/session': everyone,
  'POST /v1/session/link': 'open',
  'DELETE /v1/session': everyone,
  'POST /v1/sign-in-links': 'admin',
  'GET /v1/tokens': 'admin',
  'POST /v1/tokens': 'admin',
  'DELETE /v1/tokens/:id': 'admin',
  'GET /v1/namespaces': viewers,
  [`GET ${ns}/overview`]: viewers,
  [`GET ${ns}/jobs`]: viewers,
  [`GET ${ns}/jobs/:name`]: viewers,
  [`PUT ${ns}/jobs/:name`]: operators,
  [`DELETE ${ns}/jobs/:name`]: operators,
  [`POST ${ns}/apply`]: `${operators} worker`,
  [`GET ${ns}/schedules`]: viewers,
  [`GET ${ns}/schedules/:name`]: viewers,
  [`GET ${ns}/schedules/:name/fires`]: viewers,
  [`GET ${ns}/schedules/:name/preview`]: viewers,
  [`GET ${ns}/coming-fires`]: viewers,
  [`POST ${ns}/schedules/preview`]: viewers,
  [`POST ${ns}/schedules/:name/pause`]: operators,
  [`POST ${ns}/schedules/:name/resume`]: operators,
  [`POST ${ns}/schedules/:name/trigger`]: operators,
  [`GET ${ns}/calendars`]: viewers,
  [`GET ${ns}/calendars/:name`]: viewers,
  [`GET ${ns}/calendars/:name/days/:date`]: viewers,
  [`GET ${ns}/calendars/:name/days`]: viewers,
  [`PUT ${ns}/calendars/:name`]: operators,
  [`POST ${ns}/calendars/:name/import`]: operators,
  [`DELETE ${ns}/calendars/:name`]: operators,
  [`GET ${ns}/backfills`]: viewers,
  [`GET ${ns}/backfills/:id`]: viewers,
  [`GET ${ns}/schedules/:name/backfills`]: viewers,
  [`POST ${ns}/schedules/:name/backfills`]: operators,
  [`POST ${ns}/backfills/:id/cancel`]: operators,
  [`POST ${ns}/runs`]: operators,
  [`POST ${ns}/runs/batch`]: operators,
  [`GET ${ns}/runs`]: viewers,
  [`GET ${ns}/runs/:id`]: viewers,
  [`POST ${ns}/runs/:id/cancel`]: operators,
  [`POST ${ns}/runs/:id/retry`]: operators,
  [`GET ${ns}/runs/:id/logs`]: viewers,
  [`GET ${ns}/runs/:id/logs/stream`]: viewers,
  [`GET ${ns}/workers`]: viewers,
  [`POST ${ns}/workers/:sessionId/drain`]: operators,
  [`POST ${ns}/workers/:sessionId/gone`]: 'worker',
  [`GET ${ns}/audit/findings`]: viewers,
  [`POST ${ns}/audit/findings/acknowledge`]: operators,
  [`GET ${ns}/pools`]: viewers,
  [`GET ${ns}/pools/:name`]: viewers,
  [`GET ${ns}/pools/:name/metrics`]: viewers,
  [`GET ${ns}/pools/:name/advice`]: viewers,
  [`GET ${ns}/queues/:queue/metrics`]: viewers,
  [`GET ${ns}/pools/:name/workers`]: viewers,
  [`GET ${ns}/pools/:name/decisions`]: viewers,
  [`GET ${ns}/pools/:name/orders`]: viewers,
  [`GET ${ns}/pools/:name/replay/runs`]: viewers,
  [`GET ${ns}/pools/:name/replay/workers`]: viewers,
  [`PUT ${ns}/pools/:name`]: operators,
  [`DELETE ${ns}/pools/:name`]: operators,
  [`POST ${ns}/pools/:name/orders`]: operators,
  [`POST ${ns}/pools/:name/orders/:id/end`]: operators,
  [`GET ${ns}/locks`]: everyone,
  [`GET ${ns}/locks/:name`]: everyone,
  [`GET ${ns}/locks/:name/watch`]: everyone,
  [`GET ${ns}/taken-locks`]: everyone,
  [`POST ${ns}/locks/:name/acquire`]: `${operators} worker`,
  [`POST ${ns}/locks/:name/renew`]: `${operators} worker`,
  [`POST ${ns}/locks/:name/release`]: `${operators} worker`,
  [`POST ${ns}/locks/:name/force-release`]: operators,
  [`GET ${ns}/retention`]: viewers,
  [`PUT ${ns}/retention`]: 'admin',
  [`GET ${ns}/holds`]: viewers,
  [`POST ${ns}/holds`]: 'admin',
  [`POST ${ns}/holds/:id/release`]: 'admin',
  [`GET ${ns}/audit/fires`]: viewers,
  [`GET ${ns}/events`]: 'admin',
  [`GET ${ns}/live`]: viewers,
};

const routes = apiRoutes({ settings: { tls: null } } as DoorContext);
const keyOf = (route: { method: string; url: string }) => `${route.method} ${route.url}`;

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

/** Status and problem of an answer; of a stream only the status, for it does not end. */
function ask(method: string, url: string, token: string | null, namespace: string) {
  const id = '01900000-0000-7000-8000-00000000abcd';
  const path = url
    .replace(':ns', namespace)
    .replace(':name', 'nothing')
    .replace(':date', '2026-10-01')
    .replace(/:(id|sessionId)/, id);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return new Promise<{ status: number; problem: Problem | null }>((resolve, reject) => {
    const request = httpRequest(door.door.address + path, { method, headers, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      if (response.headers['content-type']?.startsWith('application/problem+json') !== true) {
        resolve({ status, problem: null });
        response.destroy();
        return;
      }
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status, problem: JSON.parse(text) as Problem }));
    });
    request.on('error', reject);
    request.end();
  });
}

test('the table of this test names exactly the routes that exist', () => {
  assert.deepEqual(routes.map(keyOf).toSorted(), Object.keys(whoMay).toSorted());
});

test('without credentials only open routes answer', async () => {
  for (const route of routes) {
    const { status, problem } = await ask(route.method, route.url, null, 'default');
    const open = whoMay[keyOf(route)] === 'open' || whoMay[keyOf(route)] === 'loopback';
    // The exchange of a sign-in code is open and refuses a missing code as invalid, not as unauthenticated.
    assert.equal(status === 401, !open, `${keyOf(route)} answered ${status}`);
    if (!open) assert.equal(problem?.code, 'UNAUTHENTICATED');
  }
});

for (const role of roles) {
  test(`a ${role} reaches in its namespace what the table says, and is forbidden the rest`, async () => {
    for (const route of routes) {
      const allowed = whoMay[keyOf(route)] ?? '';
      const { status, problem } = await ask(route.method, route.url, door.tokens[role], 'default');
      const text = `${keyOf(route)} answered ${status} ${problem?.detail ?? ''}`;
      if (['open', 'loopback'].includes(allowed) || allowed.split(' ').includes(role)) {
        assert.ok(status !== 401 && status !== 403, text);
        assert.doesNotMatch(problem?.detail ?? '', /there is no namespace/, text);
      } else {
        assert.deepEqual([status, problem?.code], [403, 'FORBIDDEN'], text);
      }
    }
  });

  test(`a ${role} of another namespace is told that this one does not exist`, async () => {
    const foreign = await door.token(role, 'elsewhere');
    for (const route of routes.filter((one) => one.url.includes(':ns'))) {
      const { status, problem } = await ask(route.method, route.url, foreign, 'default');
      assert.deepEqual([status, problem?.code], [404, 'NOT_FOUND'], keyOf(route));
      assert.match(problem?.detail ?? '', /there is no namespace "default"/);
    }
  });

  test(`a ${role} of all namespaces reaches each of them by the same table`, async () => {
    const token = await door.token(role, '*');
    for (const route of routes.filter((one) => one.url.includes(':ns'))) {
      const allowed = (whoMay[keyOf(route)] ?? '').split(' ').includes(role);
      const { status } = await ask(route.method, route.url, token, 'elsewhere');
      assert.equal(status === 403, !allowed, keyOf(route));
    }
  });
}

test("in the system's own namespace everything can be read and nothing written, whatever the role", async () => {
  const reading = new Set([viewers, everyone, 'admin']);
  for (const role of roles) {
    const token = await door.token(role, '*');
    for (const route of routes.filter((one) => one.url.includes(':ns'))) {
      const allowed = whoMay[keyOf(route)] ?? '';
      if (!allowed.split(' ').includes(role)) continue;
      const { status, problem } = await ask(route.method, route.url, token, probeNamespace);
      const refused = status === 403 && problem?.code === 'RESERVED_NAMESPACE';
      // What administrators may read is theirs to change elsewhere, too.
      const reads = reading.has(allowed) && (allowed !== 'admin' || route.method === 'GET');
      assert.equal(refused, !reads, `${role}: ${keyOf(route)} answered ${status} ${problem?.code}`);
    }
  }
});

test('metrics are for this machine, and through a proxy only for those who may see all namespaces', async () => {
  const proxied = { 'x-forwarded-for': '203.0.113.7' };
  assert.equal((await door.call('GET', '/metrics', { token: null })).text, '# metrics\n');
  assert.equal((await door.call('GET', '/metrics', { token: null, headers: proxied })).status, 401);
  // A page of a host name that was pointed at this machine; the other methods of `fetch` cannot set the header.
  const { port } = new URL(door.door.address);
  const status = await new Promise((resolve, reject) => {
    const options = { port, path: '/metrics', headers: { host: 'evil.example' }, agent: false };
    httpRequest(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  assert.equal(status, 401);
  assert.equal((await door.call('GET', '/metrics', { token: door.tokens.admin, headers: proxied })).status, 403);
  const token = await door.token('viewer', '*');
  assert.equal((await door.call('GET', '/metrics', { token, headers: proxied })).status, 200);
});

test('start-up refuses a route that was registered without a permission', async () => {
  const app = fastify();
  refuseUnguarded(app);
  assert.throws(() => app.get('/back-door', () => 'open'), /GET \/back-door names no permission/);
  const invented = { config: { permission: 'invented' as Role as never } };
  assert.throws(() => app.get('/invented', invented, () => 'open'), /names no permission/);
});
