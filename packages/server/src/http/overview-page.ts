// The overview and the list of namespaces.

import { overviewSchema, probeNamespace, type Overview } from '@tidewheel/protocol';
import { z } from 'zod';
import { namespaceNames } from '../store/job-views.ts';
import { overviewOf } from '../store/overview.ts';
import type { DoorContext } from './door-context.ts';
import { Kept } from '../master/kept.ts';
import { inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Overview';

export function overviewRoutes({ db, clock }: DoorContext): Route[] {
  // Every page that is open asks again at each change.
  const kept = new Kept<Overview>(clock, (namespace) => overviewOf(db, namespace));
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/overview',
      permission: 'namespace.read',
      tag,
      summary: 'Shows the numbers of a namespace, up to a second old, or older where counting takes long.',
      params: inNamespace,
      response: overviewSchema,
      handler: ({ params }) => kept.get(params.ns),
    }),
    route({
      method: 'GET',
      url: '/v1/namespaces',
      permission: 'namespaces.list',
      tag,
      summary: 'Lists the namespaces that the caller may see.',
      response: z.object({ items: z.array(z.string()) }),
      handler: async ({ caller }) => ({
        items:
          caller.namespace === '*'
            ? (await namespaceNames(db)).filter((name) => name !== probeNamespace)
            : [caller.namespace],
      }),
    }),
  ];
}
