// What is written on pods, so that others who end pods (the workload's controller, the cluster autoscaler) take the right ones: those that
// have been named to go first, those that work last, and no node away from under a worker that works.

import type { Pod } from './api-objects.ts';
import { busyCost, leavingCost } from './order-plan.ts';
import { annotationOf, deletionCost, isActive, safeToEvict } from './pod-facts.ts';

export interface PodMark {
  readonly pod: Pod;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Only one that has been idle for so long is given free: short runs would write on every pod every few seconds. */
const idleMs = 60_000;

/** Since when pods have been idle, by uid and the monotonic clock. Kept by the caller, for one pool. */
export type IdleSince = Map<string, number>;

type IsNamed = (pod: Pod) => boolean;

/** Before a number is lowered: those who are to go come first, and those who were to go and are not named any more come no longer first. */
export function orderMarks(pods: readonly Pod[], isNamed: IsNamed): PodMark[] {
  const active = pods.filter(isActive);
  const back = active.filter((pod) => !isNamed(pod) && annotationOf(pod, deletionCost) === String(leavingCost));
  return [
    ...back.map((pod) => ({ pod, annotations: { [deletionCost]: '0' } })),
    ...active.filter(isNamed).flatMap((pod) => missingOn(pod, leavingCost, 'true')),
  ];
}

export interface WorkInput {
  readonly pods: readonly Pod[];
  /** Names of those who work. */
  readonly working: readonly string[];
  readonly isNamed: IsNamed;
  readonly idleSince: IdleSince;
  readonly nowMs: number;
  /** Whether the controller of the workload asks for the cost: that of a StatefulSet goes by numbers. */
  readonly byCost: boolean;
}

/** The more urgent first: who works, then who is idle. */
export function workMarks({ pods, working, isNamed, idleSince, nowMs, byCost }: WorkInput): PodMark[] {
  const busy = new Set(working);
  const atWork: PodMark[] = [];
  const idle: PodMark[] = [];
  const seen = new Set<string>();
  for (const pod of pods.filter(isActive)) {
    const { uid, name } = pod.metadata;
    seen.add(uid);
    if (busy.has(name)) idleSince.delete(uid);
    if (isNamed(pod)) continue;
    if (busy.has(name)) {
      atWork.push(...missingOn(pod, byCost ? busyCost : null, 'false'));
      continue;
    }
    const since = idleSince.get(uid) ?? nowMs;
    idleSince.set(uid, since);
    if (nowMs - since >= idleMs) idle.push(...missingOn(pod, byCost ? 0 : null, 'true'));
  }
  for (const uid of idleSince.keys()) if (!seen.has(uid)) idleSince.delete(uid);
  return [...atWork, ...idle];
}

/** None when it bears them already. */
function missingOn(pod: Pod, cost: number | null, free: 'true' | 'false'): PodMark[] {
  const costs = cost !== null && (annotationOf(pod, deletionCost) ?? '0') !== String(cost);
  const annotations = {
    ...(costs ? { [deletionCost]: String(cost) } : {}),
    ...(annotationOf(pod, safeToEvict) === free ? {} : { [safeToEvict]: free }),
  };
  return Object.keys(annotations).length === 0 ? [] : [{ pod, annotations }];
}
