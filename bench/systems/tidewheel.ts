// Tidewheel under test: masters and one worker on a database of their own; the benchmark is a caller of the HTTP API by the SDK, which
// gives every run an idempotency key. History, logs, fencing and statistics are on, as always.

import type { JobInput } from '@tidewheel/protocol';
import { nowMs } from '../wall-clock.ts';
import { openReader } from './ask-store.ts';
import { Cluster, type Version } from './cluster.ts';
import type { Engine, Place, Services } from './services.ts';
import type { OpenSystem, System } from './system.ts';

export interface TidewheelOptions {
  readonly masters?: number;
  readonly version?: Version;
  /** Instead of an empty database; the token is of its administrator, the job is known there. */
  readonly on?: { readonly place: Place; readonly token: string };
  /** The job whose runs are enqueued; its queue, when it is not the default one. */
  readonly job?: string;
  readonly queue?: string;
}

export interface OpenTidewheel extends OpenSystem {
  readonly cluster: Cluster;
  readonly place: Place;
}

export function tidewheel(engine: Engine, version?: Version, name = `tidewheel ${engine}`): System {
  return {
    name,
    settings: 'one master, one worker with 1,000 slots; runs come over HTTP by the SDK, each with an idempotency key',
    skips: null,
    open: (services) => openTidewheel(engine, services, version === undefined ? {} : { version }),
  };
}

export async function openTidewheel(
  engine: Engine,
  services: Services,
  options: TidewheelOptions = {},
): Promise<OpenTidewheel> {
  const { directory, workerEnvironment: environment } = services;
  const { masters = 1, version, on, job = 'noop', queue } = options;
  const place = on?.place ?? (await services.place(engine));
  const cluster = await Cluster.start({
    store: place.store,
    directory,
    environment,
    masters,
    ...(version === undefined ? {} : { version }),
    ...(on === undefined ? {} : { token: on.token }),
  });
  const { client, address, adminToken: token } = cluster;
  const noop: JobInput = { name: job, task: 'stamped' };
  if (on === undefined) await client.apply({ jobs: [noop], source: 'bench' });
  const reader = await openReader(place.store);
  const run = (): { job: string; payload: { sentAt: number } } => ({ job, payload: { sentAt: nowMs() } });
  return {
    cluster,
    place,
    enqueueBatch: async (count) => {
      const one = run();
      await client.runs.triggerBatch(Array.from({ length: count }, () => one));
    },
    enqueueOne: async () => {
      await client.runs.trigger(run());
    },
    work: async () => {
      await cluster.addWorker(queue === undefined ? {} : { queues: queue });
    },
    drained: async () => (await reader.ask('select 1 from run limit 1')).length === 0,
    door: { address, path: '/v1/namespaces/default/runs', token, body: () => JSON.stringify(run()) },
    close: async () => {
      await reader.close();
      await cluster.kill();
      await place.remove();
    },
  };
}
