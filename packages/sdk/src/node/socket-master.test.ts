// A master on a real socket that a test plays: welcomes every worker, answers heartbeats and acknowledges reports unless told
// not to, and gives out the work that the test names.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import test, { type TestContext } from 'node:test';
import {
  readFrame,
  workerMessageSchema,
  type Assign,
  type Hello,
  type MasterMessage,
  type Result,
  type WorkerMessage,
} from '@tidewheel/protocol';
import WebSocket, { WebSocketServer } from 'ws';

export interface MasterOptions {
  leaseTtlMs?: number;
  heartbeatMs?: number;
  /** Answers the upgrade instead of opening a session. */
  refuse?: (socket: Duplex) => void;
}

export class SocketMaster {
  readonly url: string;
  readonly hellos: Hello[] = [];
  readonly applied: { body: unknown; token: string | undefined }[] = [];
  readonly heard: WorkerMessage[] = [];
  answerHeartbeats = true;
  #socket: WebSocket | null = null;
  #nonce = 0;
  readonly #options: MasterOptions;
  #waiting: { what: () => unknown; resolve: () => void }[] = [];

  constructor(url: string, options: MasterOptions) {
    this.url = url;
    this.#options = options;
  }

  send(...messages: MasterMessage[]): void {
    this.#socket?.send(JSON.stringify(messages));
  }

  cut(): void {
    this.#socket?.terminate();
  }

  assign(attempt: Assign): void {
    this.send(attempt);
  }

  /** Resolves when `what` is no longer undefined or false, looked at after every message. */
  async until<T>(what: () => T | undefined | false): Promise<T> {
    for (;;) {
      const value = what();
      if (value !== undefined && value !== false) return value;
      await new Promise<void>((resolve) => this.#waiting.push({ what, resolve }));
    }
  }

  resultOf(attemptId: string): Promise<Result> {
    return this.until(
      () => this.heard.find((message) => message.type === 'result' && message.attemptId === attemptId) as Result,
    );
  }

  of<T extends WorkerMessage['type']>(type: T): Extract<WorkerMessage, { type: T }>[] {
    return this.heard.filter((message): message is Extract<WorkerMessage, { type: T }> => message.type === type);
  }

  note(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  accept(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const frame = readFrame(workerMessageSchema, data.toString());
      assert.ok(frame.ok);
      for (const message of frame.messages) this.#answer(message);
      this.note();
    });
    socket.on('close', () => this.note());
  }

  #answer(message: WorkerMessage): void {
    this.heard.push(message);
    if (message.type === 'hello') {
      const { leaseTtlMs = 15_000, heartbeatMs = 3000 } = this.#options;
      this.hellos.push(message);
      this.send({
        type: 'welcome',
        sessionId: message.incarnation,
        resumed: message.resume,
        leaseTtlMs,
        heartbeatMs,
        nonce: `n${this.#nonce++}`,
        masterId: message.incarnation,
        masters: [this.url],
        stale: [],
      });
    }
    if (message.type === 'heartbeat' && this.answerHeartbeats)
      this.send({ type: 'heartbeatAck', nonce: `n${this.#nonce++}` });
    if (message.type === 'log') this.send({ type: 'logAck', attemptId: message.attemptId, seq: message.seq });
    if (message.type === 'result') this.send({ type: 'ack', attemptIds: [message.attemptId] });
  }
}

export async function socketMaster(t: TestContext, options: MasterOptions = {}): Promise<SocketMaster> {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      master.applied.push({ body: JSON.parse(body), token: request.headers.authorization });
      response.end(
        JSON.stringify({ applied: true, changes: [{ kind: 'job', name: 'x', action: 'create', differences: [] }] }),
      );
      master.note();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const master = new SocketMaster(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (options.refuse !== undefined) options.refuse(socket);
    else sockets.handleUpgrade(request, socket, head, (opened) => master.accept(opened));
  });
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return master;
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

test('the played master welcomes and acknowledges', async (t) => {
  const master = await socketMaster(t);
  const socket = new WebSocket(master.url.replace('http', 'ws'));
  const welcome = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
  await new Promise((resolve) => socket.once('open', resolve));
  const incarnation = '00000000-0000-4000-8000-000000000001';
  const hello: Hello = {
    type: 'hello',
    incarnation,
    worker: 'w',
    version: '1',
    slots: 1,
    queues: ['q'],
    handlers: ['shell'],
    labels: {},
    host: 'h',
    pid: 1,
    holding: [],
    resume: false,
  };
  socket.send(JSON.stringify([hello]));
  assert.match(await welcome, new RegExp(`"sessionId":"${incarnation}"`));
  await master.until(() => master.hellos.length === 1);
});
