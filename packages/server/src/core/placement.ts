// Which workers a lane may use, and how free slots are shared between lanes that have work.
// Lanes are matched with sessions once per change of either, never per run.

import { probeHandler, probeNamespace } from '@tidewheel/protocol';

export interface Lane {
  id: string;
  namespace: string;
  queue: string;
  handler: string;
  selector: Readonly<Record<string, string>>;
  paused: boolean;
  /** Weight of the lane's namespace in the rotation. */
  weight: number;
}

export interface Capability {
  namespace: string;
  queues: readonly string[];
  handlers: readonly string[];
  labels: Readonly<Record<string, string>>;
}

/** A probe's lane names in its queue the namespace whose workers it tries. */
export function serves(worker: Capability, lane: Lane): boolean {
  if (lane.namespace === probeNamespace && lane.handler === probeHandler)
    return worker.namespace === lane.queue && worker.handlers.includes(probeHandler);
  return (
    worker.namespace === lane.namespace &&
    worker.queues.includes(lane.queue) &&
    worker.handlers.includes(lane.handler) &&
    Object.entries(lane.selector).every(([key, value]) => worker.labels[key] === value)
  );
}

/** A session's free slots, as the plan may spend them. */
export interface Credit {
  sessionId: string;
  free: number;
}

export interface LaneDemand {
  laneId: string;
  namespace: string;
  weight: number;
  sessionIds: readonly string[];
}

/** For each lane the sessions whose slots it may fill, one entry per slot. */
export interface LaneGrant {
  laneId: string;
  sessionIds: string[];
}

/**
 * Shares free slots between lanes: namespaces take turns, `weight` slots a turn; within a namespace its lanes take turns;
 * each slot comes from the eligible session with the most left. `first` rotates who begins. At most `max` slots in all.
 */
export function shareSlots(
  lanes: readonly LaneDemand[],
  credits: readonly Credit[],
  max: number,
  first: number,
): LaneGrant[] {
  const left = new Map(credits.map((credit) => [credit.sessionId, credit.free]));
  const granted = new Map<string, string[]>();
  const groups = groupByNamespace(lanes, first);
  let spent = 0;
  while (spent < max && groups.length > 0) {
    for (let index = 0; index < groups.length && spent < max; ) {
      const group = groups[index];
      if (group === undefined) break;
      const taken = takeTurn(group, left, granted, max - spent);
      spent += taken;
      if (taken === 0) groups.splice(index, 1);
      else index += 1;
    }
  }
  return [...granted].map(([laneId, sessionIds]) => ({ laneId, sessionIds }));
}

interface NamespaceTurn {
  weight: number;
  lanes: LaneDemand[];
}

function groupByNamespace(lanes: readonly LaneDemand[], first: number): NamespaceTurn[] {
  const groups = new Map<string, NamespaceTurn>();
  for (const lane of lanes) {
    const group = groups.get(lane.namespace) ?? { weight: lane.weight, lanes: [] };
    group.lanes.push(lane);
    groups.set(lane.namespace, group);
  }
  const turns = [...groups.values()];
  for (const turn of turns) rotate(turn.lanes, first);
  rotate(turns, first);
  return turns;
}

function rotate<T>(items: T[], by: number): void {
  if (items.length > 1) items.push(...items.splice(0, by % items.length));
}

function takeTurn(turn: NamespaceTurn, left: Map<string, number>, granted: Map<string, string[]>, max: number): number {
  let taken = 0;
  while (taken < Math.min(turn.weight, max) && turn.lanes.length > 0) {
    const lane = turn.lanes.shift();
    if (lane === undefined) break;
    const sessionId = mostFree(lane.sessionIds, left);
    if (sessionId === null) continue;
    left.set(sessionId, (left.get(sessionId) ?? 0) - 1);
    const slots = granted.get(lane.laneId) ?? [];
    slots.push(sessionId);
    granted.set(lane.laneId, slots);
    turn.lanes.push(lane);
    taken += 1;
  }
  return taken;
}

function mostFree(sessionIds: readonly string[], left: ReadonlyMap<string, number>): string | null {
  let best: string | null = null;
  let bestFree = 0;
  for (const sessionId of sessionIds) {
    const free = left.get(sessionId) ?? 0;
    if (free > bestFree) {
      best = sessionId;
      bestFree = free;
    }
  }
  return best;
}
