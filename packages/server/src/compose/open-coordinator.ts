// Opens what the masters elect their leader by. That etcd does not answer is no reason not to start: firing needs no leader.

import { readFileSync } from 'node:fs';
import { Refusal } from '@tidewheel/protocol';
import type { CoordinatorConfig } from '../config.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Coordinator } from '../ports/coordinator.ts';
import type { Database } from '../ports/database.ts';
import type { Signals } from '../ports/signals.ts';
import { leaseRows } from '../store/lease-rows.ts';

/** Refusals: INVALID_CONFIG for a file that cannot be read. */
export async function openCoordinator(
  config: CoordinatorConfig,
  store: { db: Database; signals: Signals },
): Promise<Coordinator> {
  if (config.kind === 'store') return leaseRows(store);
  const { etcdCoordinator } = await import('../drivers/etcd/coordinator.ts');
  const { endpoints, prefix, caFile, client, login } = config;
  const tls = {
    ...(caFile === null ? {} : { ca: fileOf('etcd.ca', caFile) }),
    ...(client === null ? {} : { cert: fileOf('etcd.cert', client.certFile), key: fileOf('etcd.key', client.keyFile) }),
  };
  const credentials =
    login === null ? null : { user: login.user, password: fileOf('etcd.passwordFile', login.passwordFile).trimEnd() };
  return etcdCoordinator({ endpoints, prefix, tls, credentials, clock: systemClock, identity: systemIdentity });
}

function fileOf(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refusal('INVALID_CONFIG', `${key}: ${path} cannot be read`, { cause: error });
  }
}
