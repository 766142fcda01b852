// Many HTTP clients at little cost: each has one connection and one request on its way, and reads of the answer only what it must. A client
// that parsed everything would be measured beside the server, on the same cores.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpLoad {
  /** `http://host:port`. */
  readonly address: string;
  readonly path: string;
  readonly token: string;
  readonly clients: number;
  readonly requests: number;
  body(): string;
}

/** Milliseconds of each request, from its first byte out to the end of its answer. */
export async function httpLoad(load: HttpLoad): Promise<number[]> {
  const times: number[] = [];
  let left = load.requests;
  const client = async (): Promise<void> => {
    const socket = await open(load.address);
    const answers = new Answers(socket);
    try {
      while (left > 0) {
        left -= 1;
        const body = load.body();
        const sent = performance.now();
        socket.write(
          `POST ${load.path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${load.token}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        const { status, text } = await answers.next();
        if (status >= 300) throw new Error(`answered with ${status}: ${text}`);
        times.push(performance.now() - sent);
      }
    } finally {
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  return times;
}

async function open(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The answers of one connection, in order. Those of our API say how long they are. */
class Answers {
  #waiting: PromiseWithResolvers<Answer> | null = null;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#take();
    });
    const gone = (error?: Error): void => this.#waiting?.reject(error ?? new Error('the server closed the connection'));
    socket.on('error', gone).on('close', () => gone());
  }

  next(): Promise<Answer> {
    this.#waiting = Promise.withResolvers<Answer>();
    return this.#waiting.promise;
  }

  #take(): void {
    const head = this.#bytes.indexOf('\r\n\r\n');
    if (head < 0) return;
    const text = this.#bytes.toString('latin1', 0, head);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    const end = head + 4 + length;
    if (this.#bytes.length < end) return;
    const answer = { status: Number(text.slice(9, 12)), text: this.#bytes.toString('utf8', head + 4, end) };
    this.#bytes = this.#bytes.subarray(end);
    this.#waiting?.resolve(answer);
  }
}
