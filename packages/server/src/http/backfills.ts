// Backfills: counted before they are asked for, begun, watched and canceled.

import {
  backfillCancelSchema,
  backfillPreviewSchema,
  backfillRequestSchema,
  backfillStates,
  backfillViewSchema,
  limits,
  nameSchema,
  pageQuerySchema,
  pageSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { noBackfill } from '../master/backfills.ts';
import { backfillsPage, backfillView } from '../store/backfills.ts';
import { decodeCursor, idCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { idempotencyKeyOf, keyHeader } from './idempotency-key.ts';
import { localTimes } from '../core/local-time.ts';
import { idInNamespace, inNamespace, namedInNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Backfills';
const all = '/v1/namespaces/:ns/backfills';
const ofSchedule = '/v1/namespaces/:ns/schedules/:name/backfills';

const listQuery = pageQuerySchema.extend({
  schedule: nameSchema.optional(),
  state: z.enum(backfillStates).optional(),
});

export function backfillRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(), ...changingRoutes(context)];
}

function readingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'namespace.read',
      tag,
      summary: 'Lists backfills with their progress, newest first.',
      params: inNamespace,
      query: listQuery,
      response: pageSchema(backfillViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { schedule, state, cursor, limit } }) => {
        const after = decodeCursor(idCursor, cursor);
        return pageOf(await backfillsPage(reads, { namespace: params.ns, schedule, state, after, limit }));
      },
    }),
    route({
      method: 'GET',
      url: ofSchedule,
      permission: 'namespace.read',
      tag,
      summary: 'Lists the backfills of a schedule, newest first.',
      params: namedInNamespace,
      query: pageQuerySchema,
      response: pageSchema(backfillViewSchema),
      stale: 'replica',
      handler: async ({ reads, params: { ns, name }, query: { cursor, limit } }) => {
        const after = decodeCursor(idCursor, cursor);
        return pageOf(await backfillsPage(reads, { namespace: ns, schedule: name, after, limit }));
      },
    }),
    route({
      method: 'GET',
      url: `${all}/:id`,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a backfill with its progress.',
      params: idInNamespace,
      response: backfillViewSchema,
      stale: 'replica',
      handler: async ({ reads, params: { ns, id } }) => {
        const backfill = await backfillView(reads, ns, id);
        if (backfill === null) throw noBackfill(ns, id);
        return backfill;
      },
    }),
  ];
}

function changingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: ofSchedule,
      permission: 'schedules.control',
      tag,
      summary:
        'Makes runs for the nominal times of a range in the past; `dryRun` only counts them and shows the first.',
      params: namedInNamespace,
      headers: keyHeader,
      body: backfillRequestSchema,
      status: 201,
      orStatus: 200,
      response: z.union([backfillViewSchema, backfillPreviewSchema]),
      handler: async ({ params: { ns, name }, body, caller, request, reply }) => {
        if (body.dryRun) {
          const { timezone, times, ...preview } = await master.backfills.preview(ns, name, body);
          const local = localTimes(timezone);
          reply.code(200);
          return { ...preview, fires: times.map((at) => ({ at, local: local(at) })) };
        }
        const key = idempotencyKeyOf(request, limits.idempotencyKeyChars);
        return master.backfills.begin(ns, caller.name, name, body, key);
      },
    }),
    route({
      method: 'POST',
      url: `${all}/:id/cancel`,
      permission: 'schedules.control',
      tag,
      summary: 'Stops a backfill: it makes no further runs. With `runs`, its unfinished runs are canceled too.',
      params: idInNamespace,
      body: backfillCancelSchema,
      response: backfillViewSchema,
      handler: ({ params: { ns, id }, body, caller }) => master.backfills.cancel(ns, caller.name, id, body),
    }),
  ];
}
