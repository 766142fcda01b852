// All peers, and each as a system under test: its callers in the benchmark's process, its worker in a process of its own.

import { join } from 'node:path';
import { Program } from '../../test/support/tidewheel.ts';
import type { Services } from '../systems/services.ts';
import { NotInstalled, type OpenSystem, type System } from '../systems/system.ts';
import { nowMs } from '../wall-clock.ts';
import { bullmqPostgres, bullmqRedis } from './bullmq.ts';
import { graphileDefault, graphileLocalQueue } from './graphile.ts';
import { howToInstall, peerVersion } from './installed.ts';
import type { Peer } from './peer.ts';
import { pgBoss } from './pg-boss.ts';

export const peers: readonly Peer[] = [graphileLocalQueue, graphileDefault, pgBoss, bullmqRedis, bullmqPostgres];

export const peerSystems: readonly System[] = peers.map(systemOf);

/** `graphile-worker 0.18.0`, for the report. */
export function peerPackages(): string[] {
  const names = new Set(peers.flatMap(({ packages }) => packages));
  return [...names].map((name) => `${name} ${peerVersion(name) ?? 'not installed'}`);
}

function systemOf(peer: Peer): System {
  return { name: peer.name, settings: peer.settings, skips: peer.skips, open: (services) => open(peer, services) };
}

async function open(peer: Peer, services: Services): Promise<OpenSystem> {
  const missing = peer.packages.filter((name) => peerVersion(name) === null);
  if (missing.length > 0) throw new NotInstalled(`${missing.join(', ')} not installed: ${howToInstall}`);
  const store = await peer.store(services);
  const caller = await peer.call(store.url);
  let worker: Program | null = null;
  return {
    enqueueBatch: (count) => {
      const payload = { sentAt: nowMs() };
      return caller.enqueueBatch(Array.from({ length: count }, () => payload));
    },
    enqueueOne: () => caller.enqueueOne({ sentAt: nowMs() }),
    work: async () => {
      const args = [join(import.meta.dirname, 'worker.ts'), peer.name, store.url];
      worker = new Program(['--conditions=source', ...args], { env: services.workerEnvironment });
      await worker.says(/^working$/m);
    },
    drained: () => caller.drained(),
    close: async () => {
      await worker?.end('SIGKILL');
      await caller.close();
      await store.remove();
    },
  };
}
