import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { after, before, test } from 'node:test';
import {
  type Hello,
  limits,
  type MasterMessage,
  type TriggerResult,
  type WorkerMessage,
  wireProtocol,
} from '@tidewheel/protocol';
import { WebSocket } from 'ws';
import { systemIdentity } from '../drivers/system/identity.ts';
import { stateOf } from '../store/testing/seed.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';
import { workerPingMs } from './worker-socket.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  await door.call('POST', 'apply', { body: { jobs: [{ name: 'noop', task: 'noop' }] } });
});
after(() => door.close());

/** A worker's end of the wire, by hand. */
class Wire {
  readonly socket: WebSocket;
  readonly frames: MasterMessage[][] = [];
  readonly closed: Promise<number>;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as MasterMessage[]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  send(...messages: WorkerMessage[]): void {
    this.socket.send(JSON.stringify(messages));
  }

  async expect<T extends MasterMessage['type']>(type: T): Promise<Extract<MasterMessage, { type: T }>> {
    for (;;) {
      const found = this.frames
        .flat()
        .find((message): message is Extract<MasterMessage, { type: T }> => message.type === type);
      if (found !== undefined) return found;
      assert.notEqual(this.socket.readyState, WebSocket.CLOSED, `closed before ${type} came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    incarnation: systemIdentity.random(),
    worker: 'wired',
    version: '1',
    slots: 5,
    queues: ['default'],
    handlers: ['task:noop'],
    labels: {},
    host: 'here',
    pid: 1,
    holding: [],
    resume: false,
    ...changes,
  };
}

async function connect(from: OpenDoor = door, token = from.tokens.worker): Promise<Wire> {
  const url = `${from.door.address.replace('http', 'ws')}/v1/worker/connect?namespace=default`;
  const socket = new WebSocket(url, wireProtocol, { headers: { authorization: `Bearer ${token}` } });
  const wire = new Wire(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return wire;
}

async function welcomed(from: OpenDoor = door): Promise<Wire> {
  const wire = await connect(from);
  wire.send(hello());
  await wire.expect('welcome');
  return wire;
}

/** Moves time on while the network takes its own. */
async function advanceUntil<T>(wanted: Promise<T>): Promise<T> {
  let pending = true;
  const settled = wanted.finally(() => {
    pending = false;
  });
  while (pending) await door.bench.clock.advance(50);
  return settled;
}

/** Status and code of a refused upgrade. */
function refused(options: { query?: string; token?: string; protocol?: string; cookie?: string; path?: string }) {
  const { query = '?namespace=default', token, protocol = wireProtocol, cookie, path = '/v1/worker/connect' } = options;
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(cookie === undefined ? {} : { cookie }),
  };
  const socket = new WebSocket(`${door.door.address.replace('http', 'ws')}${path}${query}`, protocol, { headers });
  return new Promise<[number | undefined, string]>((resolve, reject) => {
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve([response.statusCode, (JSON.parse(text) as { code: string }).code]));
    });
  });
}

test('a run travels over the wire to a worker and its result back', async () => {
  const wire = await connect();
  wire.send(hello(), { type: 'ready', free: 5 });
  await wire.expect('welcome');
  const { runId } = (await door.call('POST', 'runs', { body: { job: 'noop', payload: 7 } })).json<TriggerResult>();
  const assign = await wire.expect('assign');
  assert.deepEqual([assign.runId, assign.payload], [runId, '7']);
  const { attemptId } = assign;
  wire.send({ type: 'result', runId, attemptId, outcome: 'succeeded', output: '1', error: null, durationMs: 1 });
  assert.deepEqual((await wire.expect('ack')).attemptIds, [attemptId]);
  assert.equal(await stateOf(door.bench.context.db, runId), 'succeeded');
  wire.socket.close();
  await wire.closed;
});

test('what one commit says to a worker leaves in one frame', async () => {
  const wire = await connect();
  wire.send(hello(), { type: 'ready', free: 5 });
  await wire.expect('welcome');
  const runs = Array.from({ length: 5 }, () => ({ job: 'noop' }));
  await door.call('POST', 'runs/batch', { body: { runs } });
  await wire.expect('assign');
  const frames = wire.frames.filter((frame) => frame.some((message) => message.type === 'assign'));
  assert.deepEqual([frames.length, frames[0]?.length], [1, 5]);
  const results = frames.flat().flatMap((message) => (message.type === 'assign' ? [message] : []));
  wire.send(
    ...results.map(({ runId, attemptId }): WorkerMessage => {
      return { type: 'result', runId, attemptId, outcome: 'succeeded', output: null, error: null, durationMs: 1 };
    }),
  );
  await wire.expect('ack');
  wire.socket.close();
  await wire.closed;
});

test('only a worker token of the namespace is let in, by the right path and protocol', async () => {
  const token = door.tokens.worker;
  assert.deepEqual(await refused({}), [401, 'UNAUTHENTICATED']);
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    assert.deepEqual(await refused({ token: door.tokens[role] }), [403, 'FORBIDDEN']);
  }
  assert.deepEqual(await refused({ token, query: '?namespace=elsewhere' }), [404, 'NOT_FOUND']);
  assert.deepEqual(await refused({ token, query: '?namespace=No_Such' }), [404, 'NOT_FOUND']);
  assert.deepEqual(await refused({ token, protocol: 'tidewheel.v9' }), [400, 'PROTOCOL_VERSION']);
  assert.deepEqual(await refused({ token, path: '/v1/elsewhere' }), [404, 'NOT_FOUND']);
  assert.deepEqual(await refused({ cookie: `tidewheel_session=${systemIdentity.secret()}` }), [401, 'UNAUTHENTICATED']);
});

test('a result that was forged by another worker, or replayed, is refused, and the run keeps its one outcome', async () => {
  const { db } = door.bench.context;
  const [wire, thief] = [await connect(), await welcomed()];
  wire.send(hello(), { type: 'ready', free: 1 });
  await wire.expect('welcome');
  const { runId } = (await door.call('POST', 'runs', { body: { job: 'noop' } })).json<TriggerResult>();
  const { attemptId } = await wire.expect('assign');
  const result = { type: 'result', runId, output: null, error: null, durationMs: 1 } as const;
  // Its run and attempt are right, its session is not.
  thief.send({ ...result, attemptId, outcome: 'failed' });
  assert.deepEqual((await thief.expect('stale')).attemptIds, [attemptId]);
  assert.equal(await stateOf(db, runId), 'running');
  // The right worker, an attempt that was never given.
  const guessed = systemIdentity.random();
  wire.send({ ...result, attemptId: guessed, outcome: 'failed' });
  assert.deepEqual((await wire.expect('stale')).attemptIds, [guessed]);
  assert.equal(await stateOf(db, runId), 'running');
  wire.send({ ...result, attemptId, outcome: 'succeeded' });
  await wire.expect('ack');
  // Replayed with another outcome: acknowledged or refused, it changes nothing.
  const answers = wire.frames.length;
  wire.send({ ...result, attemptId, outcome: 'failed' });
  while (wire.frames.length === answers) await door.bench.clock.advance(50);
  assert.equal(await stateOf(db, runId), 'succeeded');
  const archived = await db.query('select id from run_archive where id = $1', [runId]);
  assert.equal(archived.length, 1);
  for (const { socket, closed } of [wire, thief]) {
    socket.close();
    await closed;
  }
});

test('a malformed frame ends its own session with a reason and harms no other', async () => {
  const healthy = await welcomed();
  for (const frame of ['not json', '{}', '[{"type":"invented"}]', '[{"type":"ready","free":-1}]', '[null]']) {
    const wire = await welcomed();
    wire.socket.send(frame);
    const bye = await wire.expect('bye');
    assert.deepEqual([bye.code, bye.retry], ['PROTOCOL_ERROR', false], frame);
    assert.equal(await wire.closed, 1000);
  }
  const binary = await welcomed();
  binary.socket.send(Buffer.from('[]'));
  assert.equal((await binary.expect('bye')).code, 'PROTOCOL_ERROR');
  const { nonce } = await healthy.expect('welcome');
  healthy.send({ type: 'heartbeat', nonce, mainSeq: 1, stats: {} });
  await advanceUntil(healthy.expect('heartbeatAck'));
  healthy.socket.close();
  await healthy.closed;
});

test('a frame over the limit, in bytes or messages, ends its session with a reason', async () => {
  const large = await welcomed();
  large.socket.send(`["${'x'.repeat(limits.frameBytes)}"]`);
  const bye = await large.expect('bye');
  assert.deepEqual([bye.code, bye.retry], ['FRAME_TOO_LARGE', false]);
  assert.equal(await large.closed, 1009);
  const many = await welcomed();
  many.send(...Array.from({ length: limits.messagesPerFrame + 1 }, () => ({ type: 'ready', free: 1 }) as const));
  assert.equal((await many.expect('bye')).code, 'PROTOCOL_ERROR');
});

test('bytes that break the WebSocket protocol end their session with a reason', async () => {
  const wire = await welcomed();
  // A text frame with a reserved bit, past the library.
  (wire.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
    Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
  );
  assert.equal((await wire.expect('bye')).code, 'PROTOCOL_ERROR');
  assert.equal(await wire.closed, 1002);
});

test('a worker whose token was revoked is sent away at the next ping', async () => {
  const own = await openDoor();
  const wire = await welcomed(own);
  await own.bench.context.db.query('update api_token set revoked_at = now_ms() where prefix = $1', [
    own.tokens.worker.slice(0, 11),
  ]);
  await own.bench.clock.advance(workerPingMs);
  const bye = await wire.expect('bye');
  assert.deepEqual([bye.code, bye.retry], ['UNAUTHENTICATED', false]);
  await wire.closed;
  await own.close();
});

test('when the door closes workers are told to go on elsewhere', async () => {
  const own = await openDoor();
  const wire = await welcomed(own);
  const closing = own.close();
  const bye = await wire.expect('bye');
  assert.deepEqual([bye.code, bye.retry], ['SHUTTING_DOWN', true]);
  await wire.closed;
  await closing;
});

test('a client that never finishes the upgrade does not hold the door open', async () => {
  const own = await openDoor();
  const { port } = new URL(own.door.address);
  const half = connectTcp(Number(port), '127.0.0.1');
  half.on('error', () => undefined);
  half.write('GET /v1/worker/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n');
  await new Promise((resolve) => half.once('connect', resolve));
  const closing = own.close();
  await own.bench.clock.advance(10_000);
  await closing;
  half.destroy();
});
