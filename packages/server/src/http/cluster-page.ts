// The cluster: its masters, who leads, and what it stands on.

import { clusterStatusSchema } from '@tidewheel/protocol';
import type { DoorContext } from './door-context.ts';
import { route, type Route } from './route.ts';

export function clusterRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/cluster',
      permission: 'cluster.read',
      tag: 'Cluster',
      summary:
        'Shows the masters with their roles, the store, the coordinator, the last elections, and what is degraded.',
      response: clusterStatusSchema,
      handler: () => master.clusterStatus(),
    }),
  ];
}
