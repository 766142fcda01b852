// What tests of the driver begin with: the double with its certificates, and a scaler that reaches it over HTTPS as a service account does.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from '../../../../../../test/support/certificates.ts';
import type { ScaledPool, Scaler } from '../../../ports/scaler.ts';
import { scaledPool } from '../../../ports/testing/scaled-pool.ts';
import { systemClock } from '../../system/clock.ts';
import { openHttp } from '../../system/http-client.ts';
import { systemIdentity } from '../../system/identity.ts';
import { inClusterAccess } from '../cluster-access.ts';
import { kubernetesScaler, type KubernetesScalerOptions } from '../kubernetes-scaler.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import type { WorkloadObject } from './cluster-state.ts';

export interface TestCluster {
  readonly api: ApiServer;
  readonly scaler: Scaler;
  /** A directory like that of a service account, with `token` and `ca.crt`. */
  readonly account: string;
  readonly certificates: Certificates;
  /** Adds a workload of that name, and answers a pool that is made of it. */
  pool(
    name: string,
    options?: { workload?: WorkloadObject['kind']; replicas?: number; firstOrdinal?: number },
  ): ScaledPool;
  workloadOf(pool: ScaledPool): WorkloadObject;
  options(more?: Partial<KubernetesScalerOptions>): KubernetesScalerOptions;
  close(): Promise<void>;
}

let made: { readonly home: string; readonly certificates: Certificates } | null = null;

/** Once for all tests of a process: making keys takes longer than the tests. */
export function sharedCertificates(): Certificates {
  if (made === null) {
    const home = mkdtempSync(join(tmpdir(), 'tidewheel-kube-certificates-'));
    process.once('exit', () => rmSync(home, { recursive: true, force: true }));
    made = { home, certificates: makeCertificates(home) };
  }
  return made.certificates;
}

export async function startCluster(more: Partial<KubernetesScalerOptions> = {}): Promise<TestCluster> {
  const certificates = sharedCertificates();
  const api = await startApiServer(certificates);
  const account = mkdtempSync(join(tmpdir(), 'tidewheel-kube-account-'));
  writeFileSync(join(account, 'token'), `${api.token}\n`);
  writeFileSync(join(account, 'ca.crt'), readFileSync(certificates.caFile));
  const { hostname, port } = new URL(api.url);
  const options = (extra: Partial<KubernetesScalerOptions> = {}): KubernetesScalerOptions => ({
    access: inClusterAccess({ host: hostname, port, directory: account }, systemClock),
    openHttp,
    clock: systemClock,
    identity: systemIdentity,
    hearMs: 0,
    boundMs: 10_000,
    ...more,
    ...extra,
  });
  const scaler = kubernetesScaler(options());
  return {
    api,
    scaler,
    account,
    certificates,
    options,
    pool: (name, { workload = 'Deployment', replicas = 0, firstOrdinal = 0 } = {}) => {
      const selector = { app: name };
      api.state.addWorkload({
        kind: workload,
        namespace: 'work',
        name,
        replicas,
        selector,
        firstOrdinal,
        template: 'aaa',
      });
      return scaledPool(name, { kind: 'kubernetes', namespace: 'work', workload, name });
    },
    workloadOf: ({ driver }) => {
      if (driver.kind !== 'kubernetes') throw new TypeError(driver.kind);
      const found = api.state.workloads.get(`${driver.workload} ${driver.namespace}/${driver.name}`);
      if (found === undefined) throw new TypeError(driver.name);
      return found;
    },
    close: async () => {
      await scaler.close();
      await api.close();
      rmSync(account, { recursive: true });
    },
  };
}
