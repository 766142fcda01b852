// The keys of scalers: which platforms the pools of this cluster may be made of. Pools are declared by whoever may define jobs; programs,
// services and clusters are named by whoever runs the masters.

import { isAbsolute, resolve } from 'node:path';
import type { Fault } from '@tidewheel/protocol';
import { define, type Value } from './config-key.ts';
import { Problem, readList, text } from './config-values.ts';

export type KubernetesConfig =
  | { readonly kind: 'pod'; readonly host: string; readonly port: string }
  | { readonly kind: 'kubeconfig'; readonly files: readonly string[]; readonly context: string | null };

export interface ScalerConfig {
  /** Null: no cluster is known. */
  readonly kubernetes: KubernetesConfig | null;
  readonly commands: readonly string[];
  /** Null: no service may be called. */
  readonly webhooks: {
    readonly allowed: readonly string[];
    readonly secretFile: string;
    readonly caFile: string | null;
  } | null;
  /** Of this process; programs get a few harmless variables of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const inCluster = 'in-cluster';

export const scalerKeys = {
  scalerKubernetes: define({
    key: 'scaler.kubernetes',
    flag: '--scaler-kubernetes',
    placeholder: 'access',
    env: 'TIDEWHEEL_SCALER_KUBERNETES',
    fallback: null,
    help: `the cluster in which pools of the driver kubernetes are: ${inCluster}, or a kubeconfig file, with #CONTEXT for another than its current one; when absent, the cluster of the pod in which this process runs, else KUBECONFIG`,
    read: text,
  }),
  scalerCommands: define({
    key: 'scaler.commands',
    flag: '--scaler-commands',
    placeholder: 'paths',
    env: 'TIDEWHEEL_SCALER_COMMANDS',
    fallback: null,
    help: 'programs that pools of the driver command may name, by absolute paths with commas between; none when absent',
    read: readPrograms,
  }),
  scalerWebhooks: define({
    key: 'scaler.webhooks',
    flag: '--scaler-webhooks',
    placeholder: 'urls',
    env: 'TIDEWHEEL_SCALER_WEBHOOKS',
    fallback: null,
    help: 'addresses that pools of the driver webhook may call, each with all below it, with commas between; none when absent',
    read: readAddresses,
  }),
  scalerWebhookSecret: define({
    key: 'scaler.webhookSecretFile',
    flag: '--scaler-webhook-secret-file',
    placeholder: 'file',
    env: 'TIDEWHEEL_SCALER_WEBHOOK_SECRET_FILE',
    fallback: null,
    help: 'file with the secret that calls of webhooks are signed with',
    read: text,
  }),
  scalerWebhookCa: define({
    key: 'scaler.webhookCa',
    flag: '--scaler-webhook-ca',
    placeholder: 'file',
    env: 'TIDEWHEEL_SCALER_WEBHOOK_CA',
    fallback: null,
    help: "certificates that services of webhooks are checked against instead of the system's, PEM",
    read: text,
  }),
};

/** What is wrong is added to the faults; then the answer is not used. */
export function scalerOf(value: Value, environment: ScalerConfig['environment'], faults: Fault[]): ScalerConfig {
  const [allowed, secretFile] = [value(scalerKeys.scalerWebhooks), value(scalerKeys.scalerWebhookSecret)];
  const caFile = value(scalerKeys.scalerWebhookCa);
  if (allowed !== null && secretFile === null)
    faults.push({
      pointer: scalerKeys.scalerWebhookSecret.key,
      detail: 'needed, because `scaler.webhooks` allows calls',
    });
  return Object.freeze({
    kubernetes: kubernetesOf(value(scalerKeys.scalerKubernetes), environment, faults),
    commands: value(scalerKeys.scalerCommands) ?? [],
    webhooks: allowed === null || secretFile === null ? null : Object.freeze({ allowed, secretFile, caFile }),
    environment,
  });
}

function kubernetesOf(
  access: string | null,
  environment: ScalerConfig['environment'],
  faults: Fault[],
): KubernetesConfig | null {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  if (access === inCluster || (access === null && host !== '')) {
    if (host === '')
      faults.push({
        pointer: scalerKeys.scalerKubernetes.key,
        detail: 'this process does not run in a pod of Kubernetes',
      });
    return { kind: 'pod', host, port: environment['KUBERNETES_SERVICE_PORT'] ?? '443' };
  }
  if (access !== null) {
    const [file = '', context] = access.split('#', 2);
    return { kind: 'kubeconfig', files: [resolve(file)], context: context ?? null };
  }
  const files = (environment['KUBECONFIG'] ?? '').split(':').filter((file) => file !== '');
  return files.length === 0 ? null : { kind: 'kubeconfig', files: files.map((file) => resolve(file)), context: null };
}

function readPrograms(value: string): readonly string[] | Problem {
  const programs = readList(value);
  const fine = programs.length > 0 && programs.every((program) => isAbsolute(program));
  return fine ? Object.freeze(programs) : new Problem('absolute paths of programs, with commas between');
}

function readAddresses(value: string): readonly string[] | Problem {
  const addresses = readList(value);
  const fine = addresses.length > 0 && addresses.every(isAddress);
  return fine
    ? Object.freeze(addresses)
    : new Problem(
        'addresses such as https://scaler.example.com/pools, with commas between, without query and password',
      );
}

function isAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, search, hash, username } = new URL(value);
  return /^https?:$/.test(protocol) && search === '' && hash === '' && username === '';
}
