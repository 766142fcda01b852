// pg-boss with what its documentation offers for speed and for latency: batches, fetching on without a pause while batches come full, and
// NOTIFY for new jobs. One fetch at a time claims, since further ones in the same process wait for the same rows' index pages.

import { openReader } from '../systems/ask-store.ts';
import { loadPeer } from './installed.ts';
import type { Payload, Peer } from './peer.ts';

interface PgBossModule {
  PgBoss: new (options: object) => PgBoss;
}

interface PgBoss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options?: object): Promise<void>;
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: readonly { data: Payload }[]): Promise<unknown>;
  send(name: string, data: Payload): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: readonly { data: Payload }[]) => Promise<void>): Promise<string>;
}

const queue = 'noop';
const working = {
  batchSize: 500,
  burstWhenBatchFull: true,
  // The shortest that it allows.
  pollingIntervalSeconds: 0.5,
};

async function connect(url: string, options: object): Promise<PgBoss> {
  const { PgBoss: Boss } = await loadPeer<PgBossModule>('pg-boss');
  const boss = new Boss({ connectionString: url, useListenNotify: true, ...options });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  return boss;
}

export const pgBoss: Peer = {
  name: 'pg-boss',
  packages: ['pg-boss'],
  settings: 'batches of 500, burst while batches are full, NOTIFY on, polling every 0.5 s beside it (its workers page)',
  skips:
    'logs, idempotency keys; a batch is completed as a whole, and one failure fails all of it; finished jobs stay for 7 days in the table of waiting ones',
  store: async (services) => {
    const place = await services.place('postgres');
    return { url: place.store, remove: () => place.remove() };
  },
  call: async (url) => {
    const boss = await connect(url, { supervise: false, schedule: false });
    await boss.createQueue(queue, { notify: true });
    const reader = await openReader(url);
    return {
      enqueueBatch: async (payloads) => {
        await boss.insert(
          queue,
          payloads.map((data) => ({ data })),
        );
      },
      enqueueOne: async (payload) => {
        await boss.send(queue, payload);
      },
      drained: async () =>
        (await reader.ask(`select 1 from pgboss.job where name = '${queue}' and state < 'completed' limit 1`))
          .length === 0,
      close: async () => {
        await reader.close();
        await boss.stop({ graceful: false });
      },
    };
  },
  work: async (url, handler) => {
    const boss = await connect(url, {});
    await boss.work(queue, working, async (jobs) => {
      for (const { data } of jobs) await handler(data);
    });
    return { stop: () => boss.stop() };
  },
};
