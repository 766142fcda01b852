// The worker protocol over a WebSocket. A frame that cannot be read ends the connection, never the worker.

import type { IncomingMessage } from 'node:http';
import {
  limits,
  masterMessageSchema,
  readFrame,
  wireProtocol,
  type Refusal,
  type WorkerMessage,
} from '@tidewheel/protocol';
import WebSocket from 'ws';
import { isProblem, refusalOf } from '../client/problems.ts';
import { framesOf } from '../worker/frames.ts';
import type { Transport, TransportConnection, TransportEvents } from '../worker/session-ports.ts';
import { workerLimits } from '../worker/worker-limits.ts';

export interface SocketOptions {
  readonly namespace: string;
  readonly token: string | null;
}

/** Bytes of a refusal's body; more is not read. */
const refusalBytes = 64 * 1024;
/** After a close was asked for. */
const closeMs = 1000;

export class SocketTransport implements Transport {
  readonly #options: SocketOptions;
  readonly #open = new Set<WebSocket>();

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  connect(address: string, events: TransportEvents): TransportConnection {
    const url = new URL(`${address}/v1/worker/connect`);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('namespace', this.#options.namespace);
    const socket = new WebSocket(url, [wireProtocol], {
      headers: this.#options.token === null ? {} : { authorization: `Bearer ${this.#options.token}` },
      perMessageDeflate: false,
      maxPayload: limits.frameBytes,
      handshakeTimeout: workerLimits.connectMs,
      followRedirects: false,
    });
    this.#open.add(socket);
    let told = false;
    const closed = (reason: string, refusal?: Refusal): void => {
      if (!told) events.closed(reason, refusal);
      told = true;
    };
    socket.on('open', () => events.open());
    socket.on('message', (data: Buffer) => {
      const frame = readFrame(masterMessageSchema, data.toString());
      if (frame.ok) events.messages(frame.messages);
      else {
        closed(`the master sent a frame that cannot be read, ${frame.reason}`);
        socket.close(1002);
      }
    });
    socket.on('unexpected-response', (_, response) => {
      void readRefusal(response).then((refusal) => {
        closed(refusal.message, isProblem(response.headers['content-type'] ?? null) ? refusal : undefined);
        socket.terminate();
      });
    });
    socket.on('error', (error) => closed(error.message || String((error as NodeJS.ErrnoException).code)));
    socket.on('close', (code, reason) => {
      this.#open.delete(socket);
      closed(`closed with ${code}${reason.length === 0 ? '' : ` ${reason.toString()}`}`);
    });
    return { send: (messages) => send(socket, messages), close: () => this.#close(socket) };
  }

  /** Resolves when what was sent is out and all connections are closed, or after a bounded wait. */
  async settled(): Promise<void> {
    const closing = [...this.#open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await Promise.all(closing);
  }

  #close(socket: WebSocket): void {
    if (!this.#open.has(socket)) return;
    socket.close(1000);
    // A peer that has gone does not answer the closing handshake.
    const timer = setTimeout(() => socket.terminate(), closeMs);
    socket.once('close', () => clearTimeout(timer));
  }
}

function send(socket: WebSocket, messages: readonly WorkerMessage[]): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  for (const frame of framesOf(messages)) socket.send(frame);
}

async function readRefusal(response: IncomingMessage): Promise<Refusal> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > refusalBytes) break;
    }
  } catch {
    // The status alone says enough.
  }
  const { statusCode = 0, headers } = response;
  return refusalOf(statusCode, headers['content-type'] ?? null, body, headers['retry-after'] ?? null);
}
