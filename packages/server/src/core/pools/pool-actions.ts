// What is done about a decision: who drains, who is taken back, who may be given up, and what the platform is told.
//
// The platform is told a number of machines that always covers those that work or still drain, so it never has to choose one of them: what
// it lets go are those that are named, which are empty. Pure.

import type { PoolDecision } from '../scaling/scaling-input.ts';
import type { HeldRuns, PoolMachine, PoolSession } from './pool-facts.ts';
import type { Rollout } from './pool-orders.ts';
import { leavesByItself } from './pool-signals.ts';

export interface ActionFacts {
  readonly decision: PoolDecision;
  /** All sessions of the pool, also those that were given up. */
  readonly sessions: readonly PoolSession[];
  readonly machines: readonly PoolMachine[];
  readonly held: readonly HeldRuns[];
  readonly rollout: Rollout | null;
  /** Of the pool. */
  readonly max: number;
}

export interface PoolActions {
  /** Sessions that drain from now on. */
  readonly cordon: readonly string[];
  /** Sessions that are taken back. */
  readonly uncordon: readonly string[];
  /** Sessions that drain and hold nothing: they may be given up when their master knows of it. */
  readonly empty: readonly string[];
  /** Machines that end soon: their sessions, and when. */
  readonly ending: readonly { readonly id: string; readonly endsAt: number }[];
  /** What the platform is told besides those that are given up now. */
  readonly count: number;
  /** Workers that may go: given up before, or never begun. */
  readonly release: readonly string[];
  /** Workers that work, those first that may go last. */
  readonly keep: readonly string[];
  readonly rollout: RolloutProgress | null;
}

export interface RolloutProgress {
  readonly left: number;
  readonly total: number;
  readonly base: number;
}

export function actionsOf({ decision, sessions, machines, held, rollout, max }: ActionFacts): PoolActions {
  const busyOf = Map.groupBy(held, ({ sessionId }) => sessionId);
  const busy = (session: PoolSession): number =>
    (busyOf.get(session.id) ?? []).reduce((sum, { runs }) => sum + runs, 0);
  const ending = endingOf(sessions, machines);
  const gone = new Set(ending.map(({ id }) => id));
  const staying = sessions.filter((session) => session.releasedAt === null && !leavesByItself(session));
  const live = staying.filter((session) => !session.draining && !gone.has(session.id));
  const draining = staying.filter((session) => session.draining || gone.has(session.id));
  const known = new Set(sessions.map(({ worker }) => worker));
  const unregistered = machines.filter(({ worker, state }) => !known.has(worker) && state !== 'stopping');
  const goal = rollout === null ? decision.wanted : Math.max(rollout.base, Math.min(decision.desired, max));
  const surge = rollout === null ? null : surgeOf(rollout, goal, live, draining, busy);
  const drain = new Set(decision.drain);
  const undrain = new Set(decision.undrain);
  const cordon = surge?.cordon ?? live.filter(({ worker }) => drain.has(worker));
  const back = draining.filter(
    ({ worker, cordonedAt, endsAt, id }) =>
      undrain.has(worker) && cordonedAt !== null && endsAt === null && !gone.has(id) && surge === null,
  );
  const unbegun = unregistered.filter(({ worker }) => drain.has(worker));
  const working = live.length - cordon.length + back.length;
  const starting =
    unregistered.filter(({ state }) => state !== 'failing').length -
    unbegun.filter(({ state }) => state !== 'failing').length;
  const leaving = draining.length - back.length + cordon.length;
  return {
    cordon: cordon.map(({ id }) => id),
    uncordon: back.map(({ id }) => id),
    empty: draining
      .filter(
        (session) =>
          session.cordonedAt !== null && !gone.has(session.id) && !back.includes(session) && busy(session) === 0,
      )
      .map(({ id }) => id),
    ending,
    // Those that leave are part of a surge, so that there are never more than it allows.
    count:
      surge === null
        ? Math.max(goal, working + starting) + leaving
        : Math.max(goal + surge.more, working + starting + leaving),
    release: [
      ...sessions.filter(({ releasedAt }) => releasedAt !== null).map(({ worker }) => worker),
      ...unbegun.map(({ worker }) => worker),
    ],
    keep: staying.toSorted((a, b) => busy(b) - busy(a) || a.createdAt - b.createdAt).map(({ worker }) => worker),
    rollout: surge?.progress ?? null,
  };
}

function endingOf(sessions: readonly PoolSession[], machines: readonly PoolMachine[]): PoolActions['ending'] {
  const ends = new Map(machines.flatMap(({ worker, endsAt }) => (endsAt === null ? [] : [[worker, endsAt] as const])));
  return sessions.flatMap(({ id, worker, endsAt: known, releasedAt }) => {
    const endsAt = ends.get(worker) ?? known;
    return endsAt === null || releasedAt !== null ? [] : [{ id, endsAt }];
  });
}

/** Old workers go as new ones come: what is over the number that is wanted drains, the old ones first, idle ones before busy ones. */
function surgeOf(
  { surge, since, base }: Rollout,
  goal: number,
  live: readonly PoolSession[],
  draining: readonly PoolSession[],
  busy: (session: PoolSession) => number,
): { more: number; cordon: PoolSession[]; progress: RolloutProgress } {
  const isOld = ({ createdAt }: PoolSession): boolean => createdAt <= since;
  const old = live.filter(isOld);
  const left = old.length + draining.filter(isOld).length;
  const over = Math.max(0, live.length - goal);
  const cordon = old.toSorted((a, b) => busy(a) - busy(b) || a.createdAt - b.createdAt).slice(0, over);
  const total = left + live.filter((session) => !isOld(session)).length;
  return { more: old.length > 0 ? surge : 0, cordon, progress: { left, total, base } };
}
