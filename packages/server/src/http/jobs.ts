// Jobs: what exists, one at a time with its ETag, and whole sets of them at once.

import {
  applyRequestSchema,
  applyResultSchema,
  jobDefinitionSchema,
  jobViewSchema,
  limits,
  pageSchema,
  Refusal,
  type JobDefinition,
  type ScheduleDefinition,
} from '@tidewheel/protocol';
import { jobsPage, jobView } from '../store/job-views.ts';
import { schedulesPage } from '../store/schedule-views.ts';
import { changeHeaders, etagOf, knownHeaders, preconditionOf, unchanged } from './conditional.ts';
import { decodeCursor, nameCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { assertNameOfPath, inNamespace, namedInNamespace, searchQuery } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Jobs';
const one = '/v1/namespaces/:ns/jobs/:name';

export function jobRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(), ...changingRoutes(context)];
}

function readingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/jobs',
      permission: 'namespace.read',
      tag,
      summary: 'Lists jobs by name.',
      params: inNamespace,
      query: searchQuery,
      response: pageSchema(jobViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query: { q, cursor, limit } }) =>
        pageOf(
          await jobsPage(reads, { namespace: params.ns, contains: q, after: decodeCursor(nameCursor, cursor), limit }),
        ),
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a job. The ETag is what If-Match of a change must bring.',
      params: namedInNamespace,
      headers: knownHeaders,
      response: jobViewSchema,
      stale: 'outage',
      handler: async ({ reads, params, request, reply }) => {
        const job = await jobView(reads, params.ns, params.name);
        if (job === null) throw noJob(params);
        if (unchanged(request, reply, job.version)) reply.code(304);
        return job;
      },
    }),
  ];
}

function changingRoutes({ db, master }: DoorContext): Route[] {
  return [
    route({
      method: 'PUT',
      url: one,
      permission: 'definitions.write',
      tag,
      summary:
        'Makes a job (If-None-Match: *) or changes it (If-Match). Without `schedules` its schedules stay as they are.',
      params: namedInNamespace,
      headers: changeHeaders,
      body: jobDefinitionSchema,
      orStatus: 201,
      response: jobViewSchema,
      handler: async ({ params, body, sent, caller, request, reply }) => {
        assertNameOfPath(body, params);
        const definition = await withStoredSchedules(db, params.ns, body, sent);
        const { job, created } = await master.definitions.putJob(
          params.ns,
          caller.name,
          definition,
          preconditionOf(request),
        );
        reply.code(created ? 201 : 200).header('etag', etagOf(job.version));
        return job;
      },
    }),
    route({
      method: 'DELETE',
      url: one,
      permission: 'definitions.write',
      tag,
      summary: 'Deletes a job and its schedules (If-Match). Runs that were made go on.',
      params: namedInNamespace,
      headers: { 'if-match': changeHeaders['if-match'] },
      response: null,
      handler: ({ params, caller, request }) =>
        master.definitions.deleteJob(params.ns, caller.name, params.name, preconditionOf(request)),
    }),
    route({
      method: 'POST',
      url: '/v1/namespaces/:ns/apply',
      permission: 'definitions.apply',
      tag,
      summary: 'Makes a set of jobs with their schedules so, all or nothing; `dryRun` only tells what would change.',
      params: inNamespace,
      body: applyRequestSchema,
      response: applyResultSchema,
      handler: ({ params, body, caller }) =>
        master.definitions.apply(params.ns, caller.name, body, { role: caller.role }),
    }),
  ];
}

/** A change of a schedule raises the job's version, so what is read here and written there is held together by If-Match. */
async function withStoredSchedules(
  db: DoorContext['db'],
  namespace: string,
  definition: JobDefinition,
  sent: unknown,
): Promise<JobDefinition> {
  if (typeof sent === 'object' && sent !== null && 'schedules' in sent) return definition;
  const stored = await schedulesPage(db, {
    namespace,
    job: definition.name,
    after: null,
    limit: limits.schedulesPerJob,
  });
  return {
    ...definition,
    schedules: stored.items.map((schedule) => schedule.definition as unknown as ScheduleDefinition),
  };
}

function noJob({ ns, name }: { ns: string; name: string }): Refusal {
  return new Refusal('NOT_FOUND', `there is no job "${name}" in the namespace "${ns}"`);
}
