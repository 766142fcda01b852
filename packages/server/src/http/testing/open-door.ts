// A master with its HTTP door on a real socket for tests: the real store in memory, a clock that is moved by hand, one token
// for each role. Test code only.

import type { Problem, Role } from '@tidewheel/protocol';
import { systemIdentity } from '../../drivers/system/identity.ts';
import { Master } from '../../master/master.ts';
import { openBench, type Bench } from '../../master/testing/bench-context.ts';
import { tokenCreate } from '../../store/tokens.ts';
import type { HttpDeps, HttpSettings } from '../door-context.ts';
import { startHttp, type HttpDoor } from '../http-door.ts';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON, in whatever shape the test expects. */
  json: <T = Record<string, unknown>>() => T;
  problem: () => Problem;
}

export interface Call {
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface OpenDoor {
  bench: Bench;
  master: Master;
  door: HttpDoor;
  /** Tokens of the namespace `default`. */
  tokens: Record<Role, string>;
  /** By default as the operator of `default`; paths that begin with `/` are taken as they are, others are in `default`. */
  call: (method: string, path: string, call?: Call) => Promise<Answer>;
  token: (role: Role, namespace: string, expiresIn?: number) => Promise<string>;
  close: () => Promise<void>;
}

export async function openDoor(
  changes: Partial<HttpSettings> = {},
  override: Partial<HttpDeps> = {},
): Promise<OpenDoor> {
  const bench = await openBench();
  const context = { ...bench.context, identity: systemIdentity };
  const master = new Master(context);
  await master.start();
  const { db, clock, signals, log, metrics, fatal } = context;
  const settings = { host: '127.0.0.1', port: 0, tls: null, insecurePublicHttp: false, version: 'test', ...changes };
  const deps: HttpDeps = {
    master,
    db,
    identity: systemIdentity,
    clock,
    signals,
    log,
    metrics,
    fatal,
    metricsText: () => '# metrics\n',
    settings,
    ...override,
  };
  const door = startHttp(deps);
  await door.start();
  const token: OpenDoor['token'] = async (role, namespace, expiresIn) => {
    const grant = { name: `${role}-of-${namespace === '*' ? 'all' : namespace}`, role, namespace };
    return (await tokenCreate(bench.context.db, systemIdentity, grant, expiresIn ?? null)).secret;
  };
  const tokens = {
    viewer: await token('viewer', 'default'),
    operator: await token('operator', 'default'),
    admin: await token('admin', 'default'),
    worker: await token('worker', 'default'),
  };
  const call: OpenDoor['call'] = (method, path, options = {}) =>
    callAt(door.address, method, path, { token: tokens.operator, ...options });
  return { bench, master, door, tokens, token, call, close: () => closeAll(bench, master, door) };
}

async function closeAll(bench: Bench, master: Master, door: HttpDoor): Promise<void> {
  await door.stop();
  const stopping = master.stop();
  await bench.clock.advance(5000);
  await stopping;
  await bench.close();
}

export async function callAt(
  address: string,
  method: string,
  path: string,
  { token, body, headers }: Call,
): Promise<Answer> {
  const url = address + (path.startsWith('/') ? path : `/v1/namespaces/default/${path}`);
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === null || token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: <T>() => JSON.parse(text) as T,
    problem: () => JSON.parse(text) as Problem,
  };
}
