// The calendar of coming fires.

import { comingFiresQuerySchema, comingFiresSchema } from '@tidewheel/protocol';
import { comingFires } from '../master/coming-fires.ts';
import type { DoorContext } from './door-context.ts';
import { inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

export function comingFiresRoutes({ clock }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/coming-fires',
      permission: 'namespace.read',
      tag: 'Schedules',
      summary:
        'Counts the fires to come in buckets of time, with the work they usually bring and where it exceeds the slots.',
      params: inNamespace,
      query: comingFiresQuerySchema,
      response: comingFiresSchema,
      stale: 'replica',
      handler: ({ reads, params, query }) => comingFires(reads, clock, { namespace: params.ns, ...query }),
    }),
  ];
}
