// The door for workers: upgrades `GET /v1/worker/connect` to a WebSocket of the sub-protocol tidewheel.v1, after the same
// checks as any route, and hands the connection to the session gateway.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits, namespaceSchema, problemOf, Refusal, wireProtocol } from '@tidewheel/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { serverLimits } from '../core/limits.ts';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Caller } from './credentials.ts';
import type { DoorContext } from './door-context.ts';
import { permit, stillTrue } from './guard.ts';
import { WorkerSocket, WorkerWebSocket } from './worker-socket.ts';

export const workerPath = '/v1/worker/connect';

type DoorDeps = Pick<DoorContext, 'guard' | 'master' | 'clock' | 'log' | 'identity'>;

export class WorkerDoor {
  readonly #deps: DoorDeps;
  readonly #sockets = new Set<WorkerSocket>();
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    WebSocket: WorkerWebSocket,
    handleProtocols: () => wireProtocol,
  });
  #closing = false;
  #whenEmpty: () => void = () => undefined;

  constructor(deps: DoorDeps) {
    this.#deps = deps;
  }

  watch(server: Server): void {
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  get count(): number {
    return this.#sockets.size;
  }

  /** No more workers; those connected are told to go on elsewhere. */
  closeAll(): void {
    this.#closing = true;
    for (const socket of this.#sockets) socket.bye('SHUTTING_DOWN', 'this master is stopping', true);
  }

  /** Resolves when the last connection is gone. */
  async closed(): Promise<void> {
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  terminateAll(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const broken = () => socket.destroy();
    socket.on('error', broken);
    try {
      const { namespace, caller } = await this.#admit(request);
      socket.off('error', broken);
      this.#upgrades.handleUpgrade(request, socket, head, (webSocket) =>
        this.#open(webSocket, request, namespace, caller),
      );
    } catch (error) {
      refuse(socket, this.#refusalOf(error), this.#deps.identity.next());
    }
  }

  async #admit(request: IncomingMessage): Promise<{ namespace: string; caller: Caller }> {
    const url = new URL(request.url ?? '/', 'http://any');
    if (url.pathname !== workerPath) throw new Refusal('NOT_FOUND', `there is no WebSocket at ${url.pathname}`);
    if (this.#closing) throw new Refusal('SHUTTING_DOWN', 'this master is stopping', { retryAfterSeconds: 1 });
    if (this.#sockets.size >= serverLimits.sessionsPerMaster) {
      throw new Refusal('TOO_MANY_REQUESTS', 'this master takes no more workers', { retryAfterSeconds: 5 });
    }
    const namespace = namespaceSchema.safeParse(url.searchParams.get('namespace') ?? 'default');
    if (!namespace.success) throw new Refusal('NOT_FOUND', 'the namespace names nothing that can exist');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(wireProtocol)) {
      throw new Refusal(
        'PROTOCOL_VERSION',
        `this master speaks ${wireProtocol}; the client offers ${offered.join(', ') || 'nothing'}`,
      );
    }
    return { namespace: namespace.data, caller: await this.#identify(request, namespace.data) };
  }

  async #identify(request: IncomingMessage, namespace: string): Promise<Caller> {
    // Only a bearer token: a browser sends its cookie with any WebSocket that a page opens.
    const { cookie: _, ...headers } = request.headers;
    const caller = await this.#deps.guard.identify({ headers, method: 'GET', ip: request.socket.remoteAddress ?? '' });
    permit(caller, 'worker.connect', namespace);
    return caller;
  }

  #open(webSocket: WebSocket, request: IncomingMessage, namespace: string, caller: Caller): void {
    const stillAllowed = () => stillTrue(() => this.#identify(request, namespace));
    const socket = new WorkerSocket({ socket: webSocket, clock: this.#deps.clock, stillAllowed });
    this.#sockets.add(socket);
    webSocket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#whenEmpty();
    });
    socket.attach(this.#deps.master.gateway.open(socket, { namespace, tokenName: caller.name }));
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) {
      return new Refusal('UNAVAILABLE', 'the store does not answer', { retryAfterSeconds: 1 });
    }
    this.#deps.log.error('a worker could not be let in', { error });
    return new Refusal('INTERNAL', 'the request failed; the log of the master says why');
  }
}

/** An upgrade has no reply object: the answer is written by hand. */
function refuse(socket: Duplex, refusal: Refusal, requestId: string): void {
  const body = JSON.stringify(problemOf(refusal, requestId));
  const head = [
    `HTTP/1.1 ${refusal.status} Refused`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(refusal.retryAfterSeconds === undefined ? [] : [`Retry-After: ${refusal.retryAfterSeconds}`]),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
