// How many workers each pool of a namespace is to have. Pure: the leader's duty gathers the signals, writes the decisions down and acts on
// them; the what-if simulation does the same in virtual time.
//
//   signals ─► demand (slots) ─► wish (workers) ─► room (max, budget, shared) ─► motion (windows, steps) ─► choice (who) ─► words
//
// Pools go by priority, because one may hold work and machines of the next.

import type { ScalingBound } from '@tidewheel/protocol';
import { leaversOf, returnersOf } from './choose.ts';
import { type Demand, demandOf, type LanePart } from './demand.ts';
import { explain, explainUnchanged } from './explain.ts';
import { inputsOf } from './inputs.ts';
import { move, type Motion, wishesWith } from './motion.ts';
import { type Room, roomOf, SharedMaxima } from './room.ts';
import type { DecideScaling, ManualOrders, PoolDecision, PoolInput } from './scaling-input.ts';
import { SharedLanes } from './shared-lanes.ts';
import { type Seen, type Standing, standingOf } from './standing.ts';
import { type Wish, wishOf } from './wish.ts';

/** How often decisions are thought to be made: work that is coming before the next one is for this one. */
export const decisionPeriodMs = 1000;

export const decideScaling: DecideScaling = (pools) => {
  const maxima = new SharedMaxima(pools);
  const lanes = new SharedLanes(pools);
  const decisions = new Map<PoolInput, PoolDecision>();
  for (const pool of pools.toSorted((a, b) => b.definition.priority - a.definition.priority)) {
    decisions.set(pool, decideOne(pool, maxima, lanes));
  }
  return pools.flatMap((pool) => decisions.get(pool) ?? []);
};

function decideOne(pool: PoolInput, maxima: SharedMaxima, lanes: SharedLanes): PoolDecision {
  const { definition, memory, signals } = pool;
  const { now, workers, startupMs } = signals;
  const aheadMs = startupMs + decisionPeriodMs;
  const seen = { workers, memory, now, drainMs: definition.policy.drain, startupMs, aheadMs };
  const standing = standingOf(seen);
  const frozen = current(signals.manual.frozen, now);
  if (frozen !== null || !definition.enabled) {
    const stays = Math.max(standing.live + standing.starting, memory.ordered ?? 0);
    const weighed = weigh(pool, lanes, definition.enabled ? stays : 0);
    maxima.claim(pool, stays, stays);
    return unchanged(pool, stays, weighed, frozen);
  }
  const manual = current(signals.manual.scale, now);
  const room = roomOf(pool, maxima, manual !== null);
  const weighed = weigh(pool, lanes, Math.min(room.most, manual?.workers ?? Infinity));
  const target = targetOf(pool, { wish: weighed.wish, standing, room, manual });
  const wishes = wishesWith(memory, now, target.exact, definition.policy.in.stabilize);
  const motion = move({
    policy: definition.policy,
    memory: { ...memory, wishes },
    now,
    base: standing.base,
    target: target.workers,
    exact: target.exact,
    room,
    isManual: manual !== null,
    maintenanceUntil: signals.manual.maintenance.find(({ from, to }) => from <= now && now < to)?.to ?? null,
  });
  const choice = choose(seen, standing, motion);
  const { wanted } = choice;
  maxima.claim(pool, Math.max(target.workers, wanted), wanted);
  const words = { definition, now, ...weighed, standing, room, manual, motion, ...choice };
  const bounds = boundsOf(motion, target.bounds, manual);
  return {
    desired: weighed.wish.workers,
    ...choice,
    bounds,
    explanation: explain({ ...words, bounds }),
    memory: {
      outSince: motion.outSince,
      inSince: motion.inSince,
      lastOutAt: wanted > standing.base ? now : memory.lastOutAt,
      lastInAt: wanted < standing.base ? now : memory.lastInAt,
      wishes,
      ordered: wanted,
    },
    inputs: inputsOf(weighed.demand, weighed.wish, startupMs),
  };
}

