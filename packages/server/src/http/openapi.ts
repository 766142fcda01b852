// The API reference, made of the routes' own schemas. Shapes that stand in the protocol under a name are referred to by it.

import fastifySwagger from '@fastify/swagger';
import * as protocol from '@tidewheel/protocol';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemSchema } from './problem-schema.ts';

const description = `Tidewheel's HTTP API. Requests and answers are JSON; refusals are \`application/problem+json\` with a code of
the error catalogue. Lists answer in pages: send \`nextCursor\` as \`cursor\` for the next one. Times are milliseconds since 1970,
UTC. Answers may gain fields. Workers connect by WebSocket at \`/v1/worker/connect\`, sub-protocol \`tidewheel.v1\`. Names in paths are URL-encoded, for they may hold slashes. Every answer carries \`x-request-id\`.`;

const named = {
  Problem: problemSchema,
  Job: protocol.jobViewSchema,
  JobDefinition: protocol.jobDefinitionSchema,
  ScheduleDefinition: protocol.scheduleDefinitionSchema,
  Schedule: protocol.scheduleViewSchema,
  Fire: protocol.fireViewSchema,
  RunSummary: protocol.runSummarySchema,
  Run: protocol.runViewSchema,
  Attempt: protocol.attemptViewSchema,
  RunError: protocol.runErrorSchema,
  TriggerRequest: protocol.triggerRequestSchema,
  TriggerResult: protocol.triggerResultSchema,
  LogChunk: protocol.logChunkViewSchema,
  Worker: protocol.workerViewSchema,
  Change: protocol.changeSchema,
  FireAuditRow: protocol.fireAuditRowSchema,
  FireAudit: protocol.fireAuditSchema,
  FireFinding: protocol.fireFindingSchema,
  Overview: protocol.overviewSchema,
  Token: protocol.tokenViewSchema,
  AuditEvent: protocol.auditEventSchema,
  ServerInfo: protocol.serverInfoSchema,
  ClusterStatus: protocol.clusterStatusSchema,
  Hold: protocol.holdViewSchema,
  Retention: protocol.retentionViewSchema,
  StoreStatus: protocol.storeStatusSchema,
  SessionInfo: protocol.sessionInfoSchema,
} as const;

export function describeApi(app: FastifyInstance): void {
  const schemaRegistry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) schemaRegistry.add(schema, { id });
  const transformObject = createJsonSchemaTransformObject({ schemaRegistry });
  void app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidewheel',
        version: '1',
        description: description.replaceAll('\n', ' '),
        license: { name: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          console: { type: 'apiKey', in: 'cookie', name: 'tidewheel_session' },
        },
      },
      security: [{ token: [] }, { console: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: (document) => onlyReferred(extensible(transformObject(document))),
  });
}

interface WithSchemas {
  components?: { schemas?: Record<string, unknown> };
}

interface Documented {
  paths?: Record<string, Record<string, { responses?: unknown }>>;
}

/** Answers may gain fields: clients that are made from this document must not refuse them. */
function extensible<T>(document: T): T {
  const { paths } = document as Documented;
  for (const path of Object.values(paths ?? {})) for (const { responses } of Object.values(path)) open(responses);
  for (const [name, schema] of Object.entries((document as WithSchemas).components?.schemas ?? {})) {
    if (!name.endsWith('Input')) open(schema);
  }
  return document;
}

function open(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  if ('additionalProperties' in schema && schema.additionalProperties === false) delete schema.additionalProperties;
  for (const part of Object.values(schema)) open(part);
}

/** Each named shape is emitted as input and as output; those that nothing refers to are noise. */
function onlyReferred<T>(document: T): T {
  const { components } = document as WithSchemas;
  const schemas = components?.schemas;
  if (schemas === undefined) return document;
  const referred = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || referred.has(name)) continue;
      referred.add(name);
      visit(schemas[name] ?? null);
    }
  };
  visit({ ...document, components: null });
  for (const name of Object.keys(schemas)) if (!referred.has(name)) delete schemas[name];
  return document;
}
