// The cluster: its masters, who leads, what it stands on, and the orders that operators give to masters.

import {
  clusterOrderSchema,
  clusterStatusSchema,
  electionViewSchema,
  idSchema,
  orderedSchema,
  pageQuerySchema,
  pageSchema,
  stepDownSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import type { MasterState } from '../core/spread.ts';
import { electionsPage } from '../store/cluster-views.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { route, type Route } from './route.ts';

const termCursor = z.number().int().nonnegative();

const orders: readonly (readonly [word: string, wanted: MasterState, summary: string])[] = [
  ['cordon', 'cordoned', 'Lets a master take no new workers and send idle ones on, while others take some.'],
  [
    'drain',
    'draining',
    'Empties a master: its workers go on elsewhere with their work; then it neither fires nor claims.',
  ],
  ['uncordon', 'active', 'Lets a cordoned or drained master work as before.'],
];

export function clusterRoutes({ master }: DoorContext): Route[] {
  return [
    ...orders.map(([word, wanted, summary]) =>
      route({
        method: 'POST',
        url: `/v1/cluster/masters/:id/${word}`,
        permission: 'cluster.control',
        tag: 'Cluster',
        summary,
        params: z.object({ id: idSchema }),
        body: clusterOrderSchema,
        response: orderedSchema,
        handler: async ({ params: { id }, body: { reason }, caller }) => {
          await master.orders.want(caller.name, id, wanted, reason);
          return { masterId: id };
        },
      }),
    ),
    route({
      method: 'POST',
      url: '/v1/cluster/step-down',
      permission: 'cluster.control',
      tag: 'Cluster',
      summary:
        'Lets the leader give the leadership up, to the master that is named or to any. Answers which one was asked.',
      body: stepDownSchema,
      response: orderedSchema,
      handler: async ({ body: { reason, to }, caller }) => ({
        masterId: await master.orders.stepDown(caller.name, to ?? null, reason),
      }),
    }),
    route({
      method: 'GET',
      url: '/v1/cluster',
      permission: 'cluster.read',
      tag: 'Cluster',
      summary:
        'Shows the masters with their roles, the store, the coordinator, the last elections, and what is degraded.',
      response: clusterStatusSchema,
      stale: 'outage',
      handler: () => master.clusterStatus(),
    }),
    route({
      method: 'GET',
      url: '/v1/cluster/elections',
      permission: 'cluster.read',
      tag: 'Cluster',
      summary: 'Lists the terms of leadership, newest first: who led, from when to when, and why it ended.',
      query: pageQuerySchema,
      response: pageSchema(electionViewSchema),
      stale: 'replica',
      handler: async ({ reads, query: { cursor, limit } }) =>
        pageOf(await electionsPage(reads, decodeCursor(termCursor, cursor), limit)),
    }),
  ];
}
