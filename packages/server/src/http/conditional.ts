// ETags of definitions are their version numbers in quotes.

import { Refusal } from '@tidewheel/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Precondition } from '../master/definitions.ts';

export const knownHeaders = { 'if-none-match': 'The ETag that the caller has; answered 304 when it still holds.' };
export const changeHeaders = {
  'if-match': 'The ETag of the version that is changed, or * for any.',
  'if-none-match': '* when it must not exist yet.',
};

export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Sets the ETag; true when the caller has this version already and is to be answered 304. */
export function unchanged(request: FastifyRequest, reply: FastifyReply, version: number): boolean {
  const etag = etagOf(version);
  reply.header('etag', etag);
  const known = request.headers['if-none-match'];
  return (
    known !== undefined &&
    (known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))
  );
}

export function preconditionOf(request: FastifyRequest): Precondition {
  const ifMatch = request.headers['if-match']?.trim();
  const ifNoneMatch = request.headers['if-none-match']?.trim();
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new Refusal('BAD_REQUEST', 'If-None-Match of a change can only be *');
  }
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: ifMatch === '*' ? '*' : versionOf(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: true }),
  };
}

function versionOf(etag: string): number {
  const [, digits] = /^"(\d{1,15})"$/.exec(etag) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new Refusal('BAD_REQUEST', 'If-Match must be one ETag as it was given, in quotes');
}
