// Every refusal leaves as application/problem+json. What is not a refusal is a defect: it is logged with the request's id and
// answered without detail; a broken invariant also stops the process, so that another master takes over.

import { errorCatalogue, faultsOf, problemOf, Refusal } from '@tidewheel/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { safeParse, type $ZodType } from 'zod/v4/core';
import { InvariantBroken } from '../core/invariant.ts';
import { serverLimits } from '../core/limits.ts';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';

export interface ProblemDeps {
  log: Log;
  fatal: (error: unknown) => void;
}

export function answerProblems(app: FastifyInstance, deps: ProblemDeps): void {
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, refusalOf(error, request, deps)));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, request, new Refusal('NOT_FOUND', `there is no ${request.method} ${pathOf(request)}`)),
  );
}

export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, refusal: Refusal): FastifyReply {
  const wait =
    refusal.retryAfterSeconds ?? (errorCatalogue[refusal.code].retryable && refusal.status === 503 ? 1 : undefined);
  if (wait !== undefined) reply.header('retry-after', String(wait));
  if (refusal.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(refusal.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(refusal, request.id)));
}

function refusalOf(error: unknown, request: FastifyRequest, deps: ProblemDeps): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof OutcomeUnknown) {
    return new Refusal('OUTCOME_UNKNOWN', 'the store took the change but did not acknowledge it', { cause: error });
  }
  if (error instanceof StoreUnavailable) {
    return new Refusal('UNAVAILABLE', 'the store does not answer', { retryAfterSeconds: 1, cause: error });
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    deps.log.warn('a request exhausted the stack', { requestId: request.id, path: pathOf(request), error });
    return new Refusal('BAD_REQUEST', 'the body is nested too deeply');
  }
  const known = ofFastify(error);
  if (known !== null) return known;
  deps.log.error('a request failed', { requestId: request.id, method: request.method, path: pathOf(request), error });
  if (error instanceof InvariantBroken) deps.fatal(error);
  return new Refusal('INTERNAL', 'the request failed; the log of the master says why');
}

/** Faults that the HTTP library finds before a handler runs. */
function ofFastify(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refusal('PAYLOAD_TOO_LARGE', 'the body is over the limit');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Refusal('BAD_REQUEST', 'the content type must be application/json');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Refusal('BAD_REQUEST', 'the body is not as long as Content-Length says');
    default:
      return null;
  }
}

/**
 * Checks one part of a request; what it returns takes the part's place. Names in a path that cannot exist are not found,
 * except where the request would make what it names.
 */
export function validate(
  schema: $ZodType,
  { part, method }: { part: string | undefined; method: string },
  data: unknown,
): { value: unknown } | { error: Refusal } {
  // The library hands over null where there is no body.
  const result = safeParse(schema, data ?? undefined);
  if (result.success) return { value: result.data };
  const prefix = part === 'querystring' ? '/query' : part === 'params' ? '/path' : '';
  const faults = faultsOf(result.error.issues, prefix).slice(0, serverLimits.faults);
  const missing = part === 'params' && method !== 'PUT';
  if (missing) return { error: new Refusal('NOT_FOUND', 'the path names nothing that can exist', { faults }) };
  const [first] = faults;
  const at = first === undefined || first.pointer === '' ? '' : ` at ${first.pointer}`;
  return { error: new Refusal('VALIDATION_FAILED', `${first?.detail ?? 'invalid'}${at}`, { faults }) };
}
