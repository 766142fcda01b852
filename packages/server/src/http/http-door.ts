// The HTTP door of one master: routes, event streams, workers' WebSockets and the console, on one listening socket.
//
// Stopping: no new connections and no new requests (they are told SHUTTING_DOWN), event streams end, workers are sent on, and
// requests that are under way finish, within a bound.

import type { Server } from 'node:http';
import type { Service } from '../master/service.ts';
import { DefinitionCache } from '../store/definition-cache.ts';
import { storeNow } from '../store/jobs.ts';
import { buildApp, type App } from './app.ts';
import { consoleRoutes, findConsoleDir, readConsoleFiles } from './console-files.ts';
import { Credentials } from './credentials.ts';
import type { DoorContext, HttpDeps } from './door-context.ts';
import { EventStreams } from './event-streams.ts';
import { Guard } from './guard.ts';
import { addressText, refusePublicClearText } from './listen-address.ts';
import { ReadDoor } from './read-door.ts';
import { apiRoutes } from './routes.ts';
import { StoreOutage } from './store-outage.ts';
import { WorkerDoor } from './worker-door.ts';

/** How long requests under way may take to finish when the door closes. */
const drainMs = 10_000;

export interface HttpDoor extends Service {
  /** Such as `http://127.0.0.1:7070`; known once `start` has resolved. */
  readonly address: string;
}

/** Checks the settings at once (PUBLIC_WITHOUT_TLS); listens when started. A port that is taken rejects `start` with EADDRINUSE. */
export function startHttp(deps: HttpDeps): HttpDoor {
  refusePublicClearText(deps.settings);
  return new Door(deps);
}

class Door implements HttpDoor {
  readonly #deps: HttpDeps;
  #parts: { app: App; workers: WorkerDoor; streams: EventStreams; readDoor: ReadDoor } | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #address: string | null = null;

  constructor(deps: HttpDeps) {
    this.#deps = deps;
  }

  get address(): string {
    if (this.#address === null) throw new Error('the HTTP door does not listen yet');
    return this.#address;
  }

  start(): Promise<void> {
    if (this.#stopping !== null) return Promise.resolve();
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { settings, db, clock, identity, metrics, reads = null } = this.#deps;
    const streams = new EventStreams(clock);
    const outage = new StoreOutage(clock);
    const readDoor = new ReadDoor({ db, reads, clock, metrics, outage });
    const credentials = new Credentials({ db, clock, identity, outage, reads });
    const guard = new Guard({ credentials, clock });
    const startedAt = await storeNow(db);
    const context: DoorContext = {
      ...this.#deps,
      streams,
      readDoor,
      credentials,
      guard,
      startedAt,
      definitions: new DefinitionCache(),
    };
    const consoleDir = settings.consoleDir ?? findConsoleDir();
    const files = consoleDir === null ? new Map() : await readConsoleFiles(consoleDir, identity);
    const app = await buildApp(
      context,
      [...apiRoutes(context), ...consoleRoutes(files)],
      () => this.#stopping !== null,
    );
    const workers = new WorkerDoor(context);
    workers.watch(app.server);
    this.#parts = { app, workers, streams, readDoor };
    await app.app.listen({ host: settings.host, port: settings.port });
    this.#address = addressText(settings.host, portOf(app.server, settings.port), settings.tls !== null);
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.#parts === null) return;
    const { app, workers, streams, readDoor } = this.#parts;
    readDoor.close();
    streams.closeAll();
    workers.closeAll();
    const late = this.#deps.clock.timer(drainMs, () => {
      app.server.closeAllConnections();
      workers.terminateAll();
    });
    await app.app.close();
    await workers.closed();
    late.cancel();
  }
}

function portOf(server: Server, asked: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}
