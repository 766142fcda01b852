// The Idempotency-Key header: a bare word or, as the draft standard has it, a quoted string.

import { Refusal } from '@tidewheel/protocol';
import type { FastifyRequest } from 'fastify';

export const keyHeader = { 'idempotency-key': 'The same key within 24 hours answers with what it made first.' };

/** Null when the header is absent. */
export function idempotencyKeyOf(request: FastifyRequest, maxChars: number): string | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  const text = Array.isArray(header) ? header.join(',') : header;
  const key = text.trim().replace(/^"(.*)"$/, '$1');
  if (key.length > 0 && key.length <= maxChars) return key;
  throw new Refusal('VALIDATION_FAILED', `the Idempotency-Key must have 1 to ${maxChars} characters`, {
    faults: [{ pointer: '/header/idempotency-key', detail: `1 to ${maxChars} characters` }],
  });
}
