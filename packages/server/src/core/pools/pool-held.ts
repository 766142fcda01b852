// What it costs in waiting that a pool may not have as many workers as the load asks for.

import type { PoolDefinition } from '@tidewheel/protocol';
import type { PoolDecision } from '../scaling/scaling-input.ts';

const holding: ReadonlySet<string> = new Set(['max', 'shared', 'budget']);

/** New runs wait until what waits before them is done: by the slots there may be, and by those that are wished for. Null: nothing holds it. */
export function heldBelow(
  definition: Pick<PoolDefinition, 'slots'>,
  decision: PoolDecision,
  waitingSeconds: number,
): { waitMs: number; wishedWaitMs: number } | null {
  if (decision.desired <= decision.wanted || !decision.bounds.some((bound) => holding.has(bound))) return null;
  const waitOf = (workers: number): number =>
    Math.round((waitingSeconds * 1000) / Math.max(1, workers * definition.slots));
  return { waitMs: waitOf(decision.wanted), wishedWaitMs: waitOf(decision.desired) };
}
