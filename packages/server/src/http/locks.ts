// Locks of users: take them, keep them, give them back, look who has them, and take them away from whoever cannot be asked.

import {
  lockAcquireSchema,
  lockForceSchema,
  lockReleaseSchema,
  lockRenewSchema,
  lockViewSchema,
  type LockView,
  nameSchema,
  pageQuerySchema,
  pageSchema,
  Refusal,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { isPassing } from '../master/service.ts';
import { lockKey, locksPage, lockTaken, lockView, takenOf } from '../store/locks.ts';
import { decodeCursor, nameCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import type { EventStream } from './event-streams.ts';
import { inNamespace, namedInNamespace } from './namespace-params.ts';
import { eventStreamType, rawRoute, route, type Route } from './route.ts';
import { Wake } from './wake.ts';

const tag = 'Locks';
const all = '/v1/namespaces/:ns/locks';
const one = `${all}/:name`;
/** How often a watched lock is looked at without a signal: a lease that runs out gives none. */
const lookMs = 1000;

const listQuery = pageQuerySchema.extend({ all: z.stringbool().default(false) });

export function lockRoutes(context: DoorContext): Route[] {
  return [...readingRoutes(context), takenRoute(context), ...holdingRoutes(context), forceRoute(context)];
}

function readingRoutes(context: DoorContext): Route[] {
  const { db, streams, guard } = context;
  return [
    route({
      method: 'GET',
      url: all,
      permission: 'locks.read',
      tag,
      summary: 'Lists locks by name: those that are held, with `all` also those that were held lately.',
      params: inNamespace,
      query: listQuery,
      response: pageSchema(lockViewSchema),
      stale: 'replica',
      handler: async ({ reads, params, query }) => {
        const after = decodeCursor(nameCursor, query.cursor);
        return pageOf(await locksPage(reads, { namespace: params.ns, all: query.all, after, limit: query.limit }));
      },
    }),
    route({
      method: 'GET',
      url: one,
      permission: 'locks.read',
      tag,
      summary: 'Shows a lock: who holds it, until when, and its token.',
      params: namedInNamespace,
      response: lockViewSchema,
      handler: async ({ params: { ns, name } }) => {
        const lock = await lockView(db, ns, name);
        if (lock === null) throw new Refusal('NOT_FOUND', `nobody has held a lock "${name}" lately`);
        return lock;
      },
    }),
    rawRoute({
      method: 'GET',
      url: `${one}/watch`,
      permission: 'locks.read',
      tag,
      summary:
        'Streams `lock` events: what the lock is now, and again when its holder changes or it is free. `null`: not held lately.',
      params: namedInNamespace,
      contentType: eventStreamType,
      handler: async (request, reply) => {
        const { ns, name } = namedInNamespace.parse(request.params);
        const stream = streams.open(reply, () => guard.stillAdmits(request, 'locks.read', ns));
        void watch(context, stream, ns, name);
        return reply;
      },
    }),
  ];
}

function takenRoute(context: DoorContext): Route {
  const { streams, guard, signals } = context;
  return rawRoute({
    method: 'GET',
    url: '/v1/namespaces/:ns/taken-locks',
    permission: 'locks.read',
    tag,
    summary:
      'Streams `watching`, and from then on `taken` events: locks taken away from their holders, with token, by whom and why.',
    params: inNamespace,
    contentType: eventStreamType,
    handler: async (request, reply) => {
      const { ns } = inNamespace.parse(request.params);
      const stream = streams.open(reply, () => guard.stillAdmits(request, 'locks.read', ns));
      const unsubscribe = signals.subscribe('taken', ({ locks }) => {
        for (const key of locks) {
          const lost = takenOf(key, ns);
          if (lost !== null) void tellTaken(context, stream, ns, lost);
        }
      });
      stream.whenClosed(unsubscribe);
      stream.send({ event: 'watching', data: null });
      return reply;
    },
  });
}

/** A hint that cannot be followed costs time only: the holder's next renewal is refused with the same words. */
async function tellTaken(
  { db, log }: DoorContext,
  stream: EventStream,
  ns: string,
  { name, token }: { name: string; token: number },
): Promise<void> {
  try {
    const taken = await lockTaken(db, ns, name, token);
    if (taken !== null && !stream.closed) stream.send({ event: 'taken', data: taken });
  } catch (error) {
    if (!isPassing(error)) log.error('a lock stream failed', { lock: lockKey(ns, name), error });
    stream.end();
  }
}

function holdingRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'POST',
      url: `${one}/acquire`,
      permission: 'locks.use',
      tag,
      summary:
        'Takes a lock, waiting for it if asked to. The same hold again keeps what it has. LOCK_HELD: another one has it.',
      params: namedInNamespace,
      body: lockAcquireSchema,
      response: lockViewSchema,
      handler: async ({ params: { ns, name }, body, caller, reply }) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        return master.locks.acquire(ns, caller.name, name, body, gone.signal);
      },
    }),
    route({
      method: 'POST',
      url: `${one}/renew`,
      permission: 'locks.use',
      tag,
      summary: 'Begins the life of a held lock anew. LOCK_LOST: stop what is done under it.',
      params: namedInNamespace,
      body: lockRenewSchema,
      response: lockViewSchema,
      handler: ({ params: { ns, name }, body: { hold, token }, caller }) =>
        master.locks.renew({ namespace: ns, name, owner: caller.name, hold }, token),
    }),
    route({
      method: 'POST',
      url: `${one}/release`,
      permission: 'locks.use',
      tag,
      summary: 'Gives a lock back. Releasing what is lost already changes nothing.',
      params: namedInNamespace,
      body: lockReleaseSchema,
      response: z.object({ released: z.boolean() }),
      handler: async ({ params: { ns, name }, body: { hold }, caller }) => ({
        released: await master.locks.release({ namespace: ns, name, owner: caller.name, hold }),
      }),
    }),
  ];
}

function forceRoute({ master }: DoorContext): Route {
  return route({
    method: 'POST',
    url: `${one}/force-release`,
    permission: 'locks.force',
    tag,
    summary: 'Takes a lock away from its holder, with a reason that stays in the audit log. Answers who had it.',
    params: z.object({ ns: inNamespace.shape.ns, name: nameSchema }),
    body: lockForceSchema,
    response: lockViewSchema,
    handler: async ({ params: { ns, name }, body: { reason }, caller }) => {
      const before = await master.locks.forceRelease(ns, caller.name, name, reason);
      if (before === null) throw new Refusal('NOT_FOUND', `nobody holds the lock "${name}"`);
      return before;
    },
  });
}

async function watch(context: DoorContext, stream: EventStream, ns: string, name: string): Promise<void> {
  const wake = new Wake(context.clock);
  const key = lockKey(ns, name);
  const unsubscribe = context.signals.subscribe('locks', ({ locks }) => {
    if (locks.includes(key)) wake.now();
  });
  stream.whenClosed(() => {
    unsubscribe();
    wake.now();
  });
  let told: string | null = null;
  try {
    while (!stream.closed) {
      const lock = await lockView(context.db, ns, name);
      const said = lock === null ? '' : wordOf(lock);
      if (said !== told) stream.send({ event: 'lock', data: lock });
      told = said;
      await stream.drained();
      await wake.wait(lookMs);
    }
  } catch (error) {
    // The reader comes back when the store answers again.
    if (!isPassing(error)) context.log.error('a lock stream failed', { lock: key, error });
    stream.end();
  }
}

/** What a watcher wants to hear of: renewals alone are no news. */
function wordOf(lock: LockView): string {
  return `${lock.token} ${lock.state}`;
}
