// The door for KEDA: its external scaler interface by gRPC, over HTTP/2, on an address of its own.
//
// Who may ask: on loopback anybody; elsewhere those whose certificate the configured authority has signed. KEDA cannot send a token: what
// stands in a ScaledObject can be read by all who may read ScaledObjects. What can be read here are the numbers of pools, nothing else, and
// nothing can be changed.
//
// Stopping: streams end, so that KEDA opens them at another master; calls under way finish, within a bound.

import { createSecureServer, createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { isLoopback } from '../http/listen-address.ts';
import type { Service } from '../master/service.ts';
import { ExternalScaler } from './external-scaler_pb.ts';
import { KedaAnswers, type KedaDeps } from './keda-answers.ts';

/** How long calls under way may take to finish when the door closes. */
const drainMs = 5000;
/** KEDA asks every 30 s; a connection over which nothing came for so long is of nobody. */
const idleMs = 10 * 60_000;

export interface KedaSettings {
  readonly host: string;
  readonly port: number;
  /** PEM texts. With `clientCa` only those are answered whose certificate it has signed. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string | null } | null;
  readonly insecure: boolean;
}

export interface KedaDoorDeps extends KedaDeps {
  readonly settings: KedaSettings;
}

export class KedaDoor implements Service {
  readonly #deps: KedaDoorDeps;
  readonly #ending = new AbortController();
  readonly #connections = new Set<ServerHttp2Session>();
  #server: Http2Server | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  /** Checks the settings at once (KEDA_OPEN). */
  constructor(deps: KedaDoorDeps) {
    refuseOpenDoor(deps.settings);
    this.#deps = deps;
  }

  /** Known once `start` has resolved. */
  get port(): number {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the door for KEDA does not listen yet');
    return address.port;
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
    const { tls, host, port } = this.#deps.settings;
    const answers = new KedaAnswers(this.#deps, this.#ending.signal);
    const handle = connectNodeAdapter({
      routes: (router) => void router.service(ExternalScaler, answers.service()),
      connect: false,
      grpcWeb: false,
      // A small request that unpacks to a large one would pass the bound.
      acceptCompression: [],
      readMaxBytes: serverLimits.kedaRequestBytes,
    });
    const options = { settings: { maxConcurrentStreams: serverLimits.kedaStreams * 2 } };
    const server =
      tls === null
        ? createServer(options, handle)
        : createSecureServer(
            {
              ...options,
              key: tls.key,
              cert: tls.cert,
              minVersion: 'TLSv1.2',
              ...(tls.clientCa === null ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
            },
            handle,
          );
    server.maxConnections = serverLimits.kedaConnections;
    server.on('session', (session) => this.#keep(session));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#deps.log.warn('the door for KEDA met an error', { error: String(error) }));
        resolve();
      });
    });
  }

  #keep(session: ServerHttp2Session): void {
    this.#connections.add(session);
    session.once('close', () => this.#connections.delete(session));
    session.on('error', () => session.destroy());
    session.setTimeout(idleMs, () => session.close());
  }

  async #stop(): Promise<void> {
    this.#ending.abort();
    await this.#starting?.catch(() => undefined);
    const server = this.#server;
    if (server === null || !server.listening) return;
    const late = this.#deps.clock.timer(drainMs, () => {
      for (const session of this.#connections) session.destroy();
    });
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const session of this.#connections) session.close();
    });
    late.cancel();
  }
}

function refuseOpenDoor({ host, tls, insecure }: KedaSettings): void {
  if (isLoopback(host) || insecure || (tls !== null && tls.clientCa !== null)) return;
  throw new Refusal(
    'KEDA_OPEN',
    `${host} can be reached from other machines, and no certificates of KEDA are asked for`,
  );
}
