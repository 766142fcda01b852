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

export interface MissingMarks {
  readonly leaving: readonly PodMark[];
  readonly others: readonly PodMark[];
}

export interface MarkInput {
  readonly pods: readonly Pod[];
  /** Names of those who work. */
  readonly working: readonly string[];
  readonly isNamed: (pod: Pod) => boolean;
  readonly idleSince: IdleSince;
  readonly nowMs: number;
  /** Whether the controller of the workload asks for the cost: that of a StatefulSet goes by numbers. */
  readonly byCost: boolean;
}

/** What is missing, the most urgent first: who is to go, who works, who is idle. */
export function missingMarks({ pods, working, isNamed, idleSince, nowMs, byCost }: MarkInput): MissingMarks {
  const busy = new Set(working);
  const leaving: PodMark[] = [];
  const atWork: PodMark[] = [];
  const idle: PodMark[] = [];
  const seen = new Set<string>();
  const add = (marks: PodMark[], pod: Pod, cost: number, free: 'true' | 'false'): void => {
    const annotations = missingOn(pod, byCost ? cost : null, free);
    if (Object.keys(annotations).length > 0) marks.push({ pod, annotations });
  };
  for (const pod of pods.filter(isActive)) {
    const { uid, name } = pod.metadata;
    seen.add(uid);
    if (isNamed(pod)) add(leaving, pod, leavingCost, 'true');
    else if (busy.has(name)) {
      idleSince.delete(uid);
      add(atWork, pod, busyCost, 'false');
    } else {
      const since = idleSince.get(uid) ?? nowMs;
      idleSince.set(uid, since);
      // Taken back from those who were to go: at once, or it would go with the next ones.
      const takenBack = annotationOf(pod, deletionCost) === String(leavingCost);
      if (takenBack || nowMs - since >= idleMs) add(idle, pod, 0, 'true');
    }
  }
  for (const uid of idleSince.keys()) if (!seen.has(uid)) idleSince.delete(uid);
  return { leaving, others: [...atWork, ...idle] };
}

function missingOn(pod: Pod, cost: number | null, free: 'true' | 'false'): Record<string, string> {
  const costs = cost !== null && (annotationOf(pod, deletionCost) ?? '0') !== String(cost);
  return {
    ...(costs ? { [deletionCost]: String(cost) } : {}),
    ...(annotationOf(pod, safeToEvict) === free ? {} : { [safeToEvict]: free }),
  };
}
