// Opens etcd, when the masters elect their leader by it. That it does not answer is no reason not to start, since firing needs no
// leader; that it refuses this master is one, since nothing but a person can mend it.

import { Refusal } from '@tidewheel/protocol';
import type { CoordinatorConfig } from '../config.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { answerWithin } from '../master/bounded-call.ts';
import type { Coordinator } from '../ports/coordinator.ts';
import { fileOf } from './config-file.ts';

/** How long etcd may keep a master from starting. */
const verifyMs = 4000;

/** Refusals: INVALID_CONFIG for a file that cannot be read, COORDINATOR_REFUSED. Asked before the store is touched. */
export async function openEtcd(config: CoordinatorConfig & { kind: 'etcd' }): Promise<Coordinator> {
  const { etcdCoordinator } = await import('../drivers/etcd/coordinator.ts');
  const { endpoints, prefix, caFile, client, login } = config;
  const tls = {
    ...(caFile === null ? {} : { ca: fileOf('etcd.ca', caFile) }),
    ...(client === null ? {} : { cert: fileOf('etcd.cert', client.certFile), key: fileOf('etcd.key', client.keyFile) }),
  };
  const credentials =
    login === null ? null : { user: login.user, password: fileOf('etcd.passwordFile', login.passwordFile).trimEnd() };
  const ports = { clock: systemClock, identity: systemIdentity };
  const coordinator = etcdCoordinator({ endpoints, prefix, tls, credentials, ...ports });
  const verified = await answerWithin(systemClock, verifyMs, () => coordinator.verify());
  // One that does not answer is told of by the elector, which goes on asking.
  if (verified.ok || !verified.refused) return coordinator;
  await coordinator.close();
  throw new Refusal('COORDINATOR_REFUSED', verified.why);
}
