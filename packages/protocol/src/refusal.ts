// The one class of "no" to a caller, with a code of the catalogue, and how a route answers it.

import { type ErrorCode, errorCatalogue } from './errors.ts';

/** One fault inside a request or file. `pointer` is a JSON pointer; files add line and column, both from 1. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
  readonly line?: number;
  readonly column?: number;
}

export interface RefusalOptions {
  readonly faults?: readonly Fault[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The one class of "no" to a caller. Anything else that is thrown is a defect. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, detail: string, options: RefusalOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Refusal';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** RFC 9457 body, as every route answers a refusal. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  remedy: string;
  requestId?: string;
  errors?: Fault[];
}

export function problemOf(refusal: Refusal, requestId?: string): Problem {
  const entry = errorCatalogue[refusal.code];
  return {
    type: `urn:tidewheel:error:${refusal.code}`,
    title: entry.title,
    status: entry.status,
    detail: refusal.message,
    code: refusal.code,
    remedy: entry.remedy,
    ...(requestId === undefined ? {} : { requestId }),
    ...(refusal.faults.length === 0 ? {} : { errors: [...refusal.faults] }),
  };
}

/** Zod issues as faults; `prefix` is the pointer of the value that was checked. */
export function faultsOf(issues: readonly { path: readonly PropertyKey[]; message: string }[], prefix = ''): Fault[] {
  return issues.map((issue) => ({
    pointer: prefix + issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    detail: issue.message,
  }));
}
