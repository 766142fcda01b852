// Where the stamps of all handlers arrive: how many have started, when the first and the last did, and how long each was on its way.

import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

const stampBytes = 16;

export class StampDesk {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #starts: number[] = [];
  #latencies: number[] = [];
  #wanted = Number.POSITIVE_INFINITY;
  #reached: () => void = () => undefined;

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async open(directory: string): Promise<StampDesk> {
    const desk = new StampDesk(join(directory, 'stamps'));
    await new Promise<void>((resolve) => desk.#server.listen(desk.path, resolve));
    return desk;
  }

  get count(): number {
    return this.#starts.length;
  }

  /** Starts of handlers, in the order in which they were told. */
  get starts(): readonly number[] {
    return this.#starts;
  }

  /** From the caller's hand to the handler, in milliseconds. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  /** Forgets what has arrived. */
  reset(): void {
    this.#starts = [];
    this.#latencies = [];
  }

  /** Resolves when so many handlers have started since the last reset. */
  async until(count: number, withinMs: number): Promise<void> {
    if (this.count >= count) return;
    const reached = Promise.withResolvers<void>();
    this.#wanted = count;
    this.#reached = reached.resolve;
    const late = (): void =>
      reached.reject(new Error(`only ${this.count} of ${count} handlers started in ${withinMs} ms`));
    const timer = setTimeout(late, withinMs);
    try {
      await reached.promise;
    } finally {
      clearTimeout(timer);
      this.#wanted = Number.POSITIVE_INFINITY;
    }
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #take(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = bytes.length - (bytes.length % stampBytes);
      for (let at = 0; at < whole; at += stampBytes) {
        // The machine's own order, as the sender's Float64Array has it; every machine that runs this is little-endian.
        const start = bytes.readDoubleLE(at + 8);
        this.#starts.push(start);
        this.#latencies.push(start - bytes.readDoubleLE(at));
      }
      rest = bytes.subarray(whole);
      if (this.count >= this.#wanted) this.#reached();
    });
  }
}
