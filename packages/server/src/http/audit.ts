// The two records that anyone can check: the fire audit, and the log of who did what.

import {
  acknowledgedSchema,
  acknowledgeRequestSchema,
  auditEventSchema,
  fireAuditSchema,
  fireFindingSchema,
  nameSchema,
  pageQuerySchema,
  pageSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { Breath } from '../master/breath.ts';
import { auditFires } from '../master/fire-audit.ts';
import { eventsPage } from '../store/events.ts';
import { findingsOpen } from '../store/fire-findings.ts';
import { decodeCursor, idCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Audit';

const fireAuditQuery = z.strictObject({
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  schedule: nameSchema.optional(),
});

const findingsQuery = pageQuerySchema.pick({ limit: true });

export function auditRoutes(context: DoorContext): Route[] {
  const { db, clock } = context;
  return [
    ...findingRoutes(context),
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/audit/fires',
      permission: 'namespace.read',
      tag,
      summary: 'Compares the fires that each schedule should have had with the ledger.',
      params: inNamespace,
      query: fireAuditQuery,
      response: fireAuditSchema,
      handler: ({ params, query }) => auditFires(db, { namespace: params.ns, ...query, breath: new Breath(clock) }),
    }),
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/events',
      permission: 'events.read',
      tag,
      summary: 'Lists who did what, newest first.',
      params: inNamespace,
      query: pageQuerySchema,
      response: pageSchema(auditEventSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { cursor, limit }, caller }) => {
        const before = decodeCursor(idCursor, cursor);
        return pageOf(
          await eventsPage(reads, { namespace: params.ns, withCell: caller.namespace === '*', before, limit }),
        );
      },
    }),
  ];
}

function findingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/audit/findings',
      permission: 'namespace.read',
      tag,
      summary: 'Lists what the standing audit found and nobody has acknowledged, the oldest first.',
      params: inNamespace,
      query: findingsQuery,
      response: z.object({ items: z.array(fireFindingSchema) }),
      stale: 'replica',
      handler: async ({ reads, params, query }) => ({ items: await findingsOpen(reads, params.ns, query.limit) }),
    }),
    route({
      method: 'POST',
      url: '/v1/namespaces/:ns/audit/findings/acknowledge',
      permission: 'schedules.control',
      tag,
      summary: 'Acknowledges findings of the standing audit, so that they are told no more.',
      params: inNamespace,
      body: acknowledgeRequestSchema,
      response: acknowledgedSchema,
      handler: async ({ params, body, caller }) => ({
        schedules: await master.findings.acknowledge(params.ns, caller.name, body),
      }),
    }),
  ];
}
