// Calendars: which exist, one at a time with its ETag, what of a day lies in one, and iCalendar files.

import {
  calendarDaySchema,
  calendarDaysQuerySchema,
  calendarDaysSchema,
  calendarDefinitionSchema,
  calendarImportedSchema,
  calendarImportSchema,
  calendarViewSchema,
  pageSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { noCalendar } from '../master/calendars.ts';
import { calendarsPage, calendarView } from '../store/calendar-views.ts';
import { changeHeaders, etagOf, knownHeaders, preconditionOf, unchanged } from './conditional.ts';
import { decodeCursor, nameCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { assertNameOfPath, inNamespace, namedInNamespace, searchQuery } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Calendars';
const all = '/v1/namespaces/:ns/calendars';
const one = `${all}/:name`;

const dayParams = namedInNamespace.extend({ date: z.iso.date() });
/** Of a calendar without a zone of its own. */
const dayQuery = z.strictObject({ timezone: z.string().min(1).max(64).default('UTC') });

export function calendarRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(context), ...changingRoutes(context)];
}

function readingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'namespace.read',
      tag,
      summary: 'Lists calendars by name, with those who use them.',
      params: inNamespace,
      query: searchQuery,
      response: pageSchema(calendarViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { q, cursor, limit } }) => {
        const after = decodeCursor(nameCursor, cursor);
        return pageOf(await calendarsPage(reads, { namespace: params.ns, contains: q, after, limit }));
      },
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a calendar. The ETag is what If-Match of a change must bring.',
      params: namedInNamespace,
      headers: knownHeaders,
      response: calendarViewSchema,
      stale: 'outage',
      handler: async ({ reads, params, request, reply }) => {
        const calendar = await calendarView(reads, params.ns, params.name);
        if (calendar === null) throw noCalendar(params.ns, params.name);
        if (unchanged(request, reply, calendar.version)) reply.code(304);
        return calendar;
      },
    }),
    route({
      method: 'GET',
      url: `${one}/days/:date`,
      permission: 'namespace.read',
      tag,
      summary: 'Tells what of a day lies in a calendar, nested calendars included.',
      params: dayParams,
      query: dayQuery,
      response: calendarDaySchema,
      stale: 'outage',
      handler: ({ params, query }) => master.calendars.day(params.ns, params.name, params.date, query.timezone),
    }),
    route({
      method: 'GET',
      url: `${one}/days`,
      permission: 'namespace.read',
      tag,
      summary: 'Lists the days of a range that lie in a calendar, wholly or partly, nested calendars included.',
      params: namedInNamespace,
      query: calendarDaysQuerySchema,
      response: calendarDaysSchema,
      stale: 'outage',
      handler: ({ params, query: { from, to, timezone } }) =>
        master.calendars.days(params.ns, params.name, from, to, timezone),
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
      summary:
        'Makes a calendar (If-None-Match: *) or changes it (If-Match). Schedules that depend on it follow in the same transaction.',
      params: namedInNamespace,
      headers: changeHeaders,
      body: calendarDefinitionSchema,
      orStatus: 201,
      response: calendarViewSchema,
      handler: async ({ params, body, caller, request, reply }) => {
        assertNameOfPath(body, params);
        const { calendar, created } = await master.calendars.put(params.ns, caller.name, body, preconditionOf(request));
        reply.code(created ? 201 : 200).header('etag', etagOf(calendar.version));
        return calendar;
      },
    }),
    route({
      method: 'POST',
      url: `${one}/import`,
      permission: 'definitions.write',
      tag,
      summary:
        'Makes (If-None-Match: *) or replaces (If-Match) a calendar by what an iCalendar file says; `dryRun` only reads it.',
      params: namedInNamespace,
      headers: changeHeaders,
      body: calendarImportSchema,
      orStatus: 201,
      response: calendarImportedSchema,
      handler: async ({ params, body, caller, request, reply }) => {
        const { imported, created } = await master.calendars.import(
          params.ns,
          caller.name,
          params.name,
          body,
          preconditionOf(request),
        );
        reply.code(created ? 201 : 200);
        if (imported.calendar !== null) reply.header('etag', etagOf(imported.calendar.version));
        return imported;
      },
    }),
    route({
      method: 'DELETE',
      url: one,
      permission: 'definitions.write',
      tag,
      summary: 'Deletes a calendar that nobody uses (If-Match).',
      params: namedInNamespace,
      headers: { 'if-match': changeHeaders['if-match'] },
      response: null,
      handler: ({ params, caller, request }) =>
        master.calendars.delete(params.ns, caller.name, params.name, preconditionOf(request)),
    }),
  ];
}
