// Workers, tokens and the audit over the API: what operators and administrators look at.

import type {
  AuditEvent,
  FireAudit,
  FireFinding,
  Role,
  SessionState,
  TokenView,
  WorkerGone,
  WorkerView,
} from '@tidewheel/protocol';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export class WorkersApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/workers`;
  }

  list(page: PageOptions = {}): Listing<WorkerView> {
    return new Listing((query) => this.#requests.json('GET', this.#base, { query: { ...query } }), page);
  }

  /** The worker finishes what it has, takes nothing new, and leaves. */
  drain(sessionId: string): Promise<{ state: SessionState }> {
    return this.#requests.json('POST', `${this.#base}/${encodeURIComponent(sessionId)}/drain`, { repeatable: true });
  }

  /** For supervisors: the process has ended, with all that it ran, and could not say goodbye. Its runs go elsewhere at once. */
  gone(sessionId: string, how: WorkerGone): Promise<{ state: SessionState }> {
    const path = `${this.#base}/${encodeURIComponent(sessionId)}/gone`;
    return this.#requests.json('POST', path, { body: how, repeatable: true });
  }
}

export interface NewToken {
  name: string;
  role: Role;
  /** `*` for all. */
  namespace: string;
  expiresInMs?: number | undefined;
}

export class TokensApi {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  list(page: PageOptions = {}): Listing<TokenView> {
    return new Listing((query) => this.#requests.json('GET', '/v1/tokens', { query: { ...query } }), page);
  }

  /** `secret` is in this answer and nowhere else. */
  create(token: NewToken): Promise<TokenView & { secret: string }> {
    const { expiresInMs, ...rest } = token;
    const body = expiresInMs === undefined ? rest : { ...rest, expiresIn: expiresInMs };
    return this.#requests.json('POST', '/v1/tokens', { body });
  }

  async revoke(id: string): Promise<void> {
    await this.#requests.json('DELETE', `/v1/tokens/${encodeURIComponent(id)}`, { repeatable: true });
  }

  /** A path with a one-time code, to open in a browser. */
  signInLink(): Promise<{ path: string; expiresAt: number }> {
    return this.#requests.json('POST', '/v1/sign-in-links');
  }
}

export interface FireAuditOptions {
  /** ms since 1970; the master chooses a recent span when absent. */
  from?: number | undefined;
  to?: number | undefined;
  schedule?: string | undefined;
}

export class AuditApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = namespaceBase;
  }

  /** Expected fires, recomputed, against the ledger. */
  fires(options: FireAuditOptions = {}): Promise<FireAudit> {
    return this.#requests.json('GET', `${this.#base}/audit/fires`, { query: { ...options }, timeoutMs: 300_000 });
  }

  /** What the standing audit found and nobody has acknowledged, the oldest first. */
  async findings(options: { limit?: number } = {}): Promise<FireFinding[]> {
    const path = `${this.#base}/audit/findings`;
    const { items } = await this.#requests.json<{ items: FireFinding[] }>('GET', path, { query: { ...options } });
    return items;
  }

  /** Ends the alarm of one schedule, or of all; answers their names. */
  async acknowledge(reason: string, schedule?: string): Promise<string[]> {
    const path = `${this.#base}/audit/findings/acknowledge`;
    const body = { reason, ...(schedule === undefined ? {} : { schedule }) };
    const { schedules } = await this.#requests.json<{ schedules: string[] }>('POST', path, { body });
    return schedules;
  }

  /** Who did what, newest first. */
  events(page: PageOptions = {}): Listing<AuditEvent> {
    return new Listing((query) => this.#requests.json('GET', `${this.#base}/events`, { query: { ...query } }), page);
  }
}
