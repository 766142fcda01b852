// Stands before every route: who asks, whether the role permits it, whether the namespace is theirs. Runs before the body is
// read. A foreign namespace answers like one that does not exist.

import { probeNamespace, Refusal, staleHeader } from '@tidewheel/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { AttemptLimiter } from './attempt-limiter.ts';
import { readCookie, sessionCookie } from './cookies.ts';
import { type Caller, type Credential, credentialCacheMs, type Credentials } from './credentials.ts';
import { refuseForgery } from './forgery.ts';
import { isLoopback } from './listen-address.ts';
import { accessOf, isPermission, reaches, type Permission } from './permissions.ts';

export interface GuardDeps {
  credentials: Credentials;
  clock: Clock;
}

export class Guard {
  readonly #credentials: Credentials;
  readonly #failures: AttemptLimiter;

  constructor(deps: GuardDeps) {
    this.#credentials = deps.credentials;
    this.#failures = new AttemptLimiter(deps.clock, serverLimits.bearerFailuresPerMinute);
  }

  watch(app: FastifyInstance): void {
    app.decorateRequest('caller', null);
    app.decorateRequest('credential', null);
    app.addHook('onRequest', async (request, reply) => {
      if (request.is404) return;
      const { permission, stale } = request.routeOptions.config;
      if (!isPermission(permission)) throw new Error(`${request.url} was reached without a permission`);
      const namespace = namespaceOf(request.params);
      request.caller = await this.admit(request, permission, namespace, stale !== undefined);
      if (stale === undefined || request.caller === null) return;
      request.credential = credentialOf(request, this.#credentials)?.hash ?? null;
      // Nobody could be asked whether it still holds.
      const agoMs = request.credential === null ? 0 : this.#credentials.confirmedAgoMs(request.credential);
      if (agoMs >= credentialCacheMs) reply.header(staleHeader, String(Math.ceil(agoMs / 1000)));
    });
  }

  /** Null where none is needed; `remembered`: see `identify`. Refusals: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND (a foreign namespace), TOO_MANY_REQUESTS. */
  async admit(
    request: FastifyRequest,
    permission: Permission,
    namespace: string | null,
    remembered = false,
  ): Promise<Caller | null> {
    const access = accessOf(permission);
    if (access.open === 'always') return null;
    if (access.open === 'loopback' && isLocal(request)) return null;
    const caller = await this.identify(request, remembered);
    permit(caller, permission, namespace);
    return caller;
  }

  async stillAdmits(request: FastifyRequest, permission: Permission, namespace: string): Promise<boolean> {
    return stillTrue(() => this.admit(request, permission, namespace));
  }

  /** `remembered`: while the store does not answer, a credential that held a short time ago will do. */
  async identify(request: Pick<FastifyRequest, 'headers' | 'method' | 'ip'>, remembered = false): Promise<Caller> {
    const credential = credentialOf(request, this.#credentials);
    if (credential === null) throw new Refusal('UNAUTHENTICATED', 'the request brought no credentials');
    if (!this.#credentials.has(credential)) this.#failures.check(request.ip);
    const caller = await this.#credentials.caller(credential, remembered);
    if (caller === null) {
      this.#failures.failed(request.ip);
      throw new Refusal('UNAUTHENTICATED', `the ${credential.kind} is unknown, has expired or was revoked`);
    }
    if (caller.kind === 'session') refuseForgery(request);
    return caller;
  }
}

/** Refusals: NOT_FOUND (a foreign namespace), FORBIDDEN, RESERVED_NAMESPACE. `namespace` null: the question concerns none. */
export function permit(caller: Caller, permission: Permission, namespace: string | null): void {
  const access = accessOf(permission);
  if (namespace !== null && !reaches(caller.namespace, namespace)) {
    throw new Refusal('NOT_FOUND', `there is no namespace "${namespace}"`);
  }
  if (!access.roles.includes(caller.role) || (access.wholeCell === true && caller.namespace !== '*')) {
    throw new Refusal('FORBIDDEN', `the role "${caller.role}" of "${caller.name}" does not permit ${permission}`);
  }
  if (namespace === probeNamespace && access.reads !== true) {
    throw new Refusal(
      'RESERVED_NAMESPACE',
      `"${namespace}" holds the probes of the masters, and nobody else writes there`,
    );
  }
}

/** Asks again for connections that stay open. While the store does not answer, nothing is taken away. */
export async function stillTrue(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    return !(error instanceof Refusal) || error.code === 'TOO_MANY_REQUESTS';
  }
}

/** The header wins, so that a program is never taken for the browser's user. A malformed one is refused, not passed over. */
export function credentialOf(request: Pick<FastifyRequest, 'headers'>, credentials: Credentials): Credential | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, secret] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    const credential = secret === undefined ? null : credentials.credential('token', secret);
    if (credential === null)
      throw new Refusal('UNAUTHENTICATED', 'the Authorization header holds no token of this server');
    return credential;
  }
  const cookie = readCookie(request.headers.cookie, sessionCookie);
  return cookie === null ? null : credentials.credential('session', cookie);
}

function namespaceOf(params: unknown): string | null {
  if (typeof params !== 'object' || params === null || !('ns' in params)) return null;
  return typeof params.ns === 'string' ? params.ns : null;
}

/** From this machine, not handed on by a proxy, and not by a page whose host name was pointed at this machine. */
function isLocal(request: FastifyRequest): boolean {
  const proxied = request.headers['x-forwarded-for'] ?? request.headers.forwarded ?? request.headers['x-real-ip'];
  return proxied === undefined && isLoopback(request.ip) && isLoopback(request.hostname);
}
