// Wakes the log streams of a run when lines were stored. One subscription serves all streams, so that a signal that names
// hundreds of runs costs one look at each name, however many streams are open.

import type { Signals } from '../ports/signals.ts';
import type { Wake } from './wake.ts';

export class LogWakes {
  readonly #signals: Signals;
  readonly #byRun = new Map<string, Set<Wake>>();
  #unsubscribe: (() => void) | null = null;

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  /** Returns the way to forget it again. */
  add(runId: string, wake: Wake): () => void {
    const wakes = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, wakes.add(wake));
    this.#unsubscribe ??= this.#signals.subscribe('logs', ({ runs }) => {
      for (const run of runs) for (const one of this.#byRun.get(run) ?? []) one.now();
    });
    return () => this.#forget(runId, wake);
  }

  #forget(runId: string, wake: Wake): void {
    const wakes = this.#byRun.get(runId);
    wakes?.delete(wake);
    if (wakes?.size === 0) this.#byRun.delete(runId);
    if (this.#byRun.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }
}
