// What a pool's lanes did, for replaying it against another policy. The replay itself is done by who asks: it takes seconds of computing.

import { replayQuerySchema, replayRunsQuerySchema, replayRunsSchema, replayWorkersSchema } from '@tidewheel/protocol';
import { masterDefaults } from '../master/deps.ts';
import { noPool } from '../master/pools.ts';
import type { Tx } from '../ports/database.ts';
import { poolReplayRuns, poolReplayWorkers, type ReplayAsked } from '../store/pool-replay.ts';
import { poolsStored } from '../store/pools.ts';
import { decodeCursor, encodeCursor, idCursor } from './cursor.ts';
import { namedInNamespace } from './namespace-params.ts';
import { route, type Route } from './route.ts';

const tag = 'Pools';
const base = '/v1/namespaces/:ns/pools/:name/replay';

export function poolReplayRoutes(): Route[] {
  const askedOf = async (
    reads: Tx,
    { ns, name }: { ns: string; name: string },
    { from, to }: { from: number; to: number },
  ): Promise<ReplayAsked> => {
    const pool = (await poolsStored(reads, ns)).find((one) => one.name === name);
    if (pool === undefined) throw noPool(ns, name);
    return { namespace: ns, pool: pool.definition, from, to };
  };
  return [
    route({
      method: 'GET',
      url: `${base}/runs`,
      permission: 'namespace.read',
      tag,
      summary:
        "Gives the finished runs of a pool's lanes in columns, in the order in which they were made: when each was due, how long it waited and took.",
      params: namedInNamespace,
      query: replayRunsQuerySchema,
      response: replayRunsSchema,
      stale: 'replica',
      handler: async ({ reads, params, query }) => {
        const after = decodeCursor(idCursor, query.cursor);
        const { runs, next } = await poolReplayRuns(reads, await askedOf(reads, params, query), after, query.limit);
        return { ...runs, nextCursor: next === null ? null : encodeCursor(next) };
      },
    }),
    route({
      method: 'GET',
      url: `${base}/workers`,
      permission: 'namespace.read',
      tag,
      summary: "Tells for how long the pool's workers were there, all together, and from when on that is known.",
      params: namedInNamespace,
      query: replayQuerySchema,
      response: replayWorkersSchema,
      stale: 'replica',
      handler: async ({ reads, params, query }) =>
        poolReplayWorkers(reads, await askedOf(reads, params, query), masterDefaults.sessionKeepMs),
    }),
  ];
}
