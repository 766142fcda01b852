// The one way to declare a route. The types ask for its permission and check the handler against its schemas; start-up
// refuses whatever was registered without passing through here.

import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { z } from 'zod';
import { serverLimits } from '../core/limits.ts';
import type { Caller } from './credentials.ts';
import type { Tx } from '../ports/database.ts';
import { isPermission, type Permission } from './permissions.ts';
import { problemSchema } from './problem-schema.ts';
import type { ReadDoor, Staleness } from './read-door.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: Permission;
    stale?: Staleness;
  }
  interface FastifyInstance {
    reads: ReadDoor;
  }
  interface FastifyRequest {
    /** Who asks; null on open routes. */
    caller: Caller | null;
    /** By what they are known, as a hash; null on open routes. */
    credential: string | null;
    /** The body as it was sent, before defaults were filled in. */
    sent: unknown;
  }
}

export interface Asked<Params, Query, Body> {
  /** What the answer is read from, where the route bears that it is old. */
  reads: Tx;
  params: Params;
  query: Query;
  body: Body;
  /** The body as it was sent, before defaults were filled in. */
  sent: unknown;
  caller: Caller;
  request: FastifyRequest;
  reply: FastifyReply;
}

interface RouteFacts {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parameters as `:name`. */
  url: string;
  permission: Permission;
  /** The heading under which the reference lists it. */
  tag: string;
  summary: string;
  /** Headers with a meaning to this route, by name; all are optional. */
  headers?: Readonly<Record<string, string>>;
}

type Schema = z.ZodType;
type Out<S extends Schema | undefined> = S extends Schema ? z.output<S> : undefined;

export interface RouteDeclaration<
  P extends Schema | undefined,
  Q extends Schema | undefined,
  B extends Schema | undefined,
  R extends Schema | null,
> extends RouteFacts {
  params?: P;
  query?: Q;
  body?: B;
  /** Null: answers 204 without a body. */
  response: R;
  /** 200 when absent. */
  status?: 200 | 201;
  /** Another status that the handler may set, with the same body. */
  orStatus?: 200 | 201;
  /** How old an answer may be; one that is fresh or none when absent. */
  stale?: Staleness;
  handler: (asked: Asked<Out<P>, Out<Q>, Out<B>>) => Promise<R extends Schema ? z.output<R> : void>;
}

/** A declared route, ready to be registered. */
export interface Route {
  readonly method: RouteFacts['method'];
  readonly url: string;
  readonly permission: Permission;
  register(app: FastifyInstance): void;
}

export function route<
  R extends Schema | null,
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
>(declaration: RouteDeclaration<P, Q, B, R>): Route {
  const { method, url, permission, handler, response, stale } = declaration;
  const status = response === null ? 204 : (declaration.status ?? 200);
  const answers = {
    [status]: successOf(status, response),
    ...(declaration.orStatus === undefined
      ? {}
      : { [declaration.orStatus]: successOf(declaration.orStatus, response) }),
  };
  const schema = {
    ...reference(declaration, answers, stale),
    ...(declaration.params === undefined ? {} : { params: declaration.params }),
    ...(declaration.query === undefined ? {} : { querystring: declaration.query }),
    ...(declaration.body === undefined ? {} : { body: declaration.body }),
  };
  return {
    method,
    url,
    permission,
    register: (app) =>
      void app.route({
        method,
        url,
        schema,
        config: { permission, ...(stale === undefined ? {} : { stale }) },
        // Strangers may send little.
        ...(permission === 'open' ? { bodyLimit: serverLimits.openBodyBytes } : {}),
        handler: async (request, reply) => {
          // The validator compiler has put the parsed values in place.
          const { params, query, body } = request as { params: Out<P>; query: Out<Q>; body: Out<B> };
          reply.code(status);
          const { sent } = request;
          const ask = (reads: Tx) =>
            handler({ reads, params, query, body, sent, caller: callerOf(request), request, reply });
          const door = request.server.reads;
          if (stale === 'replica' || stale === 'outage') {
            await door.answer(request, reply, stale, ask);
            return reply;
          }
          const asked = ask(door.primary);
          const result = await (method === 'GET' ? asked : door.changed(reply, asked));
          return response === null ? reply.send() : result;
        },
      }),
  };
}

