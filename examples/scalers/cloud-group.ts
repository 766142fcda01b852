// The machines of a pool are the instances of one group of a cloud. This is a service for the driver `webhook`: it checks the signature of
// each call, and maps it to the three calls that every cloud has for its groups: look, set the desired number, end this instance.
//
//   GROUP_API=https://groups.example GROUP_TOKEN=… WEBHOOK_SECRET_FILE=… TLS_CERT=… TLS_KEY=… node cloud-group.ts
//
// The address that a pool names ends with the group: https://…:8443/pools/GROUP. Put your cloud's calls in place of those of `group`: on
// AWS they are DescribeAutoScalingGroups, SetDesiredCapacity and TerminateInstanceInAutoScalingGroup. Instances are started with
// `tidewheel worker --name INSTANCE-ID`, so that a worker is known by the instance in which it runs.
//
// The desired number is never lowered below those who are there: the cloud would choose whom it ends. Who is released is ended by name,
// together with its place in the desired number, or without it when another one is to come.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
};
const api = setting('GROUP_API');
const token = setting('GROUP_TOKEN');
const secret = readFileSync(setting('WEBHOOK_SECRET_FILE'), 'utf8').trim();
const oldestSeconds = 300;
const mostBytes = 4 * 1024 * 1024;

interface Group {
  readonly desired: number;
  readonly instances: readonly Instance[];
}

interface Instance {
  readonly id: string;
  readonly state: keyof typeof states;
  readonly launchedAt?: string;
  /** The notice of an interruption. */
  readonly endsAt?: string;
  readonly reason?: string;
}

interface Order {
  readonly count: number;
  readonly release: readonly string[];
}

const states = { pending: 'starting', running: 'ready', terminating: 'stopping', unhealthy: 'failing' } as const;

const group = {
  look: (name: string) => cloud('GET', `/groups/${name}`) as Promise<Group>,
  want: (name: string, desired: number) => cloud('POST', `/groups/${name}/desired-capacity`, { desired }),
  end: (name: string, instance: string, decrement: boolean) =>
    cloud('POST', `/groups/${name}/instances/${instance}/terminate`, { decrement }),
};

async function cloud(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.timeout(5000),
  });
  // One who has gone already needs no end.
  if (answer.status === 404 && path.endsWith('/terminate')) return null;
  if (!answer.ok) throw new Error(`the cloud answered ${answer.status} to ${method} ${path}`);
  return answer.status === 204 ? null : answer.json();
}

async function observe(name: string): Promise<object> {
  const { desired, instances } = await group.look(name);
  return {
    version: 1,
    ordered: desired,
    machines: instances.map(({ id, state, launchedAt, endsAt, reason }) => ({
      worker: id,
      state: states[state],
      startedAt: launchedAt === undefined ? null : Date.parse(launchedAt),
      // The notice of an interruption: the worker drains, and is replaced before it ends.
      endsAt: endsAt === undefined ? null : Date.parse(endsAt),
      note: reason ?? null,
    })),
  };
}

async function apply(name: string, { count, release }: Order): Promise<object> {
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

function isSigned(headers: IncomingHttpHeaders, body: string): boolean {
  const seconds = Number(headers['tidewheel-timestamp']);
  // An old call may have been recorded by somebody.
  if (!(Math.abs(Date.now() / 1000 - seconds) < oldestSeconds)) return false;
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`);
  const given = Buffer.from(String(headers['tidewheel-signature']));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += String(piece);
    if (body.length > mostBytes) throw new Error('the request is too large');
  }
  return body;
}

async function answer(request: IncomingMessage): Promise<[number, object]> {
  const [, name] = /^\/pools\/([\w-]{1,100})$/.exec(new URL(request.url ?? '/', 'https://here').pathname) ?? [];
  if (request.method !== 'POST' || name === undefined) return [404, { error: 'POST /pools/GROUP' }];
  const body = await read(request);
  if (!isSigned(request.headers, body)) return [401, { error: 'the signature is missing, wrong or old' }];
  const { version, action, order } = JSON.parse(body) as { version: number; action: string; order: Order };
  if (version !== 1) return [200, { version: 1, error: `version ${version} is not known here` }];
  try {
    return [200, action === 'observe' ? await observe(name) : await apply(name, order)];
  } catch (error) {
    return [200, { version: 1, error: error instanceof Error ? error.message : String(error) }];
  }
}

const tls = { cert: readFileSync(setting('TLS_CERT')), key: readFileSync(setting('TLS_KEY')) };
const server = createServer(tls, (request, response) => {
  answer(request).then(
    ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    () => response.writeHead(400).end(),
  );
});
server.listen(Number(process.env['PORT'] ?? 8443), () =>
  console.log(`listening on port ${(server.address() as AddressInfo).port}`),
);
