// BullMQ on Redis, and on PostgreSQL by its own backend. A concurrency of 100 to 300 is what its guide calls usual, finished jobs are removed
// at once, as its guide advises against letting them pile up, and bulk adding is its way to add many.

import pg from 'pg';
import { loadPeer } from './installed.ts';
import type { Handler, Payload, Peer } from './peer.ts';

interface BullMq {
  Queue: new (name: string, options: object, backend?: unknown) => Queue;
  Worker: new (
    name: string,
    work: (job: { data: Payload }) => Promise<void>,
    options: object,
    backend?: unknown,
  ) => Worker;
  createPostgresBackend: unknown;
  runMigrations(client: unknown): Promise<unknown>;
}

interface Queue {
  on(event: 'error', listener: (error: Error) => void): void;
  addBulk(jobs: readonly { name: string; data: Payload; opts: object }[]): Promise<unknown>;
  add(name: string, data: Payload, options: object): Promise<unknown>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

interface Worker {
  on(event: 'error', listener: (error: Error) => void): void;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

const queueName = 'noop';
const concurrency = 200;
const jobOptions = { removeOnComplete: true, removeOnFail: true };
const unfinished = ['wait', 'active', 'delayed', 'prioritized', 'paused', 'waiting-children'];
const skips =
  'history (a finished job is removed), logs, idempotency keys; a lock of 30 s that its worker renews stands for fencing';

function bullmq(
  name: string,
  more: Pick<Peer, 'packages' | 'settings' | 'store'> & {
    /** What a queue or a worker connects by. */
    connection(url: string): object | string;
    backendOf(module: BullMq): unknown;
    skips: string;
    prepare(module: BullMq, url: string): Promise<void>;
  },
): Peer {
  const { connection, backendOf, prepare, ...said } = more;
  return {
    name,
    ...said,
    call: async (url) => {
      const module = await loadPeer<BullMq>('bullmq');
      await prepare(module, url);
      const queue = new module.Queue(queueName, { connection: connection(url) }, backendOf(module));
      queue.on('error', (error) => console.error(error));
      await queue.waitUntilReady();
      return {
        enqueueBatch: async (payloads) => {
          await queue.addBulk(payloads.map((data) => ({ name: 'noop', data, opts: jobOptions })));
        },
        enqueueOne: async (payload) => {
          await queue.add('noop', payload, jobOptions);
        },
        drained: async () => {
          const counts = await queue.getJobCounts(...unfinished);
          return Object.values(counts).every((count) => count === 0);
        },
        close: () => queue.close(),
      };
    },
    work: async (url, handler: Handler) => {
      const module = await loadPeer<BullMq>('bullmq');
      const options = { connection: connection(url), concurrency };
      const worker = new module.Worker(queueName, (job) => handler(job.data), options, backendOf(module));
      worker.on('error', (error) => console.error(error));
      await worker.waitUntilReady();
      return { stop: () => worker.close() };
    },
  };
}

export const bullmqRedis = bullmq('bullmq redis', {
  packages: ['bullmq', 'ioredis'],
  settings: '200 jobs at once, finished jobs removed; Redis with its append-only file synced every second (its guides)',
  skips: `${skips}; after a crash of the machine a second of work may be gone`,
  store: async (services) => {
    const { url } = await services.redis();
    return { url, remove: () => flush(url) };
  },
  connection: (url) => ({ host: '127.0.0.1', port: Number(new URL(url).port), maxRetriesPerRequest: null }),
  backendOf: () => undefined,
  prepare: (_module, url) => flush(url),
});

/** A round begins with an empty Redis. */
async function flush(url: string): Promise<void> {
  const { Redis } = await loadPeer<{
    Redis: new (url: string) => { flushall(): Promise<unknown>; quit(): Promise<unknown> };
  }>('ioredis');
  const redis = new Redis(url);
  await redis.flushall();
  await redis.quit();
}

export const bullmqPostgres = bullmq('bullmq postgres', {
  packages: ['bullmq'],
  settings:
    '200 jobs at once, a pool of 25, finished jobs removed; its own PostgreSQL backend, durable as shipped (its guide)',
  skips,
  store: async (services) => {
    const place = await services.place('postgres');
    return { url: place.store, remove: () => place.remove() };
  },
  connection: (url) => ({ connectionString: url, max: 25 }),
  backendOf: ({ createPostgresBackend }) => createPostgresBackend,
  prepare: async ({ runMigrations }, url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await runMigrations(client);
    } finally {
      await client.end();
    }
  },
});
