// Runs: make them one by one or a thousand at once, look for them, stop them, do them again.

import {
  batchTriggerRequestSchema,
  batchTriggerResultSchema,
  cancelRequestSchema,
  limits,
  pageSchema,
  Refusal,
  retryRequestSchema,
  runQuerySchema,
  runStates,
  runSummarySchema,
  runViewSchema,
  triggerRequestSchema,
  triggerResultSchema,
  type RunQuery,
  type TriggerResult,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { batchKeySuffix, type RunRequest } from '../master/submission.ts';
import type { Tx } from '../ports/database.ts';
import { jobIdsNamed, schedulesNamed, type RunFilter } from '../store/run-filters.ts';
import { runsPage, runView } from '../store/run-views.ts';
import { decodeCursor, idCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { idempotencyKeyOf, keyHeader } from './idempotency-key.ts';
import { idInNamespace, inNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Runs';
const all = '/v1/namespaces/:ns/runs';
const one = `${all}/:id`;

const cancelAnswer = z.object({ outcome: z.enum(['canceled', 'requested', 'finished']), state: z.enum(runStates) });

export function runRoutes(context: DoorContext): Route[] {
  return [...makingRoutes(context), ...readingRoutes(context), ...controlRoutes(context)];
}

function makingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: all,
      permission: 'runs.trigger',
      tag,
      summary:
        'Makes a run of a job. With an idempotency key (field or header) a repetition answers with the first run.',
      params: inNamespace,
      headers: keyHeader,
      body: triggerRequestSchema,
      status: 201,
      orStatus: 200,
      response: triggerResultSchema,
      handler: async ({ params, body, request, reply }) => {
        const key = idempotencyKeyOf(request, limits.idempotencyKeyChars);
        const [result] = await withPointers('single', () => master.intake.submit(params.ns, [requestOf(body, key)]));
        if (result === undefined) throw new Error('a submission of one run answered with none');
        if (!result.created) reply.code(200);
        return result;
      },
    }),
    route({
      method: 'POST',
      url: `${all}/batch`,
      permission: 'runs.trigger',
      tag,
      summary: `Makes up to ${limits.batchRuns} runs, all or nothing. With an Idempotency-Key header a repetition answers with the first runs; runs may bring keys of their own, too.`,
      params: inNamespace,
      headers: keyHeader,
      body: batchTriggerRequestSchema,
      status: 201,
      orStatus: 200,
      response: batchTriggerResultSchema,
      handler: async ({ params, body, request, reply }) => {
        const key = idempotencyKeyOf(request, limits.idempotencyKeyChars - batchKeySuffix.length);
        const requests = body.runs.map((run) => requestOf(run, null));
        const runs = await withPointers('batch', () => master.intake.submit(params.ns, requests, { key }));
        if (!runs.some(({ created }) => created)) reply.code(200);
        return { runs };
      },
    }),
  ];
}

/** The header is the key of a single run, which must not bring another one. */
function requestOf(run: z.output<typeof triggerRequestSchema>, headerKey: string | null): RunRequest {
  if (headerKey !== null && run.idempotencyKey !== undefined && run.idempotencyKey !== headerKey) {
    throw new Refusal('VALIDATION_FAILED', 'the header Idempotency-Key and the field differ', {
      faults: [{ pointer: '/idempotencyKey', detail: 'give the key once' }],
    });
  }
  const idempotencyKey = run.idempotencyKey ?? headerKey;
  return {
    job: run.job,
    ...('payload' in run ? { payload: run.payload } : {}),
    ...(run.delay === undefined ? {} : { delayMs: run.delay }),
    ...(run.priority === undefined ? {} : { priority: run.priority }),
    ...(idempotencyKey === null ? {} : { idempotencyKey }),
  };
}

/** The intake knows runs by their place; the pointers of a refusal follow the shape of the body. */
async function withPointers(
  shape: 'single' | 'batch',
  submit: () => Promise<TriggerResult[]>,
): Promise<TriggerResult[]> {
  try {
    return await submit();
  } catch (error) {
    if (!(error instanceof Refusal) || error.faults.length === 0) throw error;
    const faults = error.faults.map((fault) => {
      const inRun = fault.pointer.replace(/^\/runs\/\d+/, '');
      if (shape === 'single') return { ...fault, pointer: inRun };
      return inRun === fault.pointer ? { ...fault, pointer: `/runs/0${inRun}` } : fault;
    });
    const { retryAfterSeconds } = error;
    throw new Refusal(error.code, error.message, {
      faults,
      cause: error,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
}

function readingRoutes({ definitions }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'namespace.read',
      tag,
      summary:
        'Lists runs, newest first. A page may come back short with a cursor: what matches rarely is looked for in steps.',
      params: inNamespace,
      query: runQuerySchema,
      response: pageSchema(runSummarySchema),
      stale: 'replica',
      handler: async ({ reads, params, query }) => {
        const before = decodeCursor(idCursor, query.cursor);
        return pageOf(await runsPage(reads, definitions, await filterOf(reads, params.ns, query), before, query.limit));
      },
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'namespace.read',
      tag,
      summary: 'Shows a run with its attempts and, while it is unfinished, what it waits for.',
      params: idInNamespace,
      response: runViewSchema,
      stale: 'replica',
      handler: async ({ reads, params }) => {
        const run = await runView(reads, definitions, params.ns, params.id);
        if (run === null) throw noRun(params);
        return run;
      },
    }),
  ];
}

async function filterOf(reads: Tx, namespace: string, query: RunQuery): Promise<RunFilter> {
  const { state: states, job, schedule, worker, queue, createdAfter, createdBefore } = query;
  return {
    namespace,
    states,
    jobIds: job === undefined ? undefined : await jobIdsNamed(reads, namespace, job),
    schedules: schedule === undefined ? undefined : await schedulesNamed(reads, namespace, schedule),
    worker,
    queue,
    createdAfter,
    createdBefore,
  };
}

function controlRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: `${one}/cancel`,
      permission: 'runs.control',
      tag,
      summary: 'Cancels a run: at once when it waits, through its worker when it runs.',
      params: idInNamespace,
      body: cancelRequestSchema.prefault({}),
      response: cancelAnswer,
      handler: ({ params, body, caller }) => master.control.cancel(params.ns, caller.name, params.id, body.reason),
    }),
    route({
      method: 'POST',
      url: `${one}/retry`,
      permission: 'runs.control',
      tag,
      summary: 'Makes a new run like a finished one, with the same payload or another.',
      params: idInNamespace,
      body: retryRequestSchema.prefault({}),
      status: 201,
      response: triggerResultSchema,
      handler: ({ params, body, caller }) => master.control.retry(params.ns, caller.name, params.id, body.payload),
    }),
  ];
}

export function noRun({ ns, id }: { ns: string; id: string }): Refusal {
  return new Refusal('NOT_FOUND', `there is no run ${id} in the namespace "${ns}"`);
}
