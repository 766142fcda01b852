// Runs many seeds: a range, or new ones for some minutes. Stops at the first that finds something, because one seed is a
// whole bug report and the next is probably the same bug.

import type { Clock } from '../../ports/clock.ts';
import { simulate, type Verdict } from '../simulator.ts';

export interface Explored {
  failed: Verdict | null;
  seeds: number;
  virtualMs: number;
  elapsedMs: number;
  /** Boundaries of effects at which a master crashed in at least one seed. */
  crashedAt: Set<string>;
}

export interface ExploreOptions {
  /** The next seed, or null when there are no more. */
  next: () => number | null;
  /** Runs each seed a second time and compares the hashes. */
  twice: boolean;
  clock: Pick<Clock, 'monotonicMs'>;
  onVerdict?: (verdict: Verdict) => void;
}

export async function explore(options: ExploreOptions): Promise<Explored> {
  const startedAt = options.clock.monotonicMs();
  const explored: Explored = { failed: null, seeds: 0, virtualMs: 0, elapsedMs: 0, crashedAt: new Set() };
  for (let seed = options.next(); seed !== null && explored.failed === null; seed = options.next()) {
    const verdict = await simulate(seed);
    if (options.twice) await compare(verdict);
    explored.seeds += 1;
    explored.virtualMs += verdict.virtualMs;
    for (const name of verdict.crashedAt) explored.crashedAt.add(name);
    if (verdict.findings.length > 0) explored.failed = verdict;
    options.onVerdict?.(verdict);
  }
  explored.elapsedMs = options.clock.monotonicMs() - startedAt;
  return explored;
}

/** A seed whose second run differs cannot be trusted to show a bug again: that is a finding of its own. */
async function compare(verdict: Verdict): Promise<void> {
  const again = await simulate(verdict.options.seed);
  if (again.hash === verdict.hash) return;
  verdict.findings.push({
    checker: 'repeat',
    what: `the second run has the hash ${again.hash}, the first ${verdict.hash}`,
  });
}

export function rangeOf(first: number, last: number): () => number | null {
  let seed = first;
  return () => (seed > last ? null : seed++);
}
