// Requests that a browser sends with the session cookie and that change something must come from our own pages. SameSite keeps
// the cookie off other sites; this also stops pages of the same site but another origin, such as another port of this machine.

import { Refusal } from '@tidewheel/protocol';
import type { FastifyRequest } from 'fastify';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

export function refuseForgery(request: Pick<FastifyRequest, 'headers' | 'method'>): void {
  const { headers, method } = request;
  if (safeMethods.has(method)) return;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin')
    throw forged(`the browser says that it comes from a ${String(site)} page`);
  if (headers.origin !== undefined && !sameHost(headers.origin, headers.host))
    throw forged(`it comes from ${headers.origin}`);
  if (site === undefined && headers.origin === undefined) throw forged('it says neither Origin nor Sec-Fetch-Site');
  // A form or a link cannot send this content type, whatever else a browser forgets to check.
  if (method !== 'DELETE' && !/^application\/json\b/i.test(headers['content-type'] ?? '')) {
    throw new Refusal('BAD_REQUEST', 'requests of a console session need the content type application/json');
  }
}

function sameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function forged(because: string): Refusal {
  return new Refusal('FORBIDDEN', `a change by a console session must come from the console itself, but ${because}`);
}
