// The objects of the double with their versions, and what changed in which order: what a list answers, and what a watch goes on with.

import { randomUUID } from 'node:crypto';

export interface PodObject {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller: boolean }[];
  };
  spec: { nodeName?: string; terminationGracePeriodSeconds: number; containers: { name: string; image: string }[] };
  status: {
    phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    startTime?: string;
    conditions: { type: string; status: string; reason?: string; message?: string; lastTransitionTime: string }[];
    containerStatuses: ContainerStatusObject[];
  };
}

export interface ContainerStatusObject {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  restartCount: number;
  state: { waiting?: { reason: string; message?: string }; running?: { startedAt: string } };
}

export interface WorkloadObject {
  kind: 'Deployment' | 'StatefulSet';
  namespace: string;
  name: string;
  uid: string;
  version: number;
  replicas: number;
  selector: Record<string, string>;
  firstOrdinal: number;
  /** Of a Deployment: the word in the name of its set of pods; another one begins a roll-out. */
  template: string;
  conditions: { type: string; status: string; reason: string; message: string }[];
}

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly pod: PodObject;
}

/** No two alike, so that the order of any two is seen. Those of a real API server are whole seconds. */
let last = 0;
export function timestamp(): string {
  last = Math.max(last + 1, Date.now());
  return new Date(last).toISOString();
}

export class ClusterState {
  readonly pods = new Map<string, PodObject>();
  readonly workloads = new Map<string, WorkloadObject>();
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<() => void>();
  #version = 100;
  /** Versions before this one are forgotten: a watch from there is answered with 410. */
  compactedAt = 0;

  get version(): number {
    return this.#version;
  }

  addWorkload(workload: Omit<WorkloadObject, 'uid' | 'version' | 'conditions'>): WorkloadObject {
    const added = { ...workload, uid: randomUUID(), version: this.#next(), conditions: [] };
    this.workloads.set(keyOf(added.kind, added.namespace, added.name), added);
    return added;
  }

  /** Every change of a workload, its status as well, gives it another version. */
  touch(workload: WorkloadObject): void {
    workload.version = this.#next();
    this.#tell();
  }

  write(pod: PodObject): void {
    const type = this.pods.has(pod.metadata.uid) ? 'MODIFIED' : 'ADDED';
    this.#log(type, pod);
    this.pods.set(pod.metadata.uid, pod);
  }

  remove(pod: PodObject): void {
    this.pods.delete(pod.metadata.uid);
    this.#log('DELETED', pod);
  }

  podsOf(namespace: string): PodObject[] {
    return [...this.pods.values()].filter(({ metadata }) => metadata.namespace === namespace);
  }

  podNamed(namespace: string, name: string): PodObject | undefined {
    return this.podsOf(namespace).find(({ metadata }) => metadata.name === name);
  }

  since(version: number): readonly Change[] {
    return this.#changes.filter((change) => change.version > version);
  }

  /** Forgets what has been; only what is there now can be listed. */
  compact(): void {
    this.compactedAt = this.#next();
    this.#changes.length = 0;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #log(type: Change['type'], pod: PodObject): void {
    const version = this.#next();
    pod.metadata.resourceVersion = String(version);
    this.#changes.push({ version, type, pod: structuredClone(pod) });
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #next(): number {
    this.#version += 1;
    return this.#version;
  }
}

export function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}

export function matches(labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Equality only, as far as the driver hands on what it was told. */
export function selectorOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .filter((part) => part !== '')
      .map((part) => part.split('=', 2) as [string, string]),
  );
}
