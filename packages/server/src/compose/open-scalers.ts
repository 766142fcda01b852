// Makes the scalers that the configuration switches on. A driver that is not in use is not loaded.

import { Refusal } from '@tidewheel/protocol';
import type { ScalerConfig } from '../config.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { openHttp } from '../drivers/system/http-client.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Scaler, Scalers } from '../ports/scaler.ts';
import { fileOf } from './config-file.ts';

/** 128 bits in hexadecimal digits. */
const secretCharacters = 32;

/** All but worker processes beside this master, which need its address. Refusals: INVALID_CONFIG. */
export async function openScalers(config: ScalerConfig): Promise<Scalers> {
  const { kubernetes, commands, webhooks, environment } = config;
  return {
    ...(kubernetes === null ? {} : { kubernetes: await openKubernetes(kubernetes) }),
    ...(commands.length === 0 ? {} : { command: await openCommands(commands, environment) }),
    ...(webhooks === null ? {} : { webhook: await openWebhooks(webhooks) }),
  };
}

export async function closeScalers(scalers: Scalers): Promise<void> {
  await Promise.all(Object.values(scalers).map((scaler) => scaler.close()));
}

async function openKubernetes(config: NonNullable<ScalerConfig['kubernetes']>): Promise<Scaler> {
  const { kubernetesScaler } = await import('../drivers/kubernetes/kubernetes-scaler.ts');
  const { clusterAccess, inClusterAccess } = await import('../drivers/kubernetes/cluster-access.ts');
  const ports = { openHttp, clock: systemClock, identity: systemIdentity };
  if (config.kind === 'pod') return kubernetesScaler({ ...ports, access: inClusterAccess(config, systemClock) });
  const { readKubeconfig } = await import('../drivers/kubernetes/kubeconfig.ts');
  const sources = await readKubeconfig(config.files, config.context);
  return kubernetesScaler({ ...ports, access: clusterAccess(sources, systemClock) });
}

async function openCommands(allowed: readonly string[], environment: ScalerConfig['environment']): Promise<Scaler> {
  const { commandScaler } = await import('../drivers/command/command-scaler.ts');
  return commandScaler({ allowed, environment, clock: systemClock });
}

async function openWebhooks({ allowed, secretFile, caFile }: NonNullable<ScalerConfig['webhooks']>): Promise<Scaler> {
  const { webhookScaler } = await import('../drivers/webhook/webhook-scaler.ts');
  const secret = fileOf('scaler.webhookSecretFile', secretFile).trim();
  if (secret.length < secretCharacters)
    throw new Refusal('INVALID_CONFIG', `scaler.webhookSecretFile: expected at least ${secretCharacters} characters`);
  const http = openHttp(caFile === null ? {} : { ca: fileOf('scaler.webhookCa', caFile) });
  return webhookScaler({ allowed, secret, http, clock: systemClock });
}
