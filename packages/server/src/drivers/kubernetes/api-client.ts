// One API server: requests with the credentials as they are now, each within the caller's bound. What was refused for the moment (429,
// or 503 with the time to wait) is asked again when that time has passed; reading is repeated after other passing failures, too.

import { faultsOf } from '@tidewheel/protocol';
import type { z } from 'zod';
import { serverLimits } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  type HttpAnswer,
  type HttpClient,
  type HttpRequest,
  type OpenHttp,
  wholeText,
} from '../../ports/http-client.ts';
import type { Identity } from '../../ports/identity.ts';
import { statusSchema } from './api-objects.ts';
import type { ClusterAccess, Credentials } from './cluster-access.ts';

export interface ApiClientOptions {
  readonly access: ClusterAccess;
  readonly openHttp: OpenHttp;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
}

export interface ApiCall {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

/** An answer that is a refusal, or none at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(status: number, why: string, retryAfterMs: number | null = null, cause?: unknown) {
    super(why, cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

const retryAfterMs = 1000;
const retryAfterMostMs = 120_000;
const restMs = 200;
/** What lasts longer is the caller's to ask for again. */
const passingTries = 3;
const passing = new Set([0, 500, 502, 503, 504]);

export class ApiClient {
  readonly #options: ApiClientOptions;
  #open: { readonly http: HttpClient; readonly credentials: Credentials } | null = null;
  /** The server has asked for patience until then, by the monotonic clock. */
  #notBefore = 0;
  /** Its clock when it answered last, and ours. */
  #answered: { readonly serverMs: number; readonly atMs: number } | null = null;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** The time by the server's clock; null before it has answered. */
  serverMs(): number | null {
    const seen = this.#answered;
    return seen === null ? null : seen.serverMs + this.#options.clock.monotonicMs() - seen.atMs;
  }

  get name(): string {
    return this.#options.access.server;
  }

  async call<S extends z.ZodType>(schema: S, call: ApiCall): Promise<z.infer<S>> {
    const answer = await this.send(call);
    const value = await this.#json(answer, call);
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    const [fault] = faultsOf(read.error.issues);
    throw new ApiError(answer.status, `${wordsOf(call)}: unexpected answer: ${fault?.pointer} ${fault?.detail}`);
  }

  /** The body is still to be read. Rejects with an ApiError. */
  async send(call: ApiCall): Promise<HttpAnswer> {
    for (let tried = 1; ; tried += 1) {
      await this.#rest(this.#notBefore - this.#options.clock.monotonicMs(), call);
      try {
        return await this.#once(call);
      } catch (error) {
        const restedMs = error instanceof ApiError ? this.#restAfter(error, call, tried) : null;
        if (restedMs === null || !(await rest(this.#options.clock, restedMs, call.signal))) throw error;
      }
    }
  }

  close(): void {
    this.#open?.http.close();
    this.#open = null;
  }

  /** How long until it may be tried again; null: never. */
  #restAfter(error: ApiError, { method }: ApiCall, tried: number): number | null {
    const { clock, identity } = this.#options;
    if (tried >= serverLimits.scalerTries) return null;
    if (error.retryAfterMs !== null) {
      this.#notBefore = Math.max(this.#notBefore, clock.monotonicMs() + error.retryAfterMs);
      // Not all at the same moment.
      return error.retryAfterMs + identity.fraction() * restMs;
    }
    // Whether a change was made is not known: the caller looks before it tells it again.
    if (method !== 'GET' || !passing.has(error.status) || tried >= passingTries) return null;
    return identity.fraction() * restMs * tried;
  }

  async #once(call: ApiCall): Promise<HttpAnswer> {
    let answer = await this.#sendAs(await this.#credentials(false), call);
    if (answer.status === 401) {
      // The token has been replaced before its time.
      await drained(answer);
      answer = await this.#sendAs(await this.#credentials(true), call);
    }
    const serverMs = Date.parse(answer.header('date') ?? '');
    if (!Number.isNaN(serverMs)) this.#answered = { serverMs, atMs: this.#options.clock.monotonicMs() };
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await this.#refusal(answer, call);
  }

  async #credentials(anew: boolean): Promise<Credentials> {
    try {
      return await this.#options.access.credentials(anew);
    } catch (error) {
      throw new ApiError(-1, error instanceof Error ? error.message : String(error), null, error);
    }
  }

