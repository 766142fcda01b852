// Server-sent events: a bounded number of streams, each with a bounded buffer. A reader who does not read is cut off and comes
// back with Last-Event-ID; a ping every 15 s keeps proxies from closing a quiet stream and ends one whose credentials are gone.

import { Refusal } from '@tidewheel/protocol';
import type { FastifyReply } from 'fastify';
import { serverLimits } from '../core/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';

export const pingMs = 15_000;

export interface StreamEvent {
  event: string;
  data: unknown;
  id?: string;
}

export class EventStreams {
  readonly #clock: Clock;
  readonly #open = new Set<EventStream>();
  #closing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes the reply over. `stillAllowed` is asked at each ping and must not reject. */
  open(reply: FastifyReply, stillAllowed: () => Promise<boolean>): EventStream {
    if (this.#closing) throw new Refusal('SHUTTING_DOWN', 'this master is stopping', { retryAfterSeconds: 1 });
    if (this.#open.size >= serverLimits.eventStreams) {
      throw new Refusal('TOO_MANY_REQUESTS', 'too many event streams are open on this master', {
        retryAfterSeconds: 5,
      });
    }
    const stream = new EventStream(reply, this.#clock, stillAllowed);
    this.#open.add(stream);
    stream.whenClosed(() => this.#open.delete(stream));
    return stream;
  }

  closeAll(): void {
    this.#closing = true;
    for (const stream of this.#open) stream.end();
  }
}

export class EventStream {
  readonly #raw: FastifyReply['raw'];
  readonly #clock: Clock;
  readonly #stillAllowed: () => Promise<boolean>;
  readonly #listeners: (() => void)[] = [];
  #ping: Timer;
  #closed = false;

  constructor(reply: FastifyReply, clock: Clock, stillAllowed: () => Promise<boolean>) {
    this.#raw = reply.raw;
    this.#clock = clock;
    this.#stillAllowed = stillAllowed;
    reply.hijack();
    // The library writes its headers with its own answers only.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) this.#raw.setHeader(name, value);
    }
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#raw.write('retry: 2000\n\n');
    this.#raw.once('close', () => this.#gone());
    this.#raw.on('error', () => this.#raw.destroy());
    this.#ping = this.#nextPing();
  }

  get closed(): boolean {
    return this.#closed;
  }

  whenClosed(listener: () => void): void {
    if (this.#closed) listener();
    else this.#listeners.push(listener);
  }

  send({ event, data, id }: StreamEvent): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Resolves when the reader has caught up, or is gone. */
  async drained(): Promise<void> {
    if (this.#closed || !this.#raw.writableNeedDrain) return;
    const raw = this.#raw;
    await new Promise<void>((resolve) => {
      const done = () => {
        raw.off('drain', done).off('close', done);
        resolve();
      };
      raw.once('drain', done).once('close', done);
    });
  }

  /** Ends the stream after what was sent. */
  end(): void {
    if (this.#closed) return;
    this.#ping.cancel();
    this.#raw.end();
  }

  #write(text: string): void {
    if (this.#closed || this.#raw.writableEnded) return;
    this.#raw.write(text);
    if (this.#raw.writableLength > serverLimits.eventStreamBytes) this.#raw.destroy();
  }

  #nextPing(): Timer {
    return this.#clock.timer(pingMs, () => void this.#tick(), { background: true });
  }

  async #tick(): Promise<void> {
    if (this.#closed || this.#raw.writableEnded) return;
    // What was written before the last ping has still not been read.
    if (this.#raw.writableNeedDrain) {
      this.#raw.destroy();
      return;
    }
    const allowed = await this.#stillAllowed();
    if (!allowed) {
      this.end();
      return;
    }
    this.#write(': ping\n\n');
    if (!this.#closed) this.#ping = this.#nextPing();
  }

  #gone(): void {
    this.#closed = true;
    this.#ping.cancel();
    for (const listener of this.#listeners) listener();
  }
}
