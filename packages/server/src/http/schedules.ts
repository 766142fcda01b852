// Schedules: when jobs run, what the ledger says of it, and the levers of an operator.

import {
  fireViewSchema,
  limits,
  nameSchema,
  pageQuerySchema,
  pageSchema,
  pauseRequestSchema,
  previewRequestSchema,
  previewSchema,
  Refusal,
  scheduleViewSchema,
  storedPreviewQuerySchema,
  timeSchema,
  triggerResultSchema,
  type ScheduleView,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { previewFires } from '../core/schedule-times.ts';
import { sketchPreview, storedPreview } from '../master/previews.ts';
import { firesPage } from '../store/fire-ledger.ts';
import { schedulesPage, scheduleClockwork, scheduleView, type ScheduleClockwork } from '../store/schedule-views.ts';
import { knownHeaders, unchanged } from './conditional.ts';
import { decodeCursor, nameCursor, pageOf, timeCursor } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { inNamespace, namedInNamespace, searchQuery } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Schedules';
const all = '/v1/namespaces/:ns/schedules';
const one = `${all}/:name`;

const listQuery = searchQuery.extend({
  job: nameSchema.optional(),
  state: z.enum(['enabled', 'paused', 'finished']).optional(),
});
const firesQuery = pageQuerySchema.extend({ next: z.coerce.number().int().min(0).max(limits.pageItems).default(0) });
const firesAnswer = pageSchema(fireViewSchema).extend({ upcoming: z.array(timeSchema) });

export function scheduleRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(context), ...previewRoutes(context), ...leverRoutes(context)];
}

function readingRoutes({ definitions }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'namespace.read',
      tag,
      summary: 'Lists schedules by name, with the last fire and the state of its run.',
      params: inNamespace,
      query: listQuery,
      response: pageSchema(scheduleViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { q, job, state, cursor, limit } }) => {
        const after = decodeCursor(nameCursor, cursor);
        return pageOf(await schedulesPage(reads, { namespace: params.ns, contains: q, job, state, after, limit }));
      },
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a schedule.',
      params: namedInNamespace,
      headers: knownHeaders,
      response: scheduleViewSchema,
      stale: 'outage',
      handler: async ({ reads, params, request, reply }) => {
        const schedule = await scheduleView(reads, params.ns, params.name);
        if (schedule === null) throw noSchedule(params);
        if (unchanged(request, reply, schedule.version)) reply.code(304);
        return schedule;
      },
    }),
    route({
      method: 'GET',
      url: `${one}/fires`,
      permission: 'namespace.read',
      tag,
      summary: 'Shows the ledger of a schedule, newest first; with `next`, so many fires to come in `upcoming`.',
      params: namedInNamespace,
      query: firesQuery,
      response: firesAnswer,
      stale: 'replica',
      handler: async ({ reads, params, query }) => {
        const schedule = await scheduleClockwork(reads, definitions, params.ns, params.name);
        if (schedule === null) throw noSchedule(params);
        const page = pageOf(await firesPage(reads, schedule.id, decodeCursor(timeCursor, query.cursor), query.limit));
        return { ...page, upcoming: upcomingOf(schedule, query.next) };
      },
    }),
  ];
}

function previewRoutes({ db, definitions }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: `${all}/preview`,
      permission: 'namespace.read',
      tag,
      summary:
        'Shows when a schedule that is only thought of would fire, in words, what is odd about it, and what calendars do.',
      params: inNamespace,
      body: previewRequestSchema,
      response: previewSchema,
      handler: ({ params, body }) => sketchPreview(db, params.ns, body),
    }),
    route({
      method: 'GET',
      url: `${one}/preview`,
      permission: 'namespace.read',
      tag,
      summary:
        'Shows the next fires of a schedule, what clock changes and calendars do to them, and the schedule in words.',
      params: namedInNamespace,
      query: storedPreviewQuerySchema,
      response: previewSchema,
      handler: async ({ params, query }) => {
        const asked = { namespace: params.ns, name: params.name, ...query };
        const preview = await storedPreview(db, definitions, asked);
        if (preview === null) throw noSchedule(params);
        return preview;
      },
    }),
  ];
}

function leverRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: `${one}/pause`,
      permission: 'schedules.control',
      tag,
      summary: 'Pauses a schedule, with a reason that others can read.',
      params: namedInNamespace,
      body: pauseRequestSchema,
      response: scheduleViewSchema,
      handler: ({ params, body, caller }): Promise<ScheduleView> =>
        master.definitions.schedulePause(params.ns, caller.name, params.name, body.reason),
    }),
    route({
      method: 'POST',
      url: `${one}/resume`,
      permission: 'schedules.control',
      tag,
      summary: 'Resumes a paused schedule. Times that passed meanwhile are not made up for.',
      params: namedInNamespace,
      response: scheduleViewSchema,
      handler: ({ params, caller }): Promise<ScheduleView> =>
        master.definitions.scheduleResume(params.ns, caller.name, params.name),
    }),
    route({
      method: 'POST',
      url: `${one}/trigger`,
      permission: 'schedules.control',
      tag,
      summary: 'Makes one run now, with the payload of the schedule.',
      params: namedInNamespace,
      status: 201,
      response: triggerResultSchema,
      handler: ({ params, caller }) => master.definitions.scheduleTrigger(params.ns, caller.name, params.name),
    }),
  ];
}

/** A paused or finished schedule has none. */
function upcomingOf({ times, nextFireAt }: ScheduleClockwork, count: number): number[] {
  if (nextFireAt === null || count === 0) return [];
  // Those after it come with the ends of its runs.
  if (times.kind === 'delay') return [nextFireAt];
  return previewFires(times, nextFireAt - 1, count);
}

function noSchedule({ ns, name }: { ns: string; name: string }): Refusal {
  return new Refusal('NOT_FOUND', `there is no schedule "${name}" in the namespace "${ns}"`);
}
