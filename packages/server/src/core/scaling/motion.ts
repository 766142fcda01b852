// From the number that is wished for to the number that is ordered: waiting until a wish has held, resting after a change, going in steps,
// and not following small changes downwards. So the fleet follows the load, and not its noise.
//
//            wish > base                       wish < base by more than the hysteresis
//   ◄── held for out.stabilize ──┤ base ├── held for in.stabilize ──►
//       rested for out.cooldown             rested for in.cooldown since any change
//       at most out.step                    at most in.step, and not below the largest wish of the window

import type { PoolPolicy, ScalingBound, Step } from '@tidewheel/protocol';
import type { Room } from './room.ts';
import type { ScalingMemory } from './scaling-input.ts';
import { wholeWorkers } from './wish.ts';

export interface Moving {
  readonly policy: PoolPolicy;
  readonly memory: ScalingMemory;
  readonly now: number;
  readonly base: number;
  /** Wished for, within the room there is. */
  readonly target: number;
  /** The same before it was rounded up. */
  readonly exact: number;
  readonly room: Room;
  /** People ordered it: nothing is waited for. */
  readonly isManual: boolean;
  /** When the present maintenance ends, in which nothing is let go; null outside one. */
  readonly maintenanceUntil: number | null;
}

export interface Motion {
  readonly goal: number;
  readonly bounds: readonly ScalingBound[];
  readonly outSince: number | null;
  readonly inSince: number | null;
  /** When what holds it ends by itself. */
  readonly until: number | null;
}

/** Wishes that are remembered of one window. */
const wishesMost = 60;

export function move(moving: Moving): Motion {
  const { base, target } = moving;
  if (target > base) return moveOut(moving);
  if (target < base) return moveIn(moving);
  return { goal: base, bounds: [], outSince: null, inSince: null, until: null };
}

function moveOut({ policy, memory, now, base, target, room, isManual }: Moving): Motion {
  const outSince = memory.outSince ?? now;
  const held = (bound: ScalingBound, until: number | null): Motion => {
    return { goal: base, bounds: [bound], outSince, inSince: null, until };
  };
  if (!isManual && now - outSince < policy.out.stabilize) return held('stabilize', outSince + policy.out.stabilize);
  if (!isManual && isResting(memory.lastOutAt, policy.out.cooldown, now)) {
    return held('cooldown', (memory.lastOutAt ?? now) + policy.out.cooldown);
  }
  const stepped = isManual ? target : Math.min(target, base + stepOf(policy.out.step, base));
  const goal = Math.min(stepped, Math.max(base, room.free));
  const bounds: ScalingBound[] = [];
  if (stepped < target) bounds.push('step');
  if (goal < stepped) bounds.push('shared');
  return { goal, bounds, outSince, inSince: null, until: null };
}

function moveIn(moving: Moving): Motion {
  const { policy, memory, now, base, target, exact, room, isManual, maintenanceUntil } = moving;
  const { stabilize, cooldown, step } = policy.in;
  let inSince: number | null = null;
  const held = (bound: ScalingBound, until: number | null): Motion => {
    return { goal: base, bounds: [bound], outSince: null, inSince, until };
  };
  if (maintenanceUntil !== null) return held('maintenance', maintenanceUntil);
  if (isManual) return { goal: target, bounds: [], outSince: null, inSince, until: null };
  if (base > room.most) return { goal: room.most, bounds: [room.bound], outSince: null, inSince, until: null };
  if (isSmall(base, exact, policy)) return held('hysteresis', null);
  inSince = memory.inSince ?? now;
  if (now - inSince < stabilize) return held('stabilize', inSince + stabilize);
  const highest = memory.wishes.reduce(
    (most, wish) => (now - wish.at < stabilize ? Math.max(most, wish.workers) : most),
    exact,
  );
  if (isSmall(base, highest, policy)) return held('stabilize', null);
  const changedAt = Math.max(memory.lastInAt ?? -Infinity, memory.lastOutAt ?? -Infinity);
  if (isResting(changedAt, cooldown, now)) return held('cooldown', changedAt + cooldown);
  const kept = wholeWorkers(highest);
  const goal = Math.max(kept, base - stepOf(step, base));
  return { goal, bounds: goal > kept ? ['step'] : [], outSince: null, inSince, until: null };
}

/**
 * Whether those that would be left could not do that share more than is wished for. Measured in parts of workers: a wish that lies close to a
 * whole number would else have one worker come and go for ever.
 */
function isSmall(base: number, exact: number, { hysteresis }: PoolPolicy): boolean {
  return wholeWorkers(exact * (1 + hysteresis)) >= base;
}

function isResting(since: number | null, cooldown: number, now: number): boolean {
  return since !== null && now - since < cooldown;
}

function stepOf(step: Step | undefined, base: number): number {
  if (step === undefined) return Infinity;
  return typeof step === 'number' ? step : Math.max(1, Math.floor((base * Number.parseInt(step, 10)) / 100));
}

/** The window's wishes with a new one. A wish that a later one exceeds can never count again and is not kept, so they fall from first to last. */
export function wishesWith(
  memory: ScalingMemory,
  now: number,
  workers: number,
  windowMs: number,
): ScalingMemory['wishes'] {
  const kept = memory.wishes.filter((wish) => now - wish.at < windowMs && wish.workers > workers);
  const last = kept.at(-1);
  // A higher one stands for those soon after it; one of them is kept when it is older.
  return last !== undefined && now - last.at < windowMs / wishesMost ? kept : [...kept, { at: now, workers }];
}
