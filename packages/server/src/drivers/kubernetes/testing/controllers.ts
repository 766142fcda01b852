// The controllers and the nodes of the double: what happens to pods because of what the workloads say. `settle` lets all of it happen, until
// nothing is left; what a test holds back (a node that is slow, a quota, an image that cannot be pulled) stays as it is.

import { randomUUID } from 'node:crypto';
import { type ClusterState, matches, type PodObject, timestamp, type WorkloadObject } from './cluster-state.ts';
import { active, compareForDeletion, ready } from './pod-ranking.ts';

export interface NodeBehaviour {
  /** Pods that are assigned become running and ready. */
  starts: boolean;
  /** Pods that were told to end, end. */
  ends: boolean;
  /** Null: there is room. */
  unschedulable: string | null;
  /** What a container that is started waits with instead of running. */
  failsWith: { readonly reason: string; readonly message: string } | null;
  /** Pods of one namespace that may be; null: any number. */
  quota: number | null;
}

const nodes = ['node-a', 'node-b', 'node-c'];

export class Controllers {
  readonly behaviour: NodeBehaviour = { starts: true, ends: true, unschedulable: null, failsWith: null, quota: null };
  readonly #state: ClusterState;
  #names = 0;

  constructor(state: ClusterState) {
    this.#state = state;
  }

  settle(): void {
    for (let round = 0; round < 100_000; round += 1) if (!this.#step()) return;
    throw new Error('the double does not settle');
  }

  /** Every number of pods, pod by pod; whether anything was done. */
  #step(): boolean {
    let changed = false;
    for (const workload of this.#state.workloads.values()) changed = this.#reconcile(workload) || changed;
    for (const pod of this.#state.pods.values()) changed = this.#advance(pod) || changed;
    return changed;
  }

  #reconcile(workload: WorkloadObject): boolean {
    const own = this.podsOf(workload);
    return workload.kind === 'Deployment'
      ? this.#reconcileDeployment(workload, own)
      : this.#reconcileSet(workload, own);
  }

  podsOf({ namespace, selector, kind, name }: WorkloadObject): PodObject[] {
    const owns = (owner: string): boolean =>
      kind === 'StatefulSet' ? owner === name : owner.slice(0, owner.lastIndexOf('-')) === name;
    return this.#state
      .podsOf(namespace)
      .filter(({ metadata }) => matches(metadata.labels, selector) && owns(metadata.ownerReferences?.[0]?.name ?? ''));
  }

  #reconcileDeployment(workload: WorkloadObject, own: PodObject[]): boolean {
    const living = own.filter(active);
    const missing = workload.replicas - living.length;
    if (missing > 0) return this.#create(workload, `${workload.name}-${workload.template}-${this.#suffix()}`);
    if (missing === 0) return false;
    const onNode = (node: string): number => living.filter((pod) => pod.spec.nodeName === node && ready(pod)).length;
    // By chance, but always the same for one pod.
    const drawn = (uid: string): number => Number.parseInt(uid.slice(0, 8), 16);
    living.sort((one, other) => compareForDeletion(one, other, onNode, drawn));
    for (const pod of living.slice(0, -missing)) this.end(pod);
    this.#state.touch(workload);
    return true;
  }

