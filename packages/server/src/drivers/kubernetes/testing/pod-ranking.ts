// Whom a set of replicas ends first, by the published rules of its controller, all of them.

import type { PodObject } from './cluster-state.ts';

const phases = ['Pending', 'Unknown', 'Running'];

/** Negative: the first goes before the second. `drawn`: what the published rules leave to chance. */
export function compareForDeletion(
  one: PodObject,
  other: PodObject,
  onNode: (name: string) => number,
  drawn: (uid: string) => number,
): number {
  const differences = [
    () => number(assigned(one)) - number(assigned(other)),
    () => phases.indexOf(one.status.phase) - phases.indexOf(other.status.phase),
    () => number(ready(one)) - number(ready(other)),
    () => cost(one) - cost(other),
    () => onNode(other.spec.nodeName ?? '') - onNode(one.spec.nodeName ?? ''),
    // Ages count by powers of two; within one it is left to chance.
    () => drawn(one.metadata.uid) - drawn(other.metadata.uid),
  ];
  for (const difference of differences) {
    const value = difference();
    if (value !== 0) return value;
  }
  return 0;
}

export function ready(pod: PodObject): boolean {
  return pod.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

export function active(pod: PodObject): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined && pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed'
  );
}

function assigned(pod: PodObject): boolean {
  return (pod.spec.nodeName ?? '') !== '';
}

function cost(pod: PodObject): number {
  return Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
}

function number(value: boolean): number {
  return value ? 1 : 0;
}
