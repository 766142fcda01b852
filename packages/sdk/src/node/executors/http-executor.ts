// Calls an address and judges the answer by its status. Redirects are not followed: they are answers like others, so that a
// job calls what it names and nothing else. The run's id goes along as the idempotency key, the same for every attempt.

import { STATUS_CODES } from 'node:http';
import type { Assign } from '@tidewheel/protocol';
import type { Ended, Execution, ExecutionReport, Executor } from '../../worker/executor.ts';
import type { WorkerClock } from '../../worker/session-ports.ts';

type HttpHandler = Extract<Assign['handler'], { kind: 'http' }>;

export const httpLimits = {
  /** Bytes of the answer's body that are kept as output. */
  bodyBytes: 64 * 1024,
  /** Characters of it in an error message. */
  excerptChars: 300,
} as const;

const methodsWithBody = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export class HttpExecutor implements Executor {
  readonly #clock: WorkerClock;

  constructor(clock: WorkerClock) {
    this.#clock = clock;
  }

  start(assign: Assign, report: ExecutionReport): Execution {
    const controller = new AbortController();
    void call(assign, report, controller.signal, this.#clock).then((ended) => report.end(ended));
    return { stop: (reason) => controller.abort(new Error(reason)) };
  }
}

async function call(assign: Assign, report: ExecutionReport, signal: AbortSignal, clock: WorkerClock): Promise<Ended> {
  const handler = assign.handler as HttpHandler;
  const began = clock.monotonicMs();
  try {
    const response = await fetch(handler.url, { ...requestOf(assign, handler), redirect: 'manual', signal });
    const { status } = response;
    const body = await readBody(response);
    const tookMs = Math.round(clock.monotonicMs() - began);
    const reason = STATUS_CODES[status] ?? '';
    report.log('system', `${handler.method} ${handler.url}: ${`${status} ${reason}`.trim()} after ${tookMs} ms\n`);
    const type = response.headers.get('content-type');
    if (isExpected(handler.expect, status)) {
      return {
        kind: 'done',
        output: JSON.stringify({ status, contentType: type, truncated: body.truncated, body: valueOf(type, body) }),
      };
    }
    const location = response.headers.get('location');
    const said = body.text.trim() === '' ? '' : `: ${body.text.trim().slice(0, httpLimits.excerptChars)}`;
    const towards = location === null ? '' : ` to ${location}`;
    const message = `the answer was ${`${status} ${reason}`.trim()}${towards}, expected ${handler.expect.join(' or ')}${said}`;
    return { kind: 'failed', error: { kind: 'http-status', message } };
  } catch (error) {
    if (signal.aborted)
      return { kind: 'stopped', note: 'the request was broken off; whether it had an effect is not known' };
    return {
      kind: 'failed',
      error: { kind: 'http-unreachable', message: `no answer from ${handler.url}: ${reasonOf(error)}` },
    };
  }
}

function requestOf(assign: Assign, handler: HttpHandler): { method: string; headers: Headers; body?: string } {
  const { method, body } = handler;
  const headers = new Headers({
    'user-agent': 'tidewheel',
    'idempotency-key': assign.runId,
    'x-tidewheel-run-id': assign.runId,
    'x-tidewheel-attempt': String(assign.attempt),
    'x-tidewheel-fence': assign.attemptId,
    'x-tidewheel-job': assign.job,
  });
  const times = [
    ['x-tidewheel-fire-at', assign.fireAt],
    ['x-tidewheel-previous-fire-at', assign.previousFireAt ?? null],
    ['x-tidewheel-next-fire-at', assign.nextFireAt ?? null],
  ] as const;
  for (const [name, at] of times) if (at !== null) headers.set(name, new Date(at).toISOString());
  for (const [name, value] of Object.entries(handler.headers)) headers.set(name, value);
  const text =
    typeof body === 'string' ? body : body === undefined ? (assign.payload ?? undefined) : JSON.stringify(body);
  if (text === undefined || !methodsWithBody.has(method)) return { method, headers };
  if (!headers.has('content-type')) {
    headers.set('content-type', typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json');
  }
  return { method, headers, body: text };
}

function isExpected(expect: HttpHandler['expect'], status: number): boolean {
  return expect.some((wanted) => wanted === status || wanted === `${Math.floor(status / 100)}xx`);
}

interface Body {
  text: string;
  truncated: boolean;
}

/** As much as is kept; the rest is not even read. */
async function readBody(response: Response): Promise<Body> {
  const decoder = new TextDecoder();
  const chunks: AsyncIterable<Uint8Array> | Uint8Array[] = response.body ?? [];
  let text = '';
  let bytes = 0;
  for await (const chunk of chunks) {
    const room = httpLimits.bodyBytes - bytes;
    text += decoder.decode(chunk.subarray(0, room), { stream: true });
    bytes += chunk.byteLength;
    if (chunk.byteLength > room) return { text, truncated: true };
  }
  return { text: text + decoder.decode(), truncated: false };
}

/** JSON answers are kept as JSON, others as text. */
function valueOf(contentType: string | null, body: Body): unknown {
  if (body.truncated || !/^application\/([\w.+-]+\+)?json\b/.test(contentType ?? '')) return body.text;
  try {
    return JSON.parse(body.text) as unknown;
  } catch {
    return body.text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return error.message;
}
