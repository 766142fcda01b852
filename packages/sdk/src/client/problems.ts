// Answers that are not a success, as Refusals. Masters answer with problem+json; what stands between (a proxy, a load
// balancer) may answer with anything, and is understood by its status.

import { errorCatalogue, Refusal, type ErrorCode, type Fault } from '@tidewheel/protocol';

const byStatus: Record<number, ErrorCode> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** Whether a master said this itself: only then it is about us, and not about what stands between. */
export function isProblem(contentType: string | null): boolean {
  return contentType?.startsWith('application/problem+json') ?? false;
}

export function refusalOf(
  status: number,
  contentType: string | null,
  body: string,
  retryAfter: string | null,
): Refusal {
  const wait = retryAfter !== null && /^\d+$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {};
  const problem = isProblem(contentType) ? parsed(body) : null;
  if (problem !== null) {
    const code = codeOf(problem['code']) ?? byStatus[status] ?? 'INTERNAL';
    const detail = typeof problem['detail'] === 'string' ? problem['detail'] : errorCatalogue[code].title;
    const request =
      typeof problem['requestId'] === 'string' && code === 'INTERNAL' ? ` (request ${problem['requestId']})` : '';
    const faults = Array.isArray(problem['errors']) ? (problem['errors'] as Fault[]) : [];
    return new Refusal(code, detail + request, { faults, ...wait });
  }
  const code = byStatus[status] ?? (status >= 500 ? 'INTERNAL' : 'BAD_REQUEST');
  const said = body.trim().slice(0, 200);
  return new Refusal(code, `the answer was ${status}${said === '' ? '' : `: ${said}`}`, wait);
}

function codeOf(code: unknown): ErrorCode | undefined {
  return typeof code === 'string' && code in errorCatalogue ? (code as ErrorCode) : undefined;
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
