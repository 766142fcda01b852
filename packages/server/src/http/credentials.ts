// Who asks: bearer tokens of programs, cookie sessions of the console. Answers of the store are kept for a few seconds, so a
// busy client costs no query per request; a revoked token therefore works for up to `credentialCacheMs` more on a master
// that has just seen it, and not at all on the one that revoked it. Unknown credentials are never kept.
//
// While the primary does not answer, a standby is asked, for reads that may be stale and for nothing else. Without one nobody can be asked:
// then a credential that held a short time ago still opens what was kept for it (`KeptAnswers`).

import type { Role } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type Database, OutcomeUnknown, StoreUnavailable, type Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { Reads } from '../ports/reads.ts';
import type { StoreOutage } from './store-outage.ts';
import { consoleSessionByHash } from '../store/sign-ins.ts';
import { looksLikeToken, tokenByHash, tokenTouch, type Grant } from '../store/tokens.ts';

export interface Caller {
  readonly kind: 'token' | 'session' | 'nobody';
  readonly name: string;
  readonly role: Role;
  /** A name, or `*` for all. */
  readonly namespace: string;
}

/** Under 5 s, which is what is promised. */
export const credentialCacheMs = 4000;

/** What a request brought along. The secret itself is never kept. */
export interface Credential {
  readonly kind: 'token' | 'session';
  readonly hash: string;
}

interface Known {
  caller: Caller;
  confirmedMs: number;
}

export interface CredentialDeps {
  db: Database;
  identity: Pick<Identity, 'hash'>;
  clock: Clock;
  outage: StoreOutage;
  reads: Reads | null;
}

export class Credentials {
  readonly #deps: CredentialDeps;
  readonly #known = new Map<string, Known>();
  /** Questions under way, which all who bring the same credential meanwhile wait for. */
  readonly #asking = new Map<string, Promise<Caller | null>>();

  constructor(deps: CredentialDeps) {
    this.#deps = deps;
  }

  /** Null when the text cannot be a credential of this kind. */
  credential(kind: Credential['kind'], secret: string): Credential | null {
    if (kind === 'token' && !looksLikeToken(secret)) return null;
    if (kind === 'session' && (secret.length < 20 || secret.length > 200)) return null;
    return { kind, hash: this.#deps.identity.hash(secret) };
  }

  /** Whether the answer is in memory, so that looking costs nothing. */
  has(credential: Credential): boolean {
    return this.#fresh(credential) !== null;
  }

  /** Null when the credential is unknown, expired or revoked. `remembered`: the last answer will do while the store gives none. */
  async caller(credential: Credential, remembered = false): Promise<Caller | null> {
    const { outage } = this.#deps;
    const fresh = this.#fresh(credential);
    if (fresh !== null) return fresh;
    const spared = remembered && outage.spare() ? await this.#inOutage(credential) : null;
    if (spared !== null) return spared;
    try {
      const asking = this.#asking.get(keyOf(credential)) ?? this.#begin(credential);
      const caller = await asking;
      outage.worked();
      return caller;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      outage.failed();
      const last = remembered ? await this.#inOutage(credential) : null;
      if (last === null) throw error;
      return last;
    }
  }

  /** Since the store last said that the credential holds. */
  confirmedAgoMs(hash: string): number {
    const known = this.#known.get(hash);
    return known === undefined ? 0 : this.#deps.clock.monotonicMs() - known.confirmedMs;
  }

  /** After a sign-out or revocation on this master, at once. */
  forgetAll(): void {
    this.#known.clear();
    // Their answers may be from before.
    this.#asking.clear();
  }

  #begin(credential: Credential): Promise<Caller | null> {
    const key = keyOf(credential);
    const asking = this.#ask(this.#deps.db, credential).then(
      (caller) => {
        if (this.#asking.get(key) === asking) this.#keep(credential, caller);
        return caller;
      },
      (error: unknown) => {
        if (this.#asking.get(key) === asking) this.#asking.delete(key);
        throw error;
      },
    );
    this.#asking.set(key, asking);
    return asking;
  }

  #keep(credential: Credential, caller: Caller | null): void {
    this.#asking.delete(keyOf(credential));
    this.#known.delete(credential.hash);
    if (caller === null) return;
    this.#makeRoom();
    this.#known.set(credential.hash, { caller, confirmedMs: this.#deps.clock.monotonicMs() });
  }

  #fresh(credential: Credential): Caller | null {
    return this.#within(credential, credentialCacheMs);
  }

  #within({ hash, kind }: Credential, ms: number): Caller | null {
    const known = this.#known.get(hash);
    if (known === undefined || known.caller.kind !== kind) return null;
    return this.#deps.clock.monotonicMs() - known.confirmedMs < ms ? known.caller : null;
  }

  /** Null: a standby does not know the credential, or without one it was not confirmed lately. */
  async #inOutage(credential: Credential): Promise<Caller | null> {
    const left = this.#deps.reads?.left(serverLimits.keptAnswerMs) ?? null;
    try {
      if (left !== null) return await this.#ask(left.replica, credential);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    return this.#within(credential, serverLimits.keptAnswerMs);
  }

  async #ask(store: Tx, credential: Credential): Promise<Caller | null> {
    if (credential.kind === 'session') {
      const grant = await consoleSessionByHash(store, credential.hash);
      return grant === null ? null : callerOf('session', grant);
    }
    const token = await tokenByHash(store, credential.hash);
    if (token === null) return null;
    if (token.touch && store === this.#deps.db) await this.#touch(token.id);
    return callerOf('token', token);
  }

  /** Only a note for people: that it could not be written must not refuse the request. */
  async #touch(id: string): Promise<void> {
    try {
      await tokenTouch(this.#deps.db, id);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown || error instanceof StoreUnavailable)) throw error;
    }
  }

  #makeRoom(): void {
    if (this.#known.size < serverLimits.credentialsCached) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function keyOf({ kind, hash }: Credential): string {
  return `${kind} ${hash}`;
}

function callerOf(kind: 'token' | 'session', { name, role, namespace }: Grant): Caller {
  return { kind, name, role, namespace };
}