  async #sendAs(credentials: Credentials, call: ApiCall): Promise<HttpAnswer> {
    const { access } = this.#options;
    const query = new URLSearchParams(call.query).toString();
    const headers = {
      accept: 'application/json',
      'user-agent': 'tidewheel',
      ...(credentials.token === null ? {} : { authorization: `Bearer ${credentials.token}` }),
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
    };
    const { method, path, signal } = call;
    const url = `${access.server}${path}${query === '' ? '' : `?${query}`}`;
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    try {
      return await this.#httpFor(credentials).send({ method, url, headers, signal, ...body });
    } catch (error) {
      throw new ApiError(0, `${wordsOf(call)}: ${this.#whyNoAnswer(error, signal)}`, null, error);
    }
  }

  #whyNoAnswer(error: unknown, signal: AbortSignal): string {
    const reason: unknown = signal.aborted ? signal.reason : error;
    return `no answer from ${this.name}: ${reason instanceof Error ? reason.message : String(reason)}`;
  }

  /** Connections are made anew when the authority or the certificate has been replaced. */
  #httpFor(credentials: Credentials): HttpClient {
    const { ca, cert, key } = this.#open?.credentials.tls ?? {};
    const { tls } = credentials;
    if (this.#open !== null && ca === tls.ca && cert === tls.cert && key === tls.key) return this.#open.http;
    this.#open?.http.close();
    this.#open = { http: this.#options.openHttp(tls), credentials };
    return this.#open.http;
  }

  async #json(answer: HttpAnswer, call: ApiCall): Promise<unknown> {
    let text: string;
    try {
      text = await wholeText(answer, serverLimits.scalerAnswerBytes);
    } catch (error) {
      throw new ApiError(0, `${wordsOf(call)}: ${this.#whyNoAnswer(error, call.signal)}`, null, error);
    }
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new ApiError(
        answer.status,
        `${wordsOf(call)}: ${this.name} answered ${answer.status} with what is not JSON`,
      );
    }
  }

  async #refusal(answer: HttpAnswer, call: ApiCall): Promise<ApiError> {
    const { status } = answer;
    const body = await this.#json(answer, call).catch(() => ({}));
    const said = statusSchema.safeParse(body);
    const why =
      (said.success ? said.data.message : null) ??
      (status >= 300 && status < 400 ? 'redirects are not followed' : 'without a reason');
    const patience = status === 429 || (status === 503 && answer.header('retry-after') !== null);
    return new ApiError(status, `${wordsOf(call)}: ${status}: ${why}`, patience ? patienceOf(answer) : null);
  }

  async #rest(delayMs: number, call: ApiCall): Promise<void> {
    if (delayMs <= 0) return;
    const rested = await rest(this.#options.clock, delayMs, call.signal);
    if (!rested)
      throw new ApiError(429, `${wordsOf(call)}: ${this.name} asks for ${Math.ceil(delayMs / 1000)} s of patience`);
  }
}

/** False when the signal came before. */
export function rest(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (rested: boolean): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(rested);
    };
    const onAbort = (): void => end(false);
    const timer = clock.timer(delayMs, () => end(true), { background: true });
    signal.addEventListener('abort', onAbort);
  });
}

function patienceOf(answer: HttpAnswer): number {
  const seconds = Number(answer.header('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, retryAfterMostMs) : retryAfterMs;
}

async function drained(answer: HttpAnswer): Promise<void> {
  await wholeText(answer, serverLimits.scalerAnswerBytes).catch(() => '');
}

function wordsOf({ method, path }: ApiCall): string {
  return `${method} ${path}`;
}
