// How a decision is told: as a row among others when it changed something, and as what the leader says of the pool now.

import type { PoolStatus, ScalingDecisionRow } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { PoolActions } from '../core/pools/pool-actions.ts';
import type { PoolDecision, PoolSignals } from '../core/scaling/scaling-input.ts';
import type { PoolHands } from './pool-hands.ts';

const namesTold = 20;

export function decisionRow(
  at: number,
  signals: PoolSignals,
  decision: PoolDecision,
  actions: PoolActions,
): ScalingDecisionRow {
  const { desired, wanted, bounds, explanation } = decision;
  const count = (state: string): number => signals.workers.filter((worker) => worker.state === state).length;
  const lanes = signals.lanes
    .toSorted((a, b) => b.ready - a.ready || b.running - a.running)
    .slice(0, serverLimits.decisionLanesTold)
    .map(({ coming: _, ...lane }) => lane);
  return {
    at,
    workers: { live: count('live'), starting: count('starting'), draining: count('draining') },
    desired,
    wanted,
    bounds: [...bounds],
    explanation,
    inputs: {
      ...decision.inputs,
      startupMs: signals.startupMs,
      ordered: actions.count,
      drained: actions.cordon.length,
      takenBack: actions.uncordon.length,
      drain: decision.drain.slice(0, namesTold),
      lanes,
    },
  };
}

/** Bounds that come and go while a fleet rests are no news by themselves. */
const passing: ReadonlySet<string> = new Set(['stabilize', 'cooldown', 'hysteresis', 'step']);

/** Whether the decision changed something, or something else keeps it from that than before. */
export function isNews(before: ScalingDecisionRow | null, now: ScalingDecisionRow, actions: PoolActions): boolean {
  if (actions.cordon.length + actions.uncordon.length > 0) return true;
  const lasting = (row: ScalingDecisionRow): string => row.bounds.filter((bound) => !passing.has(bound)).join(' ');
  if (before === null) return now.wanted !== now.workers.live || lasting(now) !== '';
  return before.wanted !== now.wanted || lasting(before) !== lasting(now);
}

export function statusOf(
  at: number,
  hands: PoolHands,
  { desired, wanted, bounds, explanation }: PoolDecision,
  actions: PoolActions,
  signals: PoolSignals,
  held: PoolStatus['held'],
): PoolStatus {
  const { fleet } = hands;
  const troubled = (fleet?.machines ?? []).filter(({ state, endsAt }) => state === 'failing' || endsAt !== null);
  return {
    at,
    desired,
    wanted,
    bounds: [...bounds],
    explanation,
    starting: signals.workers.filter(({ state }) => state === 'starting').length,
    ordered: fleet?.ordered ?? null,
    driver: hands.status(at),
    note: fleet?.note ?? null,
    troubled: troubled.slice(0, namesTold).map(({ worker, state, note, endsAt }) => ({ worker, state, note, endsAt })),
    held,
    rollout: actions.rollout,
  };
}

/** What people would notice. The wish alone moves all the time. */
export function statusDiffers(before: PoolStatus | null, now: PoolStatus): boolean {
  return before === null || signsOf(before) !== signsOf(now);
}

function signsOf({ wanted, bounds, starting, ordered, driver, note, troubled, held, rollout }: PoolStatus): string {
  const lasting = bounds.filter((bound) => !passing.has(bound));
  const failing = [driver.state, driver.failures];
  return JSON.stringify([wanted, lasting, starting, ordered, failing, note, troubled, held !== null, rollout]);
}
