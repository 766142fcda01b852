// Makes the signals of a pool's decision from what was read.

import type { PoolDefinition } from '@tidewheel/protocol';
import type { ComingWork, LaneSignal, PoolSignals, WorkerSignal } from '../scaling/scaling-input.ts';
import type { HeldRuns, PoolMachine, PoolSession, StoreFacts } from './pool-facts.ts';
import { countsForPool, isOfPool } from './pool-lanes.ts';
import { manualOrders, reservedWork } from './pool-orders.ts';

export interface SignalledPool {
  readonly id: string;
  readonly namespace: string;
  readonly definition: PoolDefinition;
  readonly startupMs: number | null;
}

/** What the calendar says of a lane. */
export interface LaneCalendar {
  of(laneId: string): readonly ComingWork[];
  /** Of the arrivals of late, those that it made. */
  foreseenPerSecond(laneId: string, now: number): number;
}

/** What a start is thought to take until one was measured: a process is there soon, a machine of a cloud is not. */
const startupGuessMs = { process: 3000, others: 30_000 } as const;

export function signalsOf(
  pool: SignalledPool,
  facts: StoreFacts,
  machines: readonly PoolMachine[],
  calendar: LaneCalendar,
): PoolSignals {
  const { definition, namespace } = pool;
  const orders = facts.orders.get(pool.id) ?? [];
  const guess = definition.driver.kind === 'process' ? startupGuessMs.process : startupGuessMs.others;
  return {
    now: facts.now,
    lanes: lanesOf(definition, namespace, facts, calendar),
    coming: reservedWork(orders, facts.now),
    workers: workersOf(sessionsOf(pool, facts.sessions), machines, definition.slots, facts),
    startupMs: pool.startupMs ?? guess,
    manual: manualOrders(orders, facts.now),
  };
}

/** The sessions of a pool that still count: not those that were given up. */
export function sessionsOf(
  { definition, namespace }: Pick<SignalledPool, 'definition' | 'namespace'>,
  sessions: readonly PoolSession[],
): PoolSession[] {
  return sessions.filter((session) => session.namespace === namespace && isOfPool(definition, session.labels));
}

/** Lanes in which something waits, runs or comes and goes. */
function lanesOf(
  definition: PoolDefinition,
  namespace: string,
  facts: StoreFacts,
  calendar: LaneCalendar,
): LaneSignal[] {
  const running = new Map<string, number>();
  for (const { laneId, runs } of facts.held) running.set(laneId, (running.get(laneId) ?? 0) + runs);
  return facts.lanes.flatMap((lane): LaneSignal[] => {
    if (lane.namespace !== namespace || !countsForPool(definition, lane)) return [];
    const { laneId, queue, handler, selector, ready, oldestDueAt } = lane;
    const known = facts.history.get(laneId);
    const signal: LaneSignal = {
      queue,
      handler,
      selector,
      ready,
      running: running.get(laneId) ?? 0,
      oldestWaitMs: oldestDueAt === null ? 0 : Math.max(0, facts.now - oldestDueAt),
      runMs: known?.runMs ?? null,
      arrivalsPerSecond: known?.arrivalsPerSecond ?? 0,
      foreseenPerSecond: calendar.foreseenPerSecond(laneId, facts.now),
      completionsPerSecond: known?.completionsPerSecond ?? 0,
    };
    const coming = calendar.of(laneId);
    if (coming.length > 0) return [{ ...signal, coming }];
    const quiet = signal.ready + signal.running + signal.arrivalsPerSecond + signal.completionsPerSecond === 0;
    return quiet ? [] : [signal];
  });
}

function workersOf(
  sessions: readonly PoolSession[],
  machines: readonly PoolMachine[],
  slots: number,
  facts: StoreFacts,
): WorkerSignal[] {
  const heldBy = Map.groupBy(facts.held, ({ sessionId }) => sessionId);
  const known = new Set(sessions.map(({ worker }) => worker));
  const registered = sessions
    .filter((session) => session.releasedAt === null && !leavesByItself(session))
    .map((session): WorkerSignal => {
      const held = heldBy.get(session.id) ?? [];
      return {
        worker: session.worker,
        slots: session.slots,
        busy: held.reduce((sum, { runs }) => sum + runs, 0),
        state: session.draining ? 'draining' : 'live',
        idleAt: idleAtOf(held, facts),
        endsAt: session.endsAt,
        drainingSince: session.cordonedAt,
        cpu: session.cpu,
        memoryShare: session.memoryShare,
      };
    });
  const starting = machines
    // One that keeps failing does not count as there: the platform goes on trying, and nobody waits for it.
    .filter(({ worker, state }) => !known.has(worker) && (state === 'starting' || state === 'ready'))
    .map(
      ({ worker, endsAt }): WorkerSignal => ({
        worker,
        slots,
        busy: 0,
        state: 'starting',
        idleAt: facts.now,
        endsAt,
        drainingSince: null,
      }),
    );
  return [...registered, ...starting];
}

/** Somebody else asked it to drain: it ends with its work, and nobody can take it back. */
export function leavesByItself(session: PoolSession): boolean {
  return session.draining && session.cordonedAt === null && session.endsAt === null;
}

/** By the usual length of what it runs; the present when it runs nothing, or longer than usual. */
function idleAtOf(held: readonly HeldRuns[], facts: StoreFacts): number {
  return held.reduce((latest, { laneId, newestAt }) => {
    const usualMs = facts.history.get(laneId)?.runMs ?? 0;
    return Math.max(latest, newestAt + usualMs, facts.now + 1);
  }, facts.now);
}