interface Weighed {
  readonly demand: Demand;
  readonly wish: Wish;
}

/** Takes as much of the lanes as the pool can hold with `most` workers, and leaves the rest to pools of lower priority. */
function weigh(pool: PoolInput, lanes: SharedLanes, most: number): Weighed {
  const { definition, signals } = pool;
  const { policy } = definition;
  const horizonMs = policy.forecast.horizon ?? signals.startupMs + decisionPeriodMs;
  const weighed = (parts: readonly LanePart[]): Weighed => {
    const demand = demandOf({
      lanes: parts,
      coming: [signals.coming],
      now: signals.now,
      startupMs: signals.startupMs,
      horizonMs: policy.forecast.enabled ? horizonMs : null,
      policy,
    });
    return { demand, wish: wishOf({ ...signals, demand, slots: definition.slots, min: definition.min, policy }) };
  };
  const { own, shared } = lanes.partsFor(pool);
  const all = weighed([...own, ...shared]);
  if (shared.length > 0) {
    const wished = all.wish.workers;
    lanes.leave(shared, leftOver(wished, wished > most ? weighed(own).wish.workers : 0, most));
  }
  return all;
}

function current<Order extends { readonly until: number | null }>(order: Order | null, now: number): Order | null {
  return order !== null && (order.until === null || now < order.until) ? order : null;
}

/** The share of what several pools can do that this one cannot take: its own work goes first. */
function leftOver(wished: number, own: number, most: number): number {
  if (wished <= most) return 0;
  const shared = wished - Math.min(own, wished);
  return shared === 0 ? 1 : 1 - Math.max(0, Math.min(1, (most - own) / shared));
}

interface Target {
  readonly workers: number;
  /** What the policy alone would have, before it is rounded up: the window remembers it, whatever people order meanwhile. */
  readonly exact: number;
  readonly bounds: readonly ScalingBound[];
}

/** Those that end soon are wanted twice until they have: they are there, and so must be who takes over. */
function targetOf(
  { definition: { min } }: PoolInput,
  parts: { wish: Wish; standing: Standing; room: Room; manual: ManualOrders['scale'] },
): Target {
  const { wish, standing, room, manual } = parts;
  const able = Math.max(min, wish.workers);
  const exact = Math.min(Math.max(min, wish.exact) + standing.ending, room.most);
  const workers = Math.min(manual?.workers ?? able + standing.ending, room.most);
  const bounds: ScalingBound[] = [];
  if (manual === null && wish.workers < min) bounds.push('min');
  if (workers < (manual?.workers ?? able + standing.ending)) bounds.push(room.bound);
  return { workers, exact, bounds };
}

function choose(seen: Seen, standing: Standing, { goal }: Motion): Pick<PoolDecision, 'wanted' | 'drain' | 'undrain'> {
  const undrain = returnersOf(seen, goal - standing.base, standing.overdue);
  const fewer = Math.max(0, standing.base - goal);
  const given = Math.min(fewer, standing.missing);
  const drain = leaversOf(seen, fewer - given);
  return { wanted: Math.max(goal, standing.base - given - drain.length), drain, undrain };
}

function boundsOf(motion: Motion, bounds: readonly ScalingBound[], manual: ManualOrders['scale']): ScalingBound[] {
  return [...new Set<ScalingBound>([...(manual === null ? [] : (['manual'] as const)), ...bounds, ...motion.bounds])];
}

function unchanged(
  { definition, memory, signals }: PoolInput,
  stays: number,
  { demand, wish }: Weighed,
  frozen: ManualOrders['frozen'],
): PoolDecision {
  return {
    desired: wish.workers,
    wanted: stays,
    bounds: ['frozen'],
    explanation: explainUnchanged(definition, frozen, stays),
    memory: { ...memory, outSince: null, inSince: null, ordered: stays },
    drain: [],
    undrain: [],
    inputs: inputsOf(demand, wish, signals.startupMs),
  };
}
