// One request to the master. Whatever goes wrong becomes an ApiProblem with the words of problem+json, so that every page can
// show code, detail and remedy in the same way.

import type { ErrorCode, Fault, Problem } from '@tidewheel/protocol';
import { learnAge, readingHeaders } from './staleness.ts';

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly title: string;
  readonly remedy: string;
  readonly requestId: string | null;
  readonly faults: readonly Fault[];

  constructor(problem: Omit<Problem, 'type'>) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.remedy = problem.remedy;
    this.requestId = problem.requestId ?? null;
    this.faults = problem.errors ?? [];
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Asking again with the same key makes nothing twice. */
  readonly idempotencyKey?: string;
  /** The condition of a change: the version that is changed, or that there is none yet. */
  readonly ifVersion?: number | 'none';
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await answerOf(path, options);
  if (response.ok) learnAge(response.headers, (options.method ?? 'GET') === 'GET');
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const json = parsed(text);
  if (response.ok) return json as T;
  throw new ApiProblem(isProblem(json) ? json : unreadable(response.status, text));
}

async function answerOf(path: string, options: RequestOptions): Promise<Response> {
  const { method = 'GET', body, signal, idempotencyKey, ifVersion } = options;
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(method === 'GET' ? readingHeaders() : {}),
  };
  if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
  if (ifVersion === 'none') headers['if-none-match'] = '*';
  else if (ifVersion !== undefined) headers['if-match'] = `"${ifVersion}"`;
  if (method !== 'GET') headers['content-type'] = 'application/json';
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiProblem({
      status: 0,
      code: 'UNREACHABLE',
      title: 'No master answers',
      detail: error instanceof Error ? error.message : String(error),
      remedy: 'Check the address, and that a master runs there.',
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value && 'remedy' in value;
}

/** An answer that is no problem+json: a proxy between, or a broken server. */
function unreadable(status: number, text: string): Omit<Problem, 'type'> {
  return {
    status,
    code: status >= 500 ? 'UNAVAILABLE' : 'INTERNAL',
    title: `HTTP ${status}`,
    detail: text.slice(0, 300) || `HTTP ${status}`,
    remedy: 'Try again; if it stays, look at the log of the master.',
  };
}
