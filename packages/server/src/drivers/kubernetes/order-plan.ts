// What is to be done so that exactly the pods go that an order names. Kubernetes chooses by itself whom a smaller number ends, so the
// number is lowered only as far as it is certain whom that will be.
//
// Of a Deployment: unassigned pods go before assigned ones, then those that are pending, then those that are not ready, and only then the
// lower deletion cost decides; what comes after that is not asked for here, because several rules of it are drawn by lot. So a pod that is
// not named and not ready holds up everybody who is named and ready. While two sets of pods are there (a roll-out), their numbers are
// shared out between them, and nothing is lowered.
//
// Of a StatefulSet: the highest ordinals go. Only those at the end who are named are let go; the rest waits until the ones above have gone.
//
// One who is named although the number does not fall is deleted by itself, and its controller starts another one.

import type { PoolDriver } from '@tidewheel/protocol';
import type { ScalerOrder } from '../../ports/scaler.ts';
import type { Pod } from './api-objects.ts';
import { annotationOf, deletionCost, isActive, isReady, ownerOf, phaseOf } from './pod-facts.ts';

export interface PlanInput {
  readonly workload: (PoolDriver & { kind: 'kubernetes' })['workload'];
  /** As the workload has been told now. */
  readonly replicas: number;
  /** The lowest ordinal of a StatefulSet. */
  readonly firstOrdinal: number;
  readonly pods: readonly Pod[];
  readonly order: ScalerOrder;
  /** Whether this very pod is meant by a name: a StatefulSet gives the name of one that has gone to the next. */
  readonly isNamed: (pod: Pod) => boolean;
}

export interface OrderPlan {
  readonly replicas: number;
  /** Named, and still there. */
  readonly leaving: readonly Pod[];
  /** To be deleted by themselves. */
  readonly replace: readonly Pod[];
  /** Why some who are named must wait. */
  readonly note: string | null;
}

/** Of those who are named. Any other pod has none, or one that is not negative. */
export const leavingCost = -100;
export const busyCost = 100;

const phases = ['Pending', 'Unknown', 'Running'];

export function planOrder(input: PlanInput): OrderPlan {
  const active = input.pods.filter(isActive);
  const leaving = active.filter(input.isNamed);
  const target = Math.max(input.order.count, active.length - leaving.length);
  const lowered =
    input.workload === 'Deployment' ? lowerDeployment(active, target, input) : lowerSet(active, target, input);
  return { ...lowered, leaving, replace: active.length <= target ? leaving : [] };
}

type Lowered = Pick<OrderPlan, 'replicas' | 'note'>;

function lowerDeployment(active: readonly Pod[], target: number, { replicas, isNamed }: PlanInput): Lowered {
  const surplus = active.length - target;
  if (surplus <= 0) return { replicas: target, note: null };
  const { count, why } = certainToGo(active, isNamed);
  // What has to wait raises nothing, and nobody else goes in its place.
  const lowest = active.length - Math.min(surplus, count);
  return { replicas: Math.max(target, Math.min(replicas, lowest)), note: count < surplus ? why : null };
}

function certainToGo(active: readonly Pod[], isNamed: PlanInput['isNamed']): { count: number; why: string | null } {
  const sets = new Set(active.map((pod) => ownerOf(pod)?.uid));
  if (sets.size > 1) return { count: 0, why: 'a roll-out is under way: nobody is let go until it has ended' };
  const ranked = active.map((pod) => ({ pod, rank: rankOf(pod) })).sort((one, other) => compare(one.rank, other.rank));
  const first = ranked.find(({ pod }) => !isNamed(pod));
  if (first === undefined) return { count: ranked.length, why: null };
  const { pod, rank } = first;
  const why = isReady(pod)
    ? 'waiting until all who are to go bear the lowest deletion cost'
    : `waiting: ${pod.metadata.name} is not ready, so that Kubernetes would end it first`;
  return { count: ranked.filter((one) => isNamed(one.pod) && compare(one.rank, rank) < 0).length, why };
}

/** Lower goes first. */
function rankOf(pod: Pod): readonly number[] {
  const cost = Number(annotationOf(pod, deletionCost) ?? 0);
  const assigned = (pod.spec?.nodeName ?? '') !== '';
  return [assigned ? 1 : 0, phases.indexOf(phaseOf(pod)), isReady(pod) ? 1 : 0, Number.isSafeInteger(cost) ? cost : 0];
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [index, value] of one.entries()) {
    const difference = value - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function lowerSet(active: readonly Pod[], target: number, { replicas, firstOrdinal, isNamed }: PlanInput): Lowered {
  const byOrdinal = new Map(active.map((pod) => [ordinalOf(pod), pod]));
  for (let left = replicas; left > target; left -= 1) {
    // One that is not there runs nothing.
    const last = byOrdinal.get(firstOrdinal + left - 1);
    if (last === undefined || isNamed(last)) continue;
    const note = `waiting: a StatefulSet ends its last pod first, and ${last.metadata.name} is to stay`;
    return { replicas: left, note: active.some(isNamed) ? note : null };
  }
  return { replicas: target, note: null };
}

export function ordinalOf({ metadata }: Pod): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1));
}
