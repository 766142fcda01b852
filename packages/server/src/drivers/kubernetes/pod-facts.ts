// What a pod says of itself, in the words of the port: whether its worker can work, why it cannot, and when it must be gone.

import type { Machine } from '../../ports/scaler.ts';
import type { ContainerStatus, Pod } from './api-objects.ts';

export const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
export const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** Reasons for which a container waits and that do not pass by themselves. */
const failures = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PostStartHookError',
]);
/** An autoscaler of nodes takes minutes to make room: until then it is a slow start, and no failure. */
const roomMs = 300_000;
const noteCharacters = 500;
const defaultGraceSeconds = 30;

/** Counted by its workload: neither ended nor ending. */
export function isActive(pod: Pod): boolean {
  return !hasEnded(pod) && !isTerminating(pod);
}

export function hasEnded(pod: Pod): boolean {
  const phase = phaseOf(pod);
  return phase === 'Succeeded' || phase === 'Failed';
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== null && metadata.deletionTimestamp !== undefined;
}

export function phaseOf({ status }: Pod): string {
  return status?.phase ?? 'Pending';
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** The controller that the pod belongs to; null: none. */
export function ownerOf({
  metadata,
}: Pod): { readonly kind: string; readonly name: string; readonly uid: string } | null {
  return metadata.ownerReferences?.find(({ controller }) => controller === true) ?? null;
}

export function annotationOf({ metadata }: Pod, name: string): string | null {
  return metadata.annotations?.[name] ?? null;
}

/** `now`: by the platform's clock; null when it is not known. */
export function machineOf(pod: Pod, now: number | null): Machine {
  const { metadata, status } = pod;
  const disruption = disruptionOf(pod);
  const homeless = withoutRoom(pod);
  const isLate = homeless !== null && now !== null && now - (homeless.since ?? now) >= roomMs;
  const trouble = troubleOf(pod) ?? (isLate ? homeless.note : null);
  const state = isTerminating(pod) ? 'stopping' : trouble !== null ? 'failing' : isReady(pod) ? 'ready' : 'starting';
  const note = disruption?.note ?? trouble ?? (state === 'starting' ? (homeless?.note ?? waitingFor(pod)) : null);
  return {
    worker: metadata.name,
    state,
    startedAt: timeOf(status?.startTime ?? metadata.creationTimestamp),
    endsAt: timeOf(metadata.deletionTimestamp) ?? disruption?.endsAt ?? null,
    note: note === null ? null : note.slice(0, noteCharacters),
  };
}

/** The notice of a preemption, an eviction, a tainted or ending node: it comes before the pod is deleted. */
function disruptionOf(pod: Pod): { readonly note: string; readonly endsAt: number | null } | null {
  const condition = conditionOf(pod, 'DisruptionTarget');
  if (condition?.status !== 'True') return null;
  const at = timeOf(condition.lastTransitionTime);
  const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
  return { note: wordsOf(condition.reason, condition.message), endsAt: at === null ? null : at + graceMs };
}

function troubleOf(pod: Pod): string | null {
  for (const container of containersOf(pod)) {
    const waiting = container.state?.waiting;
    const reason = waiting?.reason;
    if (reason === null || reason === undefined || !failures.has(reason)) continue;
    const restarts = container.restartCount ?? 0;
    const often = restarts === 0 ? '' : ` after ${restarts} restarts`;
    return `${container.name}: ${wordsOf(reason + often, waiting?.message)}`;
  }
  return null;
}

/** No node takes it. */
export function withoutRoom(pod: Pod): { readonly note: string; readonly since: number | null } | null {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return null;
  return { note: wordsOf(scheduled.reason, scheduled.message), since: timeOf(scheduled.lastTransitionTime) };
}

function waitingFor(pod: Pod): string | null {
  for (const { name, state } of containersOf(pod))
    if (state?.waiting?.reason) return `${name}: ${wordsOf(state.waiting.reason, state.waiting.message)}`;
  const ready = conditionOf(pod, 'Ready');
  return ready?.reason ? wordsOf(ready.reason, ready.message) : null;
}

function* containersOf({ status }: Pod): Generator<ContainerStatus> {
  yield* status?.initContainerStatuses ?? [];
  yield* status?.containerStatuses ?? [];
}

function conditionOf({ status }: Pod, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

function wordsOf(reason: string | null | undefined, message: string | null | undefined): string {
  return [reason, message].filter((words) => words !== null && words !== undefined && words !== '').join(': ');
}

function timeOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
