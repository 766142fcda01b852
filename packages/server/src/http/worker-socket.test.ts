import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { limits, type MasterMessage } from '@tidewheel/protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { ManualClock } from '../ports/testing/manual-clock.ts';
import { framesOf } from './worker-frames.ts';
import { workerPingMs, WorkerSocket } from './worker-socket.ts';

/** Both ends of one connection, without a master. */
async function ends() {
  const clock = new ManualClock();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const frames: string[] = [];
  client.on('message', (data: Buffer) => frames.push(data.toString()));
  client.on('error', () => undefined);
  const [socket] = await accepted;
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  const connection = new WorkerSocket({ socket, clock, stillAllowed: () => Promise.resolve(true) });
  let closed = 0;
  connection.attach({ receive: () => undefined, closed: () => (closed += 1) });
  const close = async () => {
    client.terminate();
    server.close();
    await once(server, 'close');
  };
  return { clock, client, socket, connection, frames, closed: () => closed, close };
}

/** A round trip: what was sent before has arrived. */
async function roundTrip(client: WebSocket): Promise<void> {
  const ponged = once(client, 'pong');
  client.ping();
  await ponged;
}

test('a connection that answers pings stays, one whose other half is gone is found by its silence', async () => {
  const { clock, client, socket, closed, close } = await ends();
  for (let n = 0; n < 3; n += 1) {
    const pinged = once(client, 'ping');
    await clock.advance(workerPingMs);
    await pinged;
    await roundTrip(client);
  }
  client.pause();
  await clock.advance(workerPingMs);
  assert.deepEqual([socket.readyState, closed()], [WebSocket.OPEN, 0]);
  const gone = once(socket, 'close');
  await clock.advance(workerPingMs);
  await gone;
  assert.equal(closed(), 1);
  await close();
});

test('a connection that says something by itself is not pinged', async () => {
  const { clock, client, close } = await ends();
  let pings = 0;
  client.on('ping', () => (pings += 1));
  for (let n = 0; n < 4; n += 1) {
    client.send('[{"type":"heartbeat","nonce":"n","mainSeq":1,"stats":{}}]');
    await roundTrip(client);
    await clock.advance(workerPingMs);
  }
  assert.equal(pings, 0);
  await clock.advance(workerPingMs);
  await roundTrip(client);
  assert.equal(pings, 1);
  await close();
});

test('messages of one turn share a frame, and nothing is sent after the end', async () => {
  const { client, connection, frames, close } = await ends();
  connection.send([{ type: 'drain' }]);
  await Promise.resolve();
  connection.send([{ type: 'heartbeatAck', nonce: 'n' }]);
  await roundTrip(client);
  assert.deepEqual(frames, ['[{"type":"drain"},{"type":"heartbeatAck","nonce":"n"}]']);
  const over = once(client, 'close');
  connection.send([{ type: 'ack', attemptIds: [] }]);
  connection.close('SESSION_DEAD', 'the lease ran out');
  connection.send([{ type: 'drain' }]);
  const [code, reason] = (await over) as [number, Buffer];
  assert.deepEqual([code, String(reason)], [1000, 'the lease ran out']);
  assert.equal(frames.length, 2);
  await close();
});

test('a peer that ignores the close handshake is cut off', async () => {
  const { clock, client, socket, connection, closed, close } = await ends();
  client.pause();
  connection.close('SESSION_DEAD', 'x'.repeat(500));
  const gone = once(socket, 'close');
  await clock.advance(3000);
  await gone;
  assert.equal(closed(), 1);
  await close();
});

test('frames are split where the limits on messages and bytes demand it', () => {
  const small: MasterMessage[] = Array.from({ length: limits.messagesPerFrame + 1 }, () => ({ type: 'drain' }));
  assert.deepEqual(
    framesOf(small).map((frame) => (JSON.parse(frame) as unknown[]).length),
    [limits.messagesPerFrame, 1],
  );
  const large: MasterMessage[] = Array.from({ length: 5 }, () => ({
    type: 'cancel',
    attemptId: '01900000-0000-7000-8000-00000000abcd',
    reason: 'ä'.repeat(limits.frameBytes / 5),
  }));
  const frames = framesOf(large);
  assert.equal(frames.flatMap((frame) => JSON.parse(frame) as unknown[]).length, 5);
  for (const frame of frames) assert.ok(Buffer.byteLength(frame) <= limits.frameBytes);
  assert.deepEqual(framesOf([]), []);
});
