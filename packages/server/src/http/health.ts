// Whether this master lives, is ready to serve, and finds the data as they must be.

import { selfCheckSchema } from '@tidewheel/protocol';
import { z } from 'zod';
import { selfCheck } from '../master/self-check.ts';
import { storeNow } from '../store/jobs.ts';
import type { DoorContext } from './door-context.ts';
import { route, type Route } from './route.ts';

const tag = 'Server';
/** Anybody may ask for it, so it is asked for no more often than this. */
const findingsEveryMs = 5000;

const readinessSchema = z.object({
  ready: z.boolean(),
  storeMs: z.number().int().optional(),
  /** What the self-check finds that must not be, by check. Ready or not does not depend on it. */
  findings: z.record(z.string(), z.number().int()).optional(),
});

/** Counts only: the ids are for those who may see them. */
function findingsOf({ clock, db }: DoorContext): () => Promise<Record<string, number>> {
  let last: Promise<Record<string, number>> | null = null;
  let askedAtMs = 0;
  return () => {
    const now = clock.monotonicMs();
    if (last === null || now - askedAtMs > findingsEveryMs) {
      askedAtMs = now;
      last = selfCheck(db).then(({ checks }) =>
        Object.fromEntries(checks.flatMap(({ check, findings }) => (findings === 0 ? [] : [[check, findings]]))),
      );
      // The one who asked hears of it; the next one asks anew.
      last.catch(() => (last = null));
    }
    return last;
  };
}

export function healthRoutes(context: DoorContext): Route[] {
  const { clock, db } = context;
  const findings = findingsOf(context);
  return [
    route({
      method: 'GET',
      url: '/livez',
      permission: 'open',
      tag,
      summary: 'Answers while the process runs.',
      response: z.object({ live: z.boolean() }),
      handler: async () => ({ live: true }),
    }),
    route({
      method: 'GET',
      url: '/readyz',
      permission: 'open',
      tag,
      summary: 'Answers 200 while this master can serve: its store answers and it is not stopping.',
      query: z.strictObject({ verbose: z.enum(['', 'true', 'false']).optional() }),
      response: readinessSchema,
      handler: async ({ query: { verbose = 'false' } }) => {
        const startedMs = clock.monotonicMs();
        await storeNow(db);
        const storeMs = Math.round(clock.monotonicMs() - startedMs);
        return verbose === 'false' ? { ready: true } : { ready: true, storeMs, findings: await findings() };
      },
    }),
    route({
      method: 'GET',
      url: '/v1/self-check',
      permission: 'cluster.read',
      tag,
      summary: 'Asserts now what must always be true of the data, and tells what is not.',
      response: selfCheckSchema,
      handler: () => selfCheck(db),
    }),
  ];
}
