// Requests to any of several masters. A request is tried again, at another master first, only where that is safe: when it can
// be repeated (it reads, or carries a key that makes the repetition harmless), when it was never sent, or when a master has
// refused it for a passing reason before doing anything.
//
// What this client has changed it sees: it sends the last change that it heard of along with what it reads, and masters answer only from
// what holds it.

import {
  changeHeader,
  errorCatalogue,
  laterChange,
  noChange,
  Refusal,
  refuseStale,
  staleHeader,
} from '@tidewheel/protocol';
import { clientLimits, retryDelayMs, sleep, type ClientPorts } from './client-ports.ts';
import type { WorkerClock, WorkerTimer } from '../worker/session-ports.ts';
import { refusalOf } from './problems.ts';

export interface RequestOptions {
  query?: Record<string, string | number | boolean | readonly string[] | undefined> | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  /** Doing it twice is the same as doing it once. GET always is. */
  repeatable?: boolean;
  signal?: AbortSignal | undefined;
  /** Of one try; null for none. */
  timeoutMs?: number | null | undefined;
}

export interface ReadOptions {
  /**
   * `replicas` (default): lists and history may be as old as the masters' `store.staleness`, though never older than this client's own
   * changes. `primary`: that, too, but only once this client has changed something; until then it may be about what somebody else just did.
   */
  reads?: 'replicas' | 'primary' | undefined;
  /** Called when the store is away and an answer is one that was kept. Without it such answers are refused: UNAVAILABLE. */
  onStale?: ((ageMs: number) => void) | undefined;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Nothing was sent, so nothing can have happened. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Said before anything was done. */
const refusedBefore = new Set(['TOO_MANY_REQUESTS', 'SHUTTING_DOWN']);

export class Requests {
  readonly ports: ClientPorts;
  readonly #addresses: readonly string[];
  readonly #token: string | null;
  readonly #onStale: ReadOptions['onStale'];
  /** The last change that was heard of; null: none, and a replica may not be asked. */
  #change: string | null;
  /** The master that answered last. */
  #preferred = 0;

  constructor(
    addresses: readonly string[],
    token: string | null,
    ports: ClientPorts,
    { reads = 'replicas', onStale }: ReadOptions = {},
  ) {
    this.#addresses = addresses.map((address) => address.replace(/\/+$/, ''));
    this.#token = token;
    this.ports = ports;
    this.#change = reads === 'replicas' ? noChange : null;
    this.#onStale = onStale;
  }

  /** From now on answers hold it. */
  heard(change: string): void {
    this.#change = laterChange(this.#change, change);
  }

  /** The JSON of the answer, as the protocol describes it: newer masters may add fields, so it is not checked here. */
  async json<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    const text = await this.send(method, path, options, (response) => bounded(response, clientLimits.answerBytes));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer as soon as its headers are there. */
  stream(path: string, options: RequestOptions = {}): Promise<Response> {
    const headers = { accept: 'text/event-stream', ...options.headers };
    return this.send('GET', path, { timeoutMs: null, ...options, headers }, (response) => Promise.resolve(response));
  }

  async send<T>(
    method: Method,
    path: string,
    options: RequestOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const tries = Math.max(clientLimits.triesMin, this.#addresses.length + 1);
    for (let tried = 1; ; tried += 1) {
      const outcome = await this.#attempt(method, path, options, read);
      if (outcome.ok) return outcome.value;
      options.signal?.throwIfAborted();
      if (tried >= tries || !outcome.again) throw outcome.refusal;
      this.#preferred = (this.#preferred + 1) % this.#addresses.length;
      const round = Math.floor(tried / this.#addresses.length);
      // Another master is asked at once, the same one only after a pause.
      if (tried % this.#addresses.length === 0) await this.#pause(round, outcome.refusal, options.signal);
    }
  }

  async #attempt<T>(
    method: Method,
    path: string,
    options: RequestOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<Outcome<T>> {
    const address = this.#addresses[this.#preferred] ?? '';
    const repeatable = method === 'GET' || options.repeatable === true;
    const deadline = new Deadline(this.ports.clock, options);
    try {
      const init = this.#init(method, options, deadline.signal);
      const response = await this.ports.fetch(`${address}${path}${queryOf(options.query)}`, init);
      this.#note(response.headers);
      if (response.ok) return { ok: true, value: await read(response) };
      const { headers, status } = response;
      const body = await bounded(response, clientLimits.answerBytes);
      const refusal = refusalOf(status, headers.get('content-type'), body, headers.get('retry-after'));
      const again = refusedBefore.has(refusal.code) || (repeatable && errorCatalogue[refusal.code].retryable);
      return { ok: false, refusal, again };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof Refusal) return { ok: false, refusal: error, again: false };
      const reason = deadline.passed ? 'no answer in time' : reasonOf(error);
      const refusal = new Refusal('UNREACHABLE', `${address} does not answer: ${reason}`, { cause: error });
      return { ok: false, refusal, again: repeatable || neverSent.has(causeCode(error)) };
    } finally {
      deadline.cancel();
    }
  }

  #init(method: Method, { body, headers }: RequestOptions, signal: AbortSignal): RequestInit {
    return {
      method,
      headers: {
        accept: 'application/json',
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(method === 'GET' ? this.#reading() : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
  }

  #reading(): Record<string, string> {
    return {
      ...(this.#change === null ? {} : { [changeHeader]: this.#change }),
      ...(this.#onStale === undefined ? { [staleHeader]: refuseStale } : {}),
    };
  }

  #note(headers: Headers): void {
    const change = headers.get(changeHeader);
    if (change !== null) this.heard(change);
    const stale = headers.get(staleHeader);
    if (stale !== null) this.#onStale?.(Number(stale) * 1000);
  }

  #pause(round: number, refusal: Refusal, signal: AbortSignal | undefined): Promise<void> {
    const askedMs = Math.min((refusal.retryAfterSeconds ?? 0) * 1000, clientLimits.retryAfterMaxMs);
    return sleep(this.ports.clock, askedMs + retryDelayMs(this.ports, round), signal);
  }
}

type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal; again: boolean };

/** Aborted by the caller's signal or by time, whichever is first. */
class Deadline {
  readonly signal: AbortSignal;
  passed = false;
  readonly #timer: WorkerTimer | null;

  constructor(clock: WorkerClock, { signal, timeoutMs = clientLimits.requestMs }: RequestOptions) {
    const controller = new AbortController();
    this.signal = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
    this.#timer =
      timeoutMs === null
        ? null
        : clock.timer(timeoutMs, () => {
            this.passed = true;
            controller.abort();
          });
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}

function queryOf(query: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) search.set(key, Array.isArray(value) ? value.join(',') : String(value));
  }
  return search.size === 0 ? '' : `?${search.toString()}`;
}

/** Of fetch's "fetch failed" the reason underneath. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : causeCode(error) || error.message;
}

function causeCode(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : '';
}

async function bounded(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | Uint8Array[] = response.body ?? [];
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Refusal('PAYLOAD_TOO_LARGE', `the answer is over ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
