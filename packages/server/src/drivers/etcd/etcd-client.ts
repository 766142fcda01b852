// Calls to an etcd cluster: one connection for each endpoint, the next endpoint when one does not answer, a deadline on every
// attempt, a token that is fetched again when it has run out. Every call carries `hasleader`, so that a member that is cut off
// from its cluster refuses instead of answering from what it last knew.

import { type CallOptions, type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { CoordinatorRefused, CoordinatorUnavailable } from '../../ports/coordinator.ts';
import { Auth, KV, Lease, Maintenance, Watch } from './rpc_pb.ts';

export interface EtcdOptions {
  /** URLs such as https://etcd-1.example.com:2379; at least one. */
  readonly endpoints: readonly string[];
  /** PEM texts, for https endpoints. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
  readonly credentials: { readonly user: string; readonly password: string } | null;
}

/** An attempt at a call that may be repeated, which leaves time for another endpoint; and at one that may not. */
const repeatableMs = 400;
const onceMs = 700;
/** etcd ends connections that ping more often than every 5 s, or while no call is open. */
const pings = { pingIntervalMs: 6000, pingTimeoutMs: 2000, pingIdleConnection: false, idleConnectionTimeoutMs: 60_000 };
/** So many calls in a row without an answer end the connection: pings would find out later that it leads nowhere. */
const silentCalls = 2;
/** A password is hashed slowly on purpose. */
const authenticateMs = 2000;

export interface Endpoint {
  readonly url: string;
  readonly kv: Client<typeof KV>;
  readonly lease: Client<typeof Lease>;
  readonly watch: Client<typeof Watch>;
  readonly maintenance: Client<typeof Maintenance>;
  readonly auth: Client<typeof Auth>;
  readonly connection: Http2SessionManager;
}

/** The call may have been carried out, or not. */
export class EtcdOutcomeUnknown extends CoordinatorUnavailable {}

export class EtcdClient {
  readonly endpoints: readonly Endpoint[];
  readonly #credentials: EtcdOptions['credentials'];
  readonly #silent = new Map<Endpoint, number>();
  #current = 0;
  #token: Promise<string> | null = null;
  #closed = false;

  constructor({ endpoints, tls, credentials }: EtcdOptions) {
    this.endpoints = endpoints.map((url) => openEndpoint(url, tls));
    this.#credentials = credentials;
  }

  /** A call that changes nothing, or the same when it is made twice: tried at every endpoint. */
  async repeatable<T>(call: (endpoint: Endpoint, options: CallOptions) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (let tried = 0; tried < this.endpoints.length; tried += 1) {
      try {
        return await this.#attempt(repeatableMs, call);
      } catch (error) {
        if (!(error instanceof CoordinatorUnavailable)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** A call that must not be made twice blindly. Throws EtcdOutcomeUnknown when it may have been carried out. */
  once<T>(call: (endpoint: Endpoint, options: CallOptions) => Promise<T>): Promise<T> {
    return this.#attempt(onceMs, call);
  }

  /** One attempt at the current endpoint; when it fails the next call goes to the next one. */
  async #attempt<T>(boundMs: number, call: (endpoint: Endpoint, options: CallOptions) => Promise<T>): Promise<T> {
    const at = this.#current;
    const endpoint = this.endpoints[at % this.endpoints.length];
    if (endpoint === undefined || this.#closed) throw new CoordinatorUnavailable('the connection to etcd is closed');
    try {
      const answer = await this.withToken(endpoint, (headers) => call(endpoint, { headers, timeoutMs: boundMs }));
      this.#silent.delete(endpoint);
      return answer;
    } catch (error) {
      if (!isOfTheWorld(error)) throw error;
      this.#countSilence(endpoint, error);
      // Only the first of several calls that fail together moves on.
      if (this.#current === at) this.#current += 1;
      throw unavailable(endpoint, error);
    }
  }

  #countSilence(endpoint: Endpoint, error: unknown): void {
    const silent = isLate(error) ? (this.#silent.get(endpoint) ?? 0) + 1 : 0;
    this.#silent.set(endpoint, silent % silentCalls);
    if (silent === silentCalls) endpoint.connection.abort();
  }

  get current(): Endpoint {
    const endpoint = this.endpoints[this.#current % this.endpoints.length];
    if (endpoint === undefined) throw new CoordinatorUnavailable('etcd has no endpoint');
    return endpoint;
  }

  /** A stream at this endpoint has failed. */
  moveOn(endpoint: Endpoint): void {
    if (this.current === endpoint) this.#current += 1;
  }

  /** Runs `call` with the headers of every call; a token that etcd no longer knows is replaced once. */
  async withToken<T>(endpoint: Endpoint, call: (headers: Record<string, string>) => Promise<T>): Promise<T> {
    const token = await this.#tokenFrom(endpoint);
    try {
      return await call(headersOf(token));
    } catch (error) {
      if (token === null || !isTokenRefused(error)) throw error;
      this.#token = null;
      return call(headersOf(await this.#tokenFrom(endpoint)));
    }
  }

  async #tokenFrom(endpoint: Endpoint): Promise<string | null> {
    if (this.#credentials === null) return null;
    const { user, password } = this.#credentials;
    const asked = (this.#token ??= endpoint.auth
      .authenticate({ name: user, password }, { timeoutMs: authenticateMs })
      .then((answer) => answer.token));
    try {
      return await asked;
    } catch (error) {
      if (this.#token === asked) this.#token = null;
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.endpoints) connection.abort();
  }
}

function openEndpoint(url: string, tls: EtcdOptions['tls']): Endpoint {
  const connection = new Http2SessionManager(url, pings, tls ?? {});
  const transport: Transport = createGrpcTransport({ baseUrl: url, sessionManager: connection });
  return {
    url,
    kv: createClient(KV, transport),
    lease: createClient(Lease, transport),
    watch: createClient(Watch, transport),
    maintenance: createClient(Maintenance, transport),
    auth: createClient(Auth, transport),
    connection,
  };
}

function headersOf(token: string | null): Record<string, string> {
  return token === null ? { hasleader: 'true' } : { hasleader: 'true', token };
}

function isLate(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.DeadlineExceeded;
}

function isTokenRefused(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  // The second is how newer versions tell that rights have changed since the token was made.
  return error.code === Code.Unauthenticated || error.rawMessage.includes('revision of auth store is old');
}

/** A lease that etcd does not know (any more). */
export function isGone(error: unknown): boolean {
  return (
    error instanceof CoordinatorUnavailable && error.cause instanceof ConnectError && error.cause.code === Code.NotFound
  );
}

/** Whatever Connect throws comes from the network or from etcd; the rest is a defect of ours. */
function isOfTheWorld(error: unknown): boolean {
  return error instanceof ConnectError || error instanceof CoordinatorUnavailable;
}

/** Refused before anything was done. Of all else nothing is known. */
const refusals = new Set([Code.NotFound, Code.ResourceExhausted]);
/** Refused, and it will be so again. */
const lastingRefusals = new Set([
  Code.InvalidArgument,
  Code.FailedPrecondition,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unimplemented,
]);
/** Codes of Node, OpenSSL and X.509 for a handshake that one side has ended because of a certificate. */
const distrust =
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

export function unavailable(endpoint: Endpoint, error: unknown): CoordinatorUnavailable {
  // OpenSSL ends its texts with a new line.
  const message = `etcd at ${endpoint.url}: ${(error instanceof Error ? error.message : String(error)).trim()}`;
  if (error instanceof CoordinatorRefused) return error;
  if (!(error instanceof ConnectError)) return new EtcdOutcomeUnknown(message, { cause: error });
  if (lastingRefusals.has(error.code) || isDistrust(error.cause))
    return new CoordinatorRefused(message, { cause: error });
  return refusals.has(error.code)
    ? new CoordinatorUnavailable(message, { cause: error })
    : new EtcdOutcomeUnknown(message, { cause: error });
}

function isDistrust(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && distrust.test(cause.code);
}
