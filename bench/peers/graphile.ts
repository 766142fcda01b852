// graphile-worker, twice: as its performance page measures it without batching, and with its local queue of 500 jobs and batched completion,
// which is the configuration behind its own best numbers. A concurrency of 24 and a pool of 25 are that page's for both.

import { openReader } from '../systems/ask-store.ts';
import { loadPeer } from './installed.ts';
import type { Payload, Peer } from './peer.ts';

interface Graphile {
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: readonly { identifier: string; payload: Payload }[]): Promise<unknown>;
    addJob(identifier: string, payload: Payload): Promise<unknown>;
    release(): Promise<void>;
  }>;
  run(options: object): Promise<{ stop(): Promise<void>; promise: Promise<void> }>;
  Logger: new (factory: () => () => void) => object;
}

const concurrency = { concurrentJobs: 24, maxPoolSize: 25 };
const skips =
  'history (a finished job is deleted), logs, idempotency keys, labels; a dead worker holds its jobs for 4 hours, and a late one may still complete them';

function graphile(name: string, batching: object, settings: string): Peer {
  const presetOf = async (url: string): Promise<object> => {
    const { Logger } = await loadPeer<Graphile>('graphile-worker');
    // Its default logger writes a line for every job.
    const logger = new Logger(() => () => undefined);
    return { worker: { connectionString: url, ...concurrency, ...batching, logger } };
  };
  return {
    name,
    packages: ['graphile-worker'],
    settings,
    skips,
    store: async (services) => {
      const place = await services.place('postgres');
      return { url: place.store, remove: () => place.remove() };
    },
    call: async (url) => {
      const { makeWorkerUtils } = await loadPeer<Graphile>('graphile-worker');
      const utils = await makeWorkerUtils({ preset: await presetOf(url) });
      await utils.migrate();
      const reader = await openReader(url);
      return {
        enqueueBatch: async (payloads) => {
          await utils.addJobs(payloads.map((payload) => ({ identifier: 'noop', payload })));
        },
        enqueueOne: async (payload) => {
          await utils.addJob('noop', payload);
        },
        drained: async () => (await reader.ask('select 1 from graphile_worker._private_jobs limit 1')).length === 0,
        close: async () => {
          await reader.close();
          await utils.release();
        },
      };
    },
    work: async (url, handler) => {
      const { run } = await loadPeer<Graphile>('graphile-worker');
      const runner = await run({ preset: await presetOf(url), taskList: { noop: handler }, noHandleSignals: true });
      return { stop: () => runner.stop() };
    },
  };
}

export const graphileDefault = graphile(
  'graphile',
  { localQueue: { size: -1 }, completeJobBatchDelay: -1, failJobBatchDelay: -1 },
  '24 jobs at once, pool of 25, no batching (its performance page)',
);

export const graphileLocalQueue = graphile(
  'graphile localQueue',
  { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  '24 jobs at once, pool of 25, local queue of 500, completions batched with delay 0 (its performance page)',
);
