#!/usr/bin/env node
// The machines of a pool are the instances of one group of a cloud. This is a service for the driver `webhook`: it checks the signature of
// each call, and maps it to the three calls that every cloud has for its groups: look, set the desired number, end this instance.
//
//   GROUP_API=https://groups.example GROUP_TOKEN=… WEBHOOK_SECRET_FILE=… TLS_CERT=… TLS_KEY=… node cloud-group.mjs
//
// The address that a pool names ends with the group: https://…:8443/pools/GROUP. Put your cloud's calls in place of those of `group`: on
// AWS they are DescribeAutoScalingGroups, SetDesiredCapacity and TerminateInstanceInAutoScalingGroup. Instances are started with
// `tidewheel worker --name INSTANCE-ID`, so that a worker is known by the instance in which it runs.
//
// The desired number is never lowered below those who are there: the cloud would choose whom it ends. Who is released is ended by name,
// together with its place in the desired number, or without it when another one is to come.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const { GROUP_API, GROUP_TOKEN, WEBHOOK_SECRET_FILE, TLS_CERT, TLS_KEY, PORT = '8443' } = process.env;
const secret = readFileSync(WEBHOOK_SECRET_FILE, 'utf8').trim();
const oldestSeconds = 300;
const mostBytes = 4 * 1024 * 1024;

const group = {
  look: (name) => cloud('GET', `/groups/${name}`),
  want: (name, desired) => cloud('POST', `/groups/${name}/desired-capacity`, { desired }),
  end: (name, instance, decrement) => cloud('POST', `/groups/${name}/instances/${instance}/terminate`, { decrement }),
};

async function cloud(method, path, body) {
  const answer = await fetch(`${GROUP_API}${path}`, {
    method,
    headers: { authorization: `Bearer ${GROUP_TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(5000),
  });
  // One who has gone already needs no end.
  if (answer.status === 404 && path.endsWith('/terminate')) return null;
  if (!answer.ok) throw new Error(`the cloud answered ${answer.status} to ${method} ${path}`);
  return answer.status === 204 ? null : answer.json();
}

const states = { pending: 'starting', running: 'ready', terminating: 'stopping', unhealthy: 'failing' };

async function observe(name) {
  const { desired, instances } = await group.look(name);
  return {
    version: 1,
    ordered: desired,
    machines: instances.map(({ id, state, launchedAt, endsAt, reason }) => ({
      worker: id,
      state: states[state] ?? 'failing',
      startedAt: launchedAt === undefined ? null : Date.parse(launchedAt),
      // The notice of an interruption: the worker drains, and is replaced before it ends.
      endsAt: endsAt === undefined ? null : Date.parse(endsAt),
      note: reason ?? null,
    })),
  };
}

async function apply(name, { count, release }) {
  const { desired, instances } = await group.look(name);
  const living = instances.filter(({ state }) => state !== 'terminating');
  const going = living.filter(({ id }) => release.includes(id));
  const target = Math.max(count, living.length - going.length);
  // Taken away from the desired number as long as enough of it is left; the rest is replaced.
  let places = Math.max(0, Math.max(desired, living.length) - target);
  for (const { id } of going) {
    await group.end(name, id, places > 0);
    places -= 1;
  }
  const now = going.length === 0 ? desired : (await group.look(name)).desired;
  if (now !== target) await group.want(name, target);
  return { version: 1 };
}

function isSigned(headers, body) {
  const seconds = Number(headers['tidewheel-timestamp']);
  // An old call may have been recorded by somebody.
  if (!(Math.abs(Date.now() / 1000 - seconds) < oldestSeconds)) return false;
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`);
  const given = Buffer.from(headers['tidewheel-signature'] ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function read(request) {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += piece;
    if (body.length > mostBytes) throw new Error('the request is too large');
  }
  return body;
}

async function answer(request) {
  const [, name] = /^\/pools\/([\w-]{1,100})$/.exec(new URL(request.url, 'https://here').pathname) ?? [];
  if (request.method !== 'POST' || name === undefined) return [404, { error: 'POST /pools/GROUP' }];
  const body = await read(request);
  if (!isSigned(request.headers, body)) return [401, { error: 'the signature is missing, wrong or old' }];
  const { version, action, order } = JSON.parse(body);
  if (version !== 1) return [200, { version: 1, error: `version ${version} is not known here` }];
  try {
    return [200, action === 'observe' ? await observe(name) : await apply(name, order)];
  } catch (error) {
    return [200, { version: 1, error: error instanceof Error ? error.message : String(error) }];
  }
}

const server = createServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) }, (request, response) => {
  answer(request).then(
    ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    () => response.writeHead(400).end(),
  );
});
server.listen(Number(PORT), () => console.log(`listening on port ${server.address().port}`));
