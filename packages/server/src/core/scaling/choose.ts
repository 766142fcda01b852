// Who goes, and who comes back. A worker that is idle goes first, then those that are thought to be idle soonest; one whose runs are
// thought to take longer than it may drain does not go, for it would be taken back. Starting machines are waited for: they may have
// registered and begun to work by the time the platform hears of it.

import type { WorkerSignal } from './scaling-input.ts';
import { endsSoon, type Seen } from './standing.ts';

export function leaversOf(seen: Seen, count: number): string[] {
  if (count <= 0) return [];
  const { workers, now, drainMs } = seen;
  return workers
    .filter(({ state, busy, idleAt }) => state === 'live' && (busy === 0 || idleAt - now <= drainMs))
    .map((one) => ({ worker: one.worker, idleAt: one.idleAt, turn: turnOf(one, seen) }))
    .toSorted((a, b) => a.turn - b.turn || a.idleAt - b.idleAt || (a.worker < b.worker ? -1 : 1))
    .slice(0, count)
    .map(({ worker }) => worker);
}

/** Idle ones first, of them those that end anyway; last those whose runs take longer than usual, for nobody knows how much. */
function turnOf(worker: WorkerSignal, seen: Seen): number {
  if (worker.busy > 0) return worker.idleAt > seen.now ? 2 : 3;
  return endsSoon(worker, seen) ? 0 : 1;
}

/** Those that work come back first: an empty one may have been let go already. */
export function returnersOf(seen: Seen, count: number, overdue: readonly WorkerSignal[]): string[] {
  const names = overdue.map(({ worker }) => worker);
  if (count <= 0) return names;
  const taken = new Set(names);
  const more = seen.workers
    .filter((worker) => worker.state === 'draining' && !taken.has(worker.worker) && !endsSoon(worker, seen))
    .toSorted(
      (a, b) =>
        Number(b.busy > 0) - Number(a.busy > 0) ||
        (b.drainingSince ?? 0) - (a.drainingSince ?? 0) ||
        (a.worker < b.worker ? -1 : 1),
    );
  return [...names, ...more.slice(0, count).map(({ worker }) => worker)];
}
