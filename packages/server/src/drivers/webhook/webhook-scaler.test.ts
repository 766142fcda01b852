import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { type ErrorCode, Refusal, scalerRequestSchema } from '@tidewheel/protocol';
import { type ScalerEnds, testScaler } from '../../ports/conformance/scaler.ts';
import type { ScaledPool, Scaler } from '../../ports/scaler.ts';
import { answerContract, emptyPlatform } from '../../ports/testing/contract-platform.ts';
import { scaledPool } from '../../ports/testing/scaled-pool.ts';
import { sharedCertificates } from '../kubernetes/testing/cluster.ts';
import { systemClock } from '../system/clock.ts';
import { openHttp } from '../system/http-client.ts';
import { webhookScaler } from './webhook-scaler.ts';

const secret = 'a secret of thirty-two characters';

interface Service {
  readonly url: string;
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
  answer: (body: string, response: ServerResponse) => void;
  connections(): Promise<number>;
}

function poolOf(name: string, url: string, timeout = 2000): ScaledPool {
  return scaledPool(name, { kind: 'webhook', url, timeout });
}

async function serve(after: (end: () => void) => void, { tls = true } = {}): Promise<Service> {
  const { certFile, keyFile } = sharedCertificates();
  const requests: Service['requests'][number][] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      service.answer(body, response);
    });
  };
  const server = tls
    ? createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, listener)
    : createPlain(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const service: Service = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (_, response) => response.end('{"version":1,"machines":[]}'),
    connections: async () => {
      const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      await Promise.race([
        Promise.all(gone),
        new Promise((resolve) => AbortSignal.timeout(2000).addEventListener('abort', resolve)),
      ]);
      return sockets.size;
    },
  };
  return service;
}

function scalerFor(allowed: readonly string[], ca = readFileSync(sharedCertificates().caFile, 'utf8')): Scaler {
  return webhookScaler({ allowed, secret, http: openHttp({ ca }), clock: systemClock });
}

testScaler('webhook', async (): Promise<ScalerEnds> => {
  const ends: (() => void)[] = [];
  const service = await serve((end) => ends.push(end));
  const state = emptyPlatform();
  let fault: 'refuses' | 'silent' | null = null;
  service.answer = (body, response) => {
    if (fault === 'silent') return;
    if (fault === 'refuses') return void response.writeHead(500).end('out of order');
    scalerRequestSchema.parse(JSON.parse(body));
    response.end(JSON.stringify(answerContract(state, body)));
  };
  const scaler = scalerFor([service.url]);
  return {
    scaler,
    pool: poolOf('crunch', `${service.url}/pools?zone=a`),
    other: poolOf('print', `${service.url}/pools`),
    machines: async ({ name }) => (state.machines[name] ?? []).map(({ worker }) => worker),
    settle: async () => undefined,
    changes: () => state.changes,
    fault: (kind) => {
      fault = kind;
    },
    held: () => service.connections(),
    boundMs: 3000,
    close: async () => {
      await scaler.close();
      for (const end of ends) end();
    },
  };
});

async function setup(t: TestContext, options?: { tls: boolean }) {
  const service = await serve((end) => t.after(end), options);
  const scaler = scalerFor([`${service.url}/pools`]);
  t.after(() => scaler.close());
  return { service, scaler, pool: poolOf('crunch', `${service.url}/pools/a?key=hush`) };
}

async function refusal(work: Promise<unknown>, code: ErrorCode): Promise<string> {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal && error.code === code, String(error));
  assert.doesNotMatch(error.message, /hush|thirty-two/, 'a secret stands in the message');
  return error.message;
}

test('a call is signed together with the time', { timeout: 20_000 }, async (t) => {
  const { service, scaler, pool } = await setup(t);
  await scaler.observe(pool);
  const [{ headers, body } = assert.fail()] = service.requests;
  const seconds = String(headers['tidewheel-timestamp']);
  assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 10);
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  assert.equal(headers['tidewheel-signature'], `v1=${expected}`);
  assert.equal(headers['content-type'], 'application/json');
});

test('only addresses below those of the configuration are called', { timeout: 20_000 }, async (t) => {
  const { service, scaler } = await setup(t);
  const port = new URL(service.url).port;
  for (const url of [
    `${service.url}/other`,
    `${service.url}/pools/../other`,
    `${service.url}/pools/%2e%2e/other`,
    `${service.url}/poolsandmore`,
    `https://me:hush@127.0.0.1:${port}/pools`,
    `https://127.0.0.1:${Number(port) + 1}/pools`,
    `https://localhost:${port}/pools`,
    'https://169.254.169.254/latest',
  ]) {
    assert.match(await refusal(scaler.observe(poolOf('crunch', url)), 'SCALER_NOT_ALLOWED'), /not below an address of/);
    assert.ok(scaler.refuses?.(poolOf('crunch', url).driver));
  }
  assert.equal(service.requests.length, 0);
});

test('without TLS only this machine is called', { timeout: 20_000 }, async (t) => {
  const { scaler, pool, service } = await setup(t, { tls: false });
  await scaler.observe(pool);
  assert.equal(service.requests.length, 1);
  const far = scalerFor(['http://scaler.example/pools']);
  assert.match(
    await refusal(far.observe(poolOf('crunch', 'http://scaler.example/pools')), 'SCALER_NOT_ALLOWED'),
    /name an https address/,
  );
});

test('a service that the authority has not signed is not told anything', { timeout: 20_000 }, async (t) => {
  const { service, pool } = await setup(t);
  const stranger = scalerFor([service.url], readFileSync(sharedCertificates().otherCaFile, 'utf8'));
  assert.match(await refusal(stranger.observe(pool), 'SCALER_FAILED'), /unable to verify|self-signed/);
  assert.equal(service.requests.length, 0);
});

test('redirects are not followed, other answers are told as they are', { timeout: 20_000 }, async (t) => {
  const { service, scaler, pool } = await setup(t);
  for (const [status, said, expected] of [
    [307, '', /the answer was 307, and redirects are not followed$/],
    [503, 'busy', /the answer was 503: busy$/],
    [200, 'x'.repeat(17 * 1024 * 1024), /larger than/],
  ] as const) {
    service.answer = (_, response) => response.writeHead(status, { location: `${service.url}/pools` }).end(said);
    const before = service.requests.length;
    assert.match(await refusal(scaler.observe(pool), 'SCALER_FAILED'), expected);
    assert.equal(service.requests.length, before + 1);
  }
});

test('an answer that comes drop by drop is given up in time', { timeout: 20_000 }, async (t) => {
  const { service, scaler, pool } = await setup(t);
  const drops: NodeJS.Timeout[] = [];
  t.after(() => drops.forEach(clearInterval));
  service.answer = (_, response) => void drops.push(setInterval(() => response.write(' '), 100));
  const startedAt = performance.now();
  assert.match(await refusal(scaler.observe(pool), 'SCALER_FAILED'), /no answer within 2s/);
  assert.ok(performance.now() - startedAt < 3000);
});
