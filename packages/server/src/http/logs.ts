// A run's output: pages of it, and a stream that follows it to the end.

import { isFinal, logChunkViewSchema, pageQuerySchema, pageSchema } from '@tidewheel/protocol';
import { z } from 'zod';
import { serverLimits } from '../core/limits.ts';
import { isPassing } from '../master/service.ts';
import { logsPage, logStart, type LogPosition } from '../store/log-views.ts';
import { runProgress } from '../store/run-views.ts';
import { decodeCursor, encodeCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import type { EventStream } from './event-streams.ts';
import { idInNamespace } from './namespace-params.ts';
import { eventStreamType, rawRoute, route, type Route } from './route.ts';
import { noRun } from './runs.ts';
import { LogWakes } from './log-wakes.ts';
import { Wake } from './wake.ts';

const tag = 'Logs';
const url = '/v1/namespaces/:ns/runs/:id/logs';
const position = z.object({ attempt: z.number().int().min(0), seq: z.number().int().min(0) });

/** How long a stream waits for a signal before it looks by itself: signals may be lost. */
const lookMs = 1000;

export function logRoutes(context: DoorContext): Route[] {
  const { db, streams, guard } = context;
  const wakes = new LogWakes(context.signals);
  return [
    route({
      method: 'GET',
      url,
      permission: 'namespace.read',
      tag,
      summary: 'Shows the log of a run, oldest first, attempt after attempt.',
      params: idInNamespace,
      query: pageQuerySchema,
      response: pageSchema(logChunkViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query }) => {
        const after = decodeCursor(position, query.cursor) ?? logStart;
        const progress = await runProgress(reads, params.ns, params.id);
        if (progress === null) throw noRun(params);
        return pageOf(await logsPage(reads, params.id, progress.attempts, after, query.limit));
      },
    }),
    rawRoute({
      method: 'GET',
      url: `${url}/stream`,
      permission: 'namespace.read',
      tag,
      summary:
        'Follows the log of a run: `log` events from the beginning or after Last-Event-ID, then one `end` with the final state.',
      params: idInNamespace,
      headers: { 'last-event-id': 'The id of the last event that was read.' },
      contentType: eventStreamType,
      handler: async (request, reply) => {
        const run = idInNamespace.parse(request.params);
        const lastId = request.headers['last-event-id'];
        const after =
          decodeCursor(position, typeof lastId === 'string' && lastId !== '' ? lastId : undefined) ?? logStart;
        if ((await runProgress(db, run.ns, run.id)) === null) throw noRun(run);
        const stream = streams.open(reply, () => guard.stillAdmits(request, 'namespace.read', run.ns));
        void follow(context, wakes, stream, run, after);
        return reply;
      },
    }),
  ];
}

async function follow(
  context: DoorContext,
  wakes: LogWakes,
  stream: EventStream,
  run: { ns: string; id: string },
  after: LogPosition,
): Promise<void> {
  const wake = new Wake(context.clock);
  const forget = wakes.add(run.id, wake);
  stream.whenClosed(() => {
    forget();
    wake.now();
  });
  try {
    let at = after;
    while (!stream.closed) {
      const sent = await sendNext(context.db, stream, run, at);
      if (sent === 'ended') stream.end();
      if (sent === 'ended') return;
      if (sent === null) await wake.wait(lookMs);
      else at = sent;
    }
  } catch (error) {
    // The reader comes back with its place when the store answers again.
    if (!isPassing(error)) context.log.error('a log stream failed', { run: run.id, error });
    stream.end();
  }
}

/** The new position, or null when there is nothing new yet. */
async function sendNext(
  db: DoorContext['db'],
  stream: EventStream,
  run: { ns: string; id: string },
  after: LogPosition,
): Promise<LogPosition | 'ended' | null> {
  // The state first: after a run is final nothing is logged any more, so an empty page then is the end.
  const progress = await runProgress(db, run.ns, run.id);
  const page =
    progress === null ? null : await logsPage(db, run.id, progress.attempts, after, serverLimits.logStreamChunks);
  for (const chunk of page?.items ?? []) {
    const { attempt, seq } = chunk;
    stream.send({ event: 'log', id: encodeCursor({ attempt, seq }), data: chunk });
    await stream.drained();
  }
  const last = page?.items.at(-1);
  if (last !== undefined) return { attempt: last.attempt, seq: last.seq };
  if (progress !== null && !isFinal(progress.state)) return null;
  stream.send({ event: 'end', data: { state: progress?.state ?? null } });
  return 'ended';
}
