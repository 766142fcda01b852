// The deploy files as Kubernetes would get them: the chart rendered by helm with each of its example values, and the overlays of Kustomize.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../tools/house/repository.ts';
import type { KubernetesTools } from './kubernetes-tools.ts';
import { type KubernetesObject, schemaFaults } from './strict-schema.ts';

const deploy = join(repositoryRoot, 'deploy');
export const chart = join(deploy, 'helm/tidewheel');

export const exampleValues = readdirSync(join(chart, 'ci')).map((file) => file.replace(/\.yaml$/, ''));
export const overlays = readdirSync(join(deploy, 'kustomize/overlays'));

function objectsOf(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const object = document.toJS() as KubernetesObject | null;
    return object === null ? [] : [object];
  });
}

/** Throws with what helm says when it refuses the values. */
export function rendered({ helm }: KubernetesTools, values: string, ...sets: string[]): KubernetesObject[] {
  const file = join(chart, 'ci', `${values}.yaml`);
  return objectsOf(
    helm('template', 'tidewheel', chart, '--namespace', 'tidewheel', '-f', file, ...sets.map((set) => `--set=${set}`)),
  );
}

export function built({ kubectl }: KubernetesTools, overlay: string): KubernetesObject[] {
  return objectsOf(kubectl('kustomize', join(deploy, 'kustomize/overlays', overlay)));
}

/** Objects of Kubernetes in the examples of the guide. */
export function guideObjects(): KubernetesObject[] {
  const text = readFileSync(join(repositoryRoot, 'docs/guide/kubernetes.md'), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block ?? '');
  return blocks.flatMap(objectsOf).filter((object) => 'apiVersion' in object);
}

/** As much of the Prometheus operator's kind as the chart uses. */
const serviceMonitor = z.strictObject({
  apiVersion: z.literal('monitoring.coreos.com/v1'),
  kind: z.literal('ServiceMonitor'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()),
  }),
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
    endpoints: z.array(
      z.strictObject({
        port: z.string(),
        path: z.string(),
        scheme: z.enum(['http', 'https']),
        interval: z.string(),
        honorLabels: z.literal(true),
        authorization: z.strictObject({
          type: z.literal('Bearer'),
          credentials: z.strictObject({ name: z.string(), key: z.string() }),
        }),
        tlsConfig: z
          .strictObject({
            serverName: z.string(),
            ca: z.strictObject({ secret: z.strictObject({ name: z.string(), key: z.string() }) }),
          })
          .optional(),
      }),
    ),
  }),
});

export async function faultsOfObject(object: KubernetesObject): Promise<string[]> {
  if (object.kind !== 'ServiceMonitor') return schemaFaults(object);
  return (serviceMonitor.safeParse(object).error?.issues ?? []).map(
    ({ path, message }) => `/${path.map(String).join('/')} ${message}`,
  );
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly securityContext: object;
  readonly readinessProbe?: object;
  readonly livenessProbe?: object;
  readonly startupProbe?: object;
}
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly volumes: readonly object[];
}

/** Pods of workloads, with the name of their workload. */
export function podsOf(
  objects: readonly KubernetesObject[],
): { kind: string; name: string; replicas: unknown; pod: PodSpec }[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind !== 'StatefulSet' && kind !== 'Deployment') return [];
    const { template, replicas } = spec as { template: { spec: PodSpec }; replicas?: number };
    return [{ kind, name: metadata.name, replicas, pod: template.spec }];
  });
}
