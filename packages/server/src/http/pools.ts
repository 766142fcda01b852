// Pools of workers: which exist, one at a time with its ETag, its workers and decisions, and what people order of it by hand.

import {
  idSchema,
  nameSchema,
  namespaceSchema,
  pageQuerySchema,
  pageSchema,
  poolDefinitionSchema,
  poolOrderEndSchema,
  poolOrderSchema,
  poolOrderViewSchema,
  poolViewSchema,
  poolWorkersSchema,
  scalingDecisionSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { noPool } from '../master/pools.ts';
import type { Tx } from '../ports/database.ts';
import { poolOrdersPage } from '../store/pool-orders.ts';
import { poolsPage, poolView, poolWorkers } from '../store/pool-views.ts';
import { poolIdNamed } from '../store/pools.ts';
import { decisionsPage } from '../store/scaling-decisions.ts';
import { changeHeaders, etagOf, knownHeaders, preconditionOf, unchanged } from './conditional.ts';
import { decodeCursor, idCursor, nameCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { assertNameOfPath, inNamespace, namedInNamespace, searchQuery } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Pools';
const all = '/v1/namespaces/:ns/pools';
const one = `${all}/:name`;
const orderParams = z.object({ ns: namespaceSchema, name: nameSchema, id: idSchema });

export function poolRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(), ...historyRoutes(), ...changingRoutes(context), ...orderRoutes(context)];
}

function readingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'namespace.read',
      tag,
      summary: 'Lists pools by name, with what the leader says of each.',
      params: inNamespace,
      query: searchQuery,
      response: pageSchema(poolViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { q, cursor, limit } }) => {
        const after = decodeCursor(nameCursor, cursor);
        return pageOf(await poolsPage(reads, { namespace: params.ns, contains: q, after, limit }));
      },
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a pool. The ETag is what If-Match of a change must bring.',
      params: namedInNamespace,
      headers: knownHeaders,
      response: poolViewSchema,
      stale: 'outage',
      handler: async ({ reads, params, request, reply }) => {
        const pool = await poolView(reads, params.ns, params.name);
        if (pool === null) throw noPool(params.ns, params.name);
        if (unchanged(request, reply, pool.version)) reply.code(304);
        return pool;
      },
    }),
    route({
      method: 'GET',
      url: `${one}/workers`,
      permission: 'namespace.read',
      tag,
      summary: 'Lists the workers of a pool: what they run, and which of them drain or have been given up.',
      params: namedInNamespace,
      response: poolWorkersSchema,
      stale: 'replica',
      handler: async ({ reads, params }) => {
        const items = await poolWorkers(reads, params.ns, params.name);
        if (items === null) throw noPool(params.ns, params.name);
        return { items };
      },
    }),
  ];
}

function historyRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${one}/decisions`,
      permission: 'namespace.read',
      tag,
      summary:
        'Lists decisions that changed something, newest first, each with its inputs and a sentence that explains it.',
      params: namedInNamespace,
      query: pageQuerySchema,
      response: pageSchema(scalingDecisionSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { cursor, limit } }) =>
        pageOf(await decisionsPage(reads, await idOf(reads, params), decodeCursor(idCursor, cursor), limit)),
    }),
    route({
      method: 'GET',
      url: `${one}/orders`,
      permission: 'namespace.read',
      tag,
      summary: 'Lists what people have ordered of a pool by hand, newest first, also what has ended.',
      params: namedInNamespace,
      query: pageQuerySchema,
      response: pageSchema(poolOrderViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { cursor, limit } }) =>
        pageOf(await poolOrdersPage(reads, await idOf(reads, params), decodeCursor(idCursor, cursor), limit)),
    }),
  ];
}

function changingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'PUT',
      url: one,
      permission: 'definitions.write',
      tag,
      summary: 'Makes a pool (If-None-Match: *) or changes it (If-Match).',
      params: namedInNamespace,
      headers: changeHeaders,
      body: poolDefinitionSchema,
      orStatus: 201,
      response: poolViewSchema,
      handler: async ({ params, body, caller, request, reply }) => {
        assertNameOfPath(body, params);
        const { pool, created } = await master.pools.put(params.ns, caller.name, body, preconditionOf(request));
        reply.code(created ? 201 : 200).header('etag', etagOf(pool.version));
        return pool;
      },
    }),
    route({
      method: 'DELETE',
      url: one,
      permission: 'definitions.write',
      tag,
      summary:
        'Deletes a pool (If-Match). Its workers go on; processes that the masters started end when their work is done.',
      params: namedInNamespace,
      headers: { 'if-match': changeHeaders['if-match'] },
      response: null,
      handler: ({ params, caller, request }) =>
        master.pools.delete(params.ns, caller.name, params.name, preconditionOf(request)),
    }),
  ];
}

function orderRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: `${one}/orders`,
      permission: 'workers.control',
      tag,
      summary:
        'Orders something by hand: a number of workers, a freeze, a maintenance window, a reservation of coming runs, a rolling replacement.',
      params: namedInNamespace,
      body: poolOrderSchema,
      status: 201,
      response: poolOrderViewSchema,
      handler: ({ params, body, caller }) => master.pools.order(params.ns, caller.name, params.name, body),
    }),
    route({
      method: 'POST',
      url: `${one}/orders/:id/end`,
      permission: 'workers.control',
      tag,
      summary: 'Ends an order: from then on it holds no more.',
      params: orderParams,
      body: poolOrderEndSchema,
      response: null,
      handler: ({ params, body, caller }) =>
        master.pools.endOrder(params.ns, caller.name, params.name, params.id, body.reason),
    }),
  ];
}

async function idOf(reads: Tx, { ns, name }: { ns: string; name: string }): Promise<string> {
  const id = await poolIdNamed(reads, ns, name);
  if (id === null) throw noPool(ns, name);
  return id;
}
