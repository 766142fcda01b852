// What the server says of itself: version and store, its metrics, its API.

import { serverInfoSchema, type ServerInfo } from '@tidewheel/protocol';
import { storeNow } from '../store/jobs.ts';
import type { DoorContext } from './door-context.ts';
import { rawRoute, route, type Route } from './route.ts';

const tag = 'Server';

export function serverRoutes({ db, master, settings, startedAt, metricsText }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/server',
      permission: 'server.read',
      tag,
      summary: 'Shows version, store and clock of the server.',
      response: serverInfoSchema,
      handler: async (): Promise<ServerInfo> => ({
        name: 'tidewheel',
        version: settings.version,
        masterId: master.id,
        store: db.dialect.engine,
        startedAt,
        now: await storeNow(db),
        zoneDataVersion: process.versions.tz ?? 'unknown',
      }),
    }),
    rawRoute({
      method: 'GET',
      url: '/metrics',
      permission: 'metrics.read',
      tag,
      summary: 'Metrics in the Prometheus text format. Without credentials from this machine only.',
      contentType: 'text/plain',
      handler: async (_request, reply) =>
        reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText(await master.scaling.gauges())),
    }),
    rawRoute({
      method: 'GET',
      url: '/openapi.json',
      permission: 'open',
      tag,
      summary: 'This API, as OpenAPI 3.1.',
      contentType: 'application/json',
      handler: async (request, reply) =>
        reply.type('application/json; charset=utf-8').send(JSON.stringify(request.server.swagger())),
    }),
  ];
}
