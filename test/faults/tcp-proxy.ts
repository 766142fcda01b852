// One link between two programs, made bad on purpose: delay, loss (as TCP shows it: stalls), silence in one or both
// directions, reset, refusal. Bytes are never changed or reordered. A silent direction holds back what it has been given, and
// delivers it when the link is healed, as retransmission would; nothing is closed by silence.

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

export interface LinkFault {
  /** Added to every piece of data. */
  readonly delayMs?: number;
  /** Uniform, on top of the delay. Order is kept. */
  readonly jitterMs?: number;
  /** Share of pieces that are "lost": they and all behind them come one retransmission later. */
  readonly loss?: number;
  /** Directions in which nothing passes. Both: half-open; new connections are accepted and hear nothing either. */
  readonly silent?: readonly Direction[];
  /** A connection whose server says this (bytes, read as Latin-1) falls silent towards its client, this included. */
  readonly muteAt?: RegExp;
  /** New connections are reset at once. */
  readonly refuse?: boolean;
}

/** What PostgreSQL answers to what is committed: the end of a transaction, or a statement by itself that wrote and left none open. */
export const committed = /COMMIT\0|(?:INSERT 0|UPDATE|DELETE) [1-9]\d*\0Z\0\0\0\x05I/;

/** The smallest retransmission timeout of Linux. */
const retransmitMs = 200;
/** What one direction of one connection holds back at most before it stops reading. */
const heldBytesMost = 4 * 1024 * 1024;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Where the link listens: a TCP port, or a socket file that is reachable from every network namespace. */
export type Listen = { readonly port: number } | { readonly path: string };

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #fault: LinkFault = {};
  #target: Target;

  private constructor(target: Target) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async open(target: Target, listen: Listen = { port: 0 }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    if ('path' in listen) proxy.#server.listen(listen.path);
    else proxy.#server.listen(listen.port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('this proxy has no port');
    return address.port;
  }

  get fault(): LinkFault {
    return this.#fault;
  }

  /** Holds for connections that are there and for those that come. */
  set(fault: LinkFault): void {
    this.#fault = fault;
    for (const pair of this.#pairs) pair.pump();
  }

  heal(): void {
    this.set({});
  }

  /** New connections lead there. */
  lead(target: Target): void {
    this.#target = target;
  }

  /** Ends every connection with a reset. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  get connections(): number {
    return this.#pairs.size;
  }

  async close(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#fault.refuse === true) {
      client.on('error', () => undefined);
      abort(client);
      return;
    }
    const upstream = createConnection({ ...this.#target, allowHalfOpen: true });
    const pair: Pair = new Pair(
      client,
      upstream,
      () => this.#fault,
      () => this.#pairs.delete(pair),
    );
    this.#pairs.add(pair);
  }
}

/** A socket file knows no reset: its other end, the relay in the worker's namespace, sees it end. */
function abort(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

class Pair {
  readonly #lanes: readonly Lane[];
  readonly #sockets: readonly Socket[];
  readonly #gone: () => void;

  constructor(client: Socket, upstream: Socket, fault: () => LinkFault, gone: () => void) {
    this.#sockets = [client, upstream];
    this.#gone = gone;
    this.#lanes = [new Lane(client, upstream, 'toServer', fault), new Lane(upstream, client, 'toClient', fault)];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // A reset of one side is a reset of the other.
      socket.on('error', () => this.reset());
      socket.on('close', () => {
        if (this.#sockets.every((one) => one.closed)) this.#gone();
      });
    }
  }

  pump(): void {
    for (const lane of this.#lanes) lane.pump();
  }

  reset(): void {
    for (const lane of this.#lanes) lane.stop();
    for (const socket of this.#sockets) if (!socket.destroyed) abort(socket);
    this.#gone();
  }
}

/** One direction of one connection: pieces wait until their time, and while the direction is silent. */
class Lane {
  readonly #to: Socket;
  readonly #from: Socket;
  readonly #direction: Direction;
  readonly #fault: () => LinkFault;
  #queue: { readonly data: Buffer | null; readonly at: number }[] = [];
  #bytes = 0;
  #latest = 0;
  #muted = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, direction: Direction, fault: () => LinkFault) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#fault = fault;
    from.on('data', (data: Buffer) => this.#push(data));
    from.on('end', () => this.#push(null));
    to.on('drain', () => from.resume());
  }

  pump(): void {
    clearTimeout(this.#timer);
    if (this.#muted || this.#fault().silent?.includes(this.#direction) === true) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#deliver(next.data);
    }
    if (!this.#to.writableNeedDrain) this.#from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #push(data: Buffer | null): void {
    const { delayMs = 0, jitterMs = 0, loss = 0, muteAt } = this.#fault();
    this.#muted ||=
      this.#direction === 'toClient' && muteAt !== undefined && data !== null && muteAt.test(data.toString('latin1'));
    const lostMs = Math.random() < loss ? retransmitMs : 0;
    this.#latest = Math.max(this.#latest, performance.now() + delayMs + Math.random() * jitterMs + lostMs);
    this.#queue.push({ data, at: delayMs + jitterMs + lostMs === 0 ? 0 : this.#latest });
    this.#bytes += data?.length ?? 0;
    if (this.#bytes > heldBytesMost) this.#from.pause();
    this.pump();
  }

  #deliver(data: Buffer | null): void {
    if (this.#to.destroyed) return;
    if (data === null) {
      this.#to.end();
      return;
    }
    this.#bytes -= data.length;
    if (!this.#to.write(data)) this.#from.pause();
  }
}
