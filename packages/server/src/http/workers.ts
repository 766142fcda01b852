// Workers: who is connected, what they can do, and the lever that empties one.

import {
  idSchema,
  namespaceSchema,
  pageQuerySchema,
  pageSchema,
  Refusal,
  sessionStates,
  workerGoneSchema,
  workerViewSchema,
  type SessionState,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { eventsAppend } from '../store/events.ts';
import { sessionDrain } from '../store/sessions.ts';
import { workersPage, workerState } from '../store/worker-views.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Workers';
const workerCursor = z.object({ worker: z.string(), sessionId: idSchema });

export function workerRoutes({ db, identity, master, signals }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/workers',
      permission: 'namespace.read',
      tag,
      summary: 'Lists workers by name: connected, draining, and those that went in the last ten minutes.',
      params: inNamespace,
      query: pageQuerySchema,
      response: pageSchema(workerViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { cursor, limit } }) =>
        pageOf(await workersPage(reads, params.ns, decodeCursor(workerCursor, cursor), limit)),
    }),
    route({
      method: 'POST',
      url: '/v1/namespaces/:ns/workers/:sessionId/drain',
      permission: 'workers.control',
      tag,
      summary: 'Gives a worker no more work; what it runs goes on. Draining what drains changes nothing.',
      params: z.object({ ns: namespaceSchema, sessionId: idSchema }),
      response: z.object({ state: z.enum(sessionStates) }),
      handler: async ({ params: { ns, sessionId }, caller }): Promise<{ state: SessionState }> => {
        const state = await workerState(db, ns, sessionId);
        if (state === null)
          throw new Refusal('NOT_FOUND', `there is no worker session ${sessionId} in the namespace "${ns}"`);
        if (state === 'dead') throw new Refusal('CONFLICT', 'the session has ended');
        const changed = await db.transaction(async (tx) => {
          const drained = await sessionDrain(tx, sessionId);
          const event = { namespace: ns, actor: caller.name, action: 'worker.drain', subject: sessionId };
          if (drained) await eventsAppend(tx, identity, [event]);
          return drained;
        });
        // A worker that is connected elsewhere learns it from its master with the next heartbeat.
        if (changed) master.gateway.drain(sessionId);
        if (changed) signals.publish('changed', { namespace: ns, topics: ['workers'] });
        return { state: 'draining' };
      },
    }),
    route({
      method: 'POST',
      url: '/v1/namespaces/:ns/workers/:sessionId/gone',
      permission: 'worker.connect',
      tag,
      summary:
        'A supervisor says that a worker process has ended, with all that it ran: its runs are given away at once.',
      params: z.object({ ns: namespaceSchema, sessionId: idSchema }),
      body: workerGoneSchema,
      response: z.object({ state: z.enum(sessionStates) }),
      handler: async ({ params: { ns, sessionId }, body }): Promise<{ state: SessionState }> => {
        if (!(await master.gateway.buried(ns, sessionId, body)))
          throw new Refusal('NOT_FOUND', `there is no worker session ${sessionId} in the namespace "${ns}"`);
        return { state: 'dead' };
      },
    }),
  ];
}
