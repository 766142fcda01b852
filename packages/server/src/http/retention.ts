// How long history is kept, what is held whatever the rules say, and how large the store is.

import {
  holdRequestSchema,
  holdViewSchema,
  pageQuerySchema,
  pageSchema,
  releaseRequestSchema,
  retentionSchema,
  retentionViewSchema,
  storeStatusSchema,
} from '@tidewheel/protocol';
import { holdsPage } from '../store/holds.ts';
import { decodeCursor, idCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { idInNamespace, inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Retention';
const rules = '/v1/namespaces/:ns/retention';
const holds = '/v1/namespaces/:ns/holds';

export function retentionRoutes(context: DoorContext): Route[] {
  const { master } = context;
  return [
    route({
      method: 'GET',
      url: '/v1/store',
      permission: 'cluster.read',
      tag,
      summary:
        'Shows how large the store is, table by table, how it grows, when it will be full, and what retention removed last.',
      response: storeStatusSchema,
      stale: 'outage',
      handler: () => master.storeStatus(),
    }),
    route({
      method: 'GET',
      url: rules,
      permission: 'namespace.read',
      tag,
      summary:
        "Shows for how long finished runs are kept: the server's defaults, what the namespace says, and what its jobs say.",
      params: inNamespace,
      response: retentionViewSchema,
      stale: 'outage',
      handler: ({ params }) => master.keeping.rules(params.ns),
    }),
    route({
      method: 'PUT',
      url: rules,
      permission: 'retention.control',
      tag,
      summary:
        'Says for how long the namespace keeps finished runs, by outcome. What is left out follows the defaults.',
      params: inNamespace,
      body: retentionSchema,
      response: retentionViewSchema,
      handler: ({ params, body, caller }) => master.keeping.setRules(params.ns, caller.name, body),
    }),
    ...holdRoutes(context),
  ];
}

function holdRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: holds,
      permission: 'namespace.read',
      tag,
      summary: 'Lists legal holds, the oldest first.',
      params: inNamespace,
      query: pageQuerySchema,
      response: pageSchema(holdViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { cursor, limit } }) =>
        pageOf(await holdsPage(reads, params.ns, decodeCursor(idCursor, cursor), limit)),
    }),
    route({
      method: 'POST',
      url: holds,
      permission: 'retention.control',
      tag,
      summary:
        'Holds a run, all runs of a job, or the whole namespace: nothing of it is removed until the hold is released.',
      params: inNamespace,
      body: holdRequestSchema,
      response: holdViewSchema,
      status: 201,
      handler: ({ params, body, caller }) => master.keeping.place(params.ns, caller.name, body),
    }),
    route({
      method: 'POST',
      url: `${holds}/:id/release`,
      permission: 'retention.control',
      tag,
      summary: 'Releases a hold; what it held follows the rules again. Answers what it was.',
      params: idInNamespace,
      body: releaseRequestSchema,
      response: holdViewSchema,
      handler: ({ params, body, caller }) => master.keeping.release(params.ns, caller.name, params.id, body.reason),
    }),
  ];
}
