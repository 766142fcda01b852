// The HTTP application: the library with our rules around the routes. It does not listen; `http-door.ts` does.

import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { limits, Refusal } from '@tidewheel/protocol';
import { fastify, type FastifyInstance } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { $ZodType } from 'zod/v4/core';
import type { DoorContext } from './door-context.ts';
import { readJsonBodies } from './json-body.ts';
import { describeApi } from './openapi.ts';
import { answerProblems, validate } from './problems.ts';
import { refuseUnguarded, type Route } from './route.ts';

/** A whole request must have arrived within this time; answers, such as event streams, may take longer. */
const requestMs = 60_000;
const keepAliveMs = 72_000;

export interface App {
  app: FastifyInstance;
  server: Server;
}

export async function buildApp(context: DoorContext, routes: readonly Route[], stopping: () => boolean): Promise<App> {
  const { tls } = context.settings;
  let server: Server | undefined;
  const app = fastify({
    serverFactory: (handle) => {
      const options = { requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: keepAliveMs };
      server =
        tls === null
          ? createServer(options, handle)
          : createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2' }, handle);
      return server;
    },
    logger: false,
    genReqId: (request) => requestIdOf(request.headers['x-request-id']) ?? context.identity.next(),
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 1000 },
    return503OnClosing: false,
    forceCloseConnections: false,
  });
  app.setValidatorCompiler(({ schema, httpPart, method }) => {
    if (!(schema instanceof $ZodType)) throw new Error('schemas of routes are made with zod');
    return (data: unknown) => validate(schema, { part: httpPart, method }, data);
  });
  app.setSerializerCompiler(serializerCompiler);
  refuseUnguarded(app);
  readJsonBodies(app);
  answerProblems(app, context);
  watchRequests(app, context, stopping);
  describeApi(app);
  // The reference lists the routes that are registered after it is ready.
  await app.register(async (api) => {
    for (const one of routes) one.register(api);
  });
  await app.ready();
  if (server === undefined) throw new Error('the HTTP library made no server');
  return { app, server };
}

function watchRequests(app: FastifyInstance, context: DoorContext, stopping: () => boolean): void {
  const secure = context.settings.tls !== null;
  app.decorateRequest('sent', undefined);
  app.decorate('reads', context.readDoor);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
    if (stopping()) throw new Refusal('SHUTTING_DOWN', 'this master is stopping', { retryAfterSeconds: 1 });
  });
  context.guard.watch(app);
  app.addHook('preValidation', async (request) => {
    request.sent = request.body;
  });
  // A connection that is kept alive would hold the closing server open.
  app.addHook('onSend', async (_request, reply, payload) => {
    if (stopping()) reply.header('connection', 'close');
    return payload;
  });
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status, elapsedTime: ms } = reply;
    // Not the path: it holds names, and whatever strangers ask for.
    const route = request.is404 ? 'unknown' : `${request.method} ${request.routeOptions.url ?? ''}`;
    context.metrics.observe('tidewheel_http_request_seconds', ms / 1000, { route, status: String(status) });
    context.log.debug('request', { route, status, ms: Math.round(ms), requestId: request.id });
  });
}

/** A caller's own id, when it is one that can stand in a log. */
function requestIdOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : null;
}
