// What is measured of pools: the numbers that a scaler outside of Tidewheel asks for over HTTP, such as KEDA's by the type `metrics-api`, and
// what resources their workers should have.

import {
  durationSchema,
  limits,
  nameSchema,
  namespaceSchema,
  poolAdviceSchema,
  Refusal,
  scalingFiguresSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { advise } from '../core/advice/pool-advice.ts';
import { noPool } from '../master/pools.ts';
import { storeNow } from '../store/jobs.ts';
import { attemptPeaks, workerPeaks } from '../store/pool-peaks.ts';
import { poolsStored } from '../store/pools.ts';
import type { DoorContext } from './door-context.ts';
import { namedInNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Pools';

/** Of the workers that are to serve the queue, and what is held. */
const objectiveSchema = z.strictObject({
  slots: z.coerce.number().int().min(1).max(limits.poolSlots).default(8),
  wait: durationSchema.refine((ms) => ms >= 100, 'at least 100ms').default(10_000),
});

export function poolMeasureRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/pools/:name/advice',
      permission: 'namespace.read',
      tag,
      summary: 'Advises requests and limits of the workers of a pool, by the peaks of the last day.',
      params: namedInNamespace,
      response: poolAdviceSchema,
      stale: 'replica',
      handler: async ({ reads, params: { ns, name } }) => {
        const pool = (await poolsStored(reads, ns)).find((stored) => stored.name === name);
        if (pool === undefined) throw noPool(ns, name);
        const [workers, attempts] = [
          await workerPeaks(reads, ns, pool.definition),
          await attemptPeaks(reads, ns, pool.definition),
        ];
        return advise(workers, attempts, await storeNow(reads));
      },
    }),
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/pools/:name/metrics',
      permission: 'namespace.read',
      tag,
      summary: 'Shows a pool in flat numbers, for scalers: up to a second old, the same at every master.',
      params: namedInNamespace,
      response: scalingFiguresSchema,
      handler: async ({ params: { ns, name } }) => {
        const figures = await master.scaling.of({ kind: 'pool', namespace: ns, pool: name });
        if (figures === null) throw noPool(ns, name);
        return figures;
      },
    }),
    route({
      method: 'GET',
      url: '/v1/namespaces/:ns/queues/:queue/metrics',
      permission: 'namespace.read',
      tag,
      summary:
        'Shows a queue in flat numbers, for scalers where no pool is declared; `slots` of a worker, `wait` at most.',
      params: z.object({ ns: namespaceSchema, queue: nameSchema }),
      query: objectiveSchema,
      response: scalingFiguresSchema,
      handler: async ({ params: { ns, queue }, query: { slots, wait } }) => {
        const objective = { slots, waitMs: wait };
        const figures = await master.scaling.of({ kind: 'queue', namespace: ns, queue, objective });
        if (figures === null)
          throw new Refusal('NOT_FOUND', `no job of the namespace "${ns}" uses the queue "${queue}"`);
        return figures;
      },
    }),
  ];
}