  /** One after the other, by number: up from the lowest, down from the highest. */
  #reconcileSet(workload: WorkloadObject, own: PodObject[]): boolean {
    const ordinalOf = (pod: PodObject): number => Number(pod.metadata.name.slice(workload.name.length + 1));
    const above = own.filter((pod) => ordinalOf(pod) >= workload.firstOrdinal + workload.replicas);
    const [highest] = above.toSorted((one, other) => ordinalOf(other) - ordinalOf(one));
    if (highest !== undefined) {
      if (!active(highest)) return false;
      this.end(highest);
      return true;
    }
    for (let index = 0; index < workload.replicas; index += 1) {
      const name = `${workload.name}-${workload.firstOrdinal + index}`;
      const pod = own.find(({ metadata }) => metadata.name === name);
      if (pod === undefined) return this.#create(workload, name);
      if (!active(pod) || !ready(pod)) return false;
    }
    return false;
  }

  #create(workload: WorkloadObject, name: string): boolean {
    const { quota } = this.behaviour;
    const { namespace, kind } = workload;
    if (quota !== null && this.#state.podsOf(namespace).filter(active).length >= quota) {
      if (workload.conditions.length > 0) return false;
      const message = `pods "${name}" is forbidden: exceeded quota: compute, requested: pods=1, limited: pods=${quota}`;
      workload.conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }];
      this.#state.touch(workload);
      return false;
    }
    workload.conditions = [];
    const set = kind === 'Deployment' ? `${workload.name}-${workload.template}` : workload.name;
    const template = kind === 'Deployment' ? { 'pod-template-hash': workload.template } : {};
    this.#state.write({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: timestamp(),
        labels: { ...workload.selector, ...template },
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: kind === 'Deployment' ? 'ReplicaSet' : kind,
            name: set,
            uid: `uid-of-${set}`,
            controller: true,
          },
        ],
      },
      spec: { terminationGracePeriodSeconds: 600, containers: [{ name: 'worker', image: 'worker:1' }] },
      status: { phase: 'Pending', conditions: [], containerStatuses: [] },
    });
    this.#state.touch(workload);
    return true;
  }

  /** As the API server does it: the time at which it must be gone stands on the pod while it ends. */
  end(pod: PodObject): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const graceMs = pod.spec.terminationGracePeriodSeconds * 1000;
    pod.metadata.deletionGracePeriodSeconds = pod.spec.terminationGracePeriodSeconds;
    pod.metadata.deletionTimestamp = new Date(Date.parse(timestamp()) + graceMs).toISOString();
    this.#state.write(pod);
  }

  #advance(pod: PodObject): boolean {
    const { starts, ends, unschedulable, failsWith } = this.behaviour;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (!ends) return false;
      this.#state.remove(pod);
      return true;
    }
    if (pod.status.phase !== 'Pending') return false;
    if (pod.spec.nodeName === undefined) return this.#schedule(pod, unschedulable);
    if (failsWith !== null) return this.#waits(pod, failsWith);
    if (!starts) return false;
    this.become(pod, { phase: 'Running', ready: true });
    return true;
  }

  #schedule(pod: PodObject, trouble: string | null): boolean {
    if (trouble !== null) {
      if (pod.status.conditions.length > 0) return false;
      setCondition(pod, 'PodScheduled', 'False', 'Unschedulable', trouble);
      this.#state.write(pod);
      return true;
    }
    pod.spec.nodeName = nodes[this.#state.pods.size % nodes.length] ?? '';
    pod.status.startTime = timestamp();
    setCondition(pod, 'PodScheduled', 'True');
    this.#state.write(pod);
    return true;
  }

  #waits(pod: PodObject, waiting: { readonly reason: string; readonly message: string }): boolean {
    if (pod.status.containerStatuses[0]?.state.waiting?.reason === waiting.reason) return false;
    pod.status.containerStatuses = [containerOf(false, { waiting: { ...waiting } }, 4)];
    setCondition(pod, 'Ready', 'False', 'ContainersNotReady', 'containers with unready status: [worker]');
    this.#state.write(pod);
    return true;
  }

  become(pod: PodObject, { phase, ready: isReady }: { phase: PodObject['status']['phase']; ready: boolean }): void {
    pod.status.phase = phase;
    pod.status.containerStatuses = [containerOf(isReady, { running: { startedAt: timestamp() } }, 0)];
    if (isReady) setCondition(pod, 'Ready', 'True');
    else setCondition(pod, 'Ready', 'False', 'ContainersNotReady', 'containers with unready status: [worker]');
    this.#state.write(pod);
  }

  disrupt(pod: PodObject, reason: string, message: string): void {
    setCondition(pod, 'DisruptionTarget', 'True', reason, message);
    this.#state.write(pod);
  }

  #suffix(): string {
    this.#names += 1;
    return `p${String(this.#names).padStart(4, '0')}`;
  }
}

function containerOf(
  isReady: boolean,
  state: PodObject['status']['containerStatuses'][number]['state'],
  restarts: number,
) {
  return { name: 'worker', image: 'worker:1', imageID: '', ready: isReady, restartCount: restarts, state };
}

function setCondition(pod: PodObject, type: string, status: string, reason?: string, message?: string): void {
  pod.status.conditions = [
    ...pod.status.conditions.filter((condition) => condition.type !== type),
    {
      type,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      lastTransitionTime: timestamp(),
    },
  ];
}