const meaning = { 200: 'Done.', 201: 'Made.', 204: 'Done; there is nothing to say.' } as const;

function successOf(status: keyof typeof meaning, response: Schema | null): unknown {
  if (response === null) return z.undefined().describe(meaning[status]);
  return { description: meaning[status], content: { 'application/json': { schema: response } } };
}

export const eventStreamType = 'text/event-stream';

export interface RawDeclaration extends RouteFacts {
  params?: Schema;
  query?: Schema;
  /** Of the answer's body. */
  contentType: string;
  /** Left out of the reference, because it is not part of the API. */
  hidden?: boolean;
  /** Sends or hijacks the reply itself. */
  handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** A route that answers something other than JSON. */
export function rawRoute(declaration: RawDeclaration): Route {
  const { method, url, permission, handler, contentType } = declaration;
  const schema = {
    ...reference(declaration, {
      200: { description: meaning[200], content: { [contentType]: { schema: z.string() } } },
    }),
    ...(declaration.params === undefined ? {} : { params: declaration.params }),
    ...(declaration.query === undefined ? {} : { querystring: declaration.query }),
    ...(declaration.hidden === true ? { hide: true } : {}),
  };
  return {
    method,
    url,
    permission,
    // A stream that is only asked for its head would stay open for nobody.
    register: (app) =>
      void app.route({
        method,
        url,
        schema,
        config: { permission },
        handler,
        exposeHeadRoute: contentType !== eventStreamType,
      }),
  };
}

const staleness: Readonly<Record<Staleness, string>> = {
  replica:
    'With the header `tidewheel-change` a replica may answer. While the store does not answer, what was kept may be given, marked by the header `tidewheel-stale`.',
  outage: 'While the store does not answer, what was kept may be given, marked by the header `tidewheel-stale`.',
  caller: 'While the store does not answer, credentials that held a short time ago will do (header `tidewheel-stale`).',
};

function reference(facts: RouteFacts, success: Record<number, unknown>, stale?: Staleness) {
  const headers = facts.headers === undefined ? null : headersOf(facts.headers);
  const words = [headers?.description ?? [], stale === undefined ? [] : staleness[stale]].flat();
  return {
    summary: facts.summary,
    tags: [facts.tag],
    operationId: operationId(facts),
    ...(facts.permission === 'open' ? { security: [] } : {}),
    ...(headers === null ? {} : { headers: headers.headers }),
    ...(words.length === 0 ? {} : { description: words.join('\n\n') }),
    response: {
      ...success,
      default: { description: 'A refusal.', content: { 'application/problem+json': { schema: problemSchema } } },
    },
  };
}

/** The shape is loose, because what is checked takes the place of all headers. */
function headersOf(headers: Readonly<Record<string, string>>) {
  const names = Object.entries(headers);
  return {
    headers: z.looseObject(Object.fromEntries(names.map(([name]) => [name, z.string().optional()]))),
    description: names.map(([name, text]) => `Header \`${name}\`: ${text}`).join('\n\n'),
  };
}

/** `GET /v1/namespaces/:ns/runs/:id` → `get_namespaces_ns_runs_id`. */
function operationId({ method, url }: RouteFacts): string {
  const words = url.replace('/v1/', '/').split(/[^A-Za-z0-9]+/);
  return [method.toLowerCase(), ...words.filter((word) => word !== '')].join('_');
}

/** Open routes ask for no credentials and must not look for a caller. */
function callerOf(request: FastifyRequest): Caller {
  return request.caller ?? nobody;
}

const nobody: Caller = Object.freeze({ kind: 'nobody', name: '', role: 'viewer', namespace: '' });

/** Default deny at start-up: a route that names no permission of the table is a defect, and the door does not open. */
export function refuseUnguarded(app: FastifyInstance): void {
  app.addHook('onRoute', (options) => {
    if (isPermission(options.config?.permission)) return;
    const method = ([] as HTTPMethods[]).concat(options.method).join(',');
    throw new Error(`the route ${method} ${options.url} names no permission`);
  });
}
