// One worker's WebSocket as the session gateway's connection. What is sent within one turn of the event loop leaves as one
// frame. A frame that cannot be read ends this connection with a reason and touches no other.

import type { MasterMessage } from '@tidewheel/protocol';
import { WebSocket, type RawData } from 'ws';
import type { Clock, Timer } from '../ports/clock.ts';
import type { WorkerConnection, WorkerConnectionHandler } from '../ports/connection.ts';
import { framesOf, readWorkerFrame } from './worker-frames.ts';

export const workerPingMs = 15_000;
/** A peer that does not answer the close handshake is cut off after this. */
const closeMs = 3000;

const goodbye: Readonly<Record<number, readonly [code: string, reason: string]>> = {
  1009: ['FRAME_TOO_LARGE', 'the frame is over the limit'],
  1002: ['PROTOCOL_ERROR', 'the frame breaks the WebSocket protocol'],
  1007: ['PROTOCOL_ERROR', 'the frame is not UTF-8'],
};

/** The library closes a connection by itself when a frame is too large or malformed. The worker is to hear why before that. */
export class WorkerWebSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    const bye = goodbye[code ?? 0];
    if (bye !== undefined && this.readyState === WebSocket.OPEN) {
      this.send(JSON.stringify([{ type: 'bye', code: bye[0], reason: bye[1], retry: false }]));
    }
    super.close(code, data);
  }
}

export interface WorkerSocketOptions {
  socket: WebSocket;
  clock: Clock;
  /** Asked every `workerPingMs`; must not reject. */
  stillAllowed: () => Promise<boolean>;
}

export class WorkerSocket implements WorkerConnection {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #stillAllowed: () => Promise<boolean>;
  #handler: WorkerConnectionHandler | null = null;
  #waiting: MasterMessage[] = [];
  #flushing = false;
  #answered = true;
  /** A frame has come since the last look. */
  #spoke = false;
  #closing = false;
  #ping: Timer;
  #cut: Timer | null = null;

  constructor({ socket, clock, stillAllowed }: WorkerSocketOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.#stillAllowed = stillAllowed;
    this.#ping = this.#nextPing();
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.on('pong', () => {
      this.#answered = true;
    });
    // The library closes after an error; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#gone());
  }

  /** Called once, before anything can have arrived. */
  attach(handler: WorkerConnectionHandler): void {
    this.#handler = handler;
  }

  send(messages: readonly MasterMessage[]): void {
    if (this.#closing || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#waiting.push(...messages);
    if (this.#flushing) return;
    this.#flushing = true;
    // After all promises of this turn, so that what one commit says to a worker shares a frame.
    process.nextTick(() => this.#flush());
  }

  close(code: string, reason: string): void {
    if (this.#closing) return;
    this.#flush();
    this.#closing = true;
    this.#socket.close(code === 'SHUTTING_DOWN' ? 1001 : 1000, closeReason(reason));
    this.#cut = this.#clock.timer(closeMs, () => this.#socket.terminate(), { background: true });
  }

  bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Ends it with a word to the worker. */
  bye(code: string, reason: string, retry: boolean): void {
    this.send([{ type: 'bye', code, reason, retry }]);
    this.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #flush(): void {
    this.#flushing = false;
    const messages = this.#waiting;
    if (messages.length === 0) return;
    this.#waiting = [];
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    for (const frame of framesOf(messages)) this.#socket.send(frame);
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#closing) return;
    this.#spoke = true;
    this.#answered = true;
    if (isBinary || !Buffer.isBuffer(data)) {
      this.bye('PROTOCOL_ERROR', 'frames must be text', false);
      return;
    }
    const frame = readWorkerFrame(data.toString('utf8'));
    if (frame.ok) this.#handler?.receive(frame.messages);
    else this.bye('PROTOCOL_ERROR', frame.reason, false);
  }

  #nextPing(): Timer {
    return this.#clock.timer(workerPingMs, () => void this.#tick(), { background: true });
  }

  /** A connection that is only half there answers no ping. Heartbeats say as much as an answer: usually nobody is asked. */
  async #tick(): Promise<void> {
    if (this.#closing) return;
    if (!this.#answered) {
      this.#socket.terminate();
      return;
    }
    if (!(await this.#stillAllowed())) {
      this.bye('UNAUTHENTICATED', 'the token is no longer valid', false);
      return;
    }
    if (this.#closing || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#answered = this.#spoke;
    this.#spoke = false;
    if (!this.#answered) this.#socket.ping();
    this.#ping = this.#nextPing();
  }

  #gone(): void {
    this.#closing = true;
    this.#ping.cancel();
    this.#cut?.cancel();
    this.#handler?.closed();
    this.#handler = null;
  }
}

/** A close frame carries at most 123 bytes. */
function closeReason(reason: string): string {
  const bytes = Buffer.from(reason);
  return bytes.length <= 123
    ? reason
    : `${bytes
        .subarray(0, 110)
        .toString('utf8')
        .replace(/\uFFFD$/, '')}…`;
}
