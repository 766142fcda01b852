// Signing in to the console: a one-time link, made by an administrator or at start-up, is exchanged for a cookie session.

import { Refusal, sessionInfoSchema, signInLinkSchema } from '@tidewheel/protocol';
import { z } from 'zod';
import { serverLimits } from '../core/limits.ts';
import { eventsAppend } from '../store/events.ts';
import { consoleSessionEnd, consoleSessionMs, signInExchange, signInLinkCreate } from '../store/sign-ins.ts';
import { AttemptLimiter } from './attempt-limiter.ts';
import { readCookie, sessionCookie, sessionCookieHeader } from './cookies.ts';
import type { DoorContext } from './door-context.ts';
import { route, type Route } from './route.ts';

const tag = 'Sign-in';

export function consoleSessionRoutes(context: DoorContext): Route[] {
  const { db, identity, clock, credentials, settings } = context;
  const failures = new AttemptLimiter(clock, serverLimits.signInFailuresPerMinute);
  return [
    route({
      method: 'GET',
      url: '/v1/session',
      permission: 'session.own',
      tag,
      summary: 'Tells who the caller is.',
      response: sessionInfoSchema,
      stale: 'caller',
      handler: async ({ caller: { name, role, namespace } }) => ({ name, role, namespace }),
    }),
    route({
      method: 'POST',
      url: '/v1/session/link',
      permission: 'open',
      tag,
      summary: 'Exchanges the code of a sign-in link for a session cookie. A code works once, for 15 minutes.',
      body: z.strictObject({ code: z.string().min(20).max(200) }),
      response: sessionInfoSchema,
      handler: async ({ body: { code }, request, reply }) => {
        failures.check(request.ip);
        const session = await db.transaction(async (tx) => {
          const exchanged = await signInExchange(tx, identity, code);
          if (exchanged === null) return null;
          const { name, namespace } = exchanged.grant;
          await eventsAppend(tx, identity, [{ namespace, actor: name, action: 'session.start', subject: name }]);
          return exchanged;
        });
        if (session === null) {
          failures.failed(request.ip);
          throw new Refusal('UNAUTHENTICATED', 'the sign-in link was used already or has expired');
        }
        reply.header('set-cookie', sessionCookieHeader(session.secret, consoleSessionMs / 1000, settings.tls !== null));
        return session.grant;
      },
    }),
    route({
      method: 'DELETE',
      url: '/v1/session',
      permission: 'session.own',
      tag,
      summary: 'Signs the console out.',
      response: null,
      handler: async ({ request, reply }) => {
        const cookie = readCookie(request.headers.cookie, sessionCookie);
        if (cookie !== null) await consoleSessionEnd(db, identity.hash(cookie));
        credentials.forgetAll();
        reply.header('set-cookie', sessionCookieHeader('', 0, settings.tls !== null));
      },
    }),
    route({
      method: 'POST',
      url: '/v1/sign-in-links',
      permission: 'tokens.manage',
      tag,
      summary: 'Makes a one-time sign-in link with the role and namespace of the caller.',
      status: 201,
      response: signInLinkSchema,
      handler: ({ caller: { name, role, namespace } }) =>
        db.transaction(async (tx) => {
          const link = await signInLinkCreate(tx, identity, { name, role, namespace });
          await eventsAppend(tx, identity, [{ namespace, actor: name, action: 'sign-in-link.create', subject: name }]);
          return link;
        }),
    }),
  ];
}
