// What the workers of a pool use: their slots, their processors, their memory. Slots and processors can be too few; of memory only people can
// say what a worker needs (`tidewheel pool advise`), so it is shown and decides nothing.

import type { WorkerSignal } from './scaling-input.ts';

export interface Usage {
  /** Of the slots of those who work; null when nobody does. */
  readonly slotShare: number | null;
  /** Of all together, and of how many it is known. */
  readonly cores: number;
  readonly coresKnown: number;
  /** Of the fullest. */
  readonly memoryShare: number | null;
}

export function usageOf(workers: readonly WorkerSignal[]): Usage {
  let [slots, busy, cores, coresKnown] = [0, 0, 0, 0];
  let memoryShare: number | null = null;
  for (const worker of workers) {
    if (worker.state === 'starting') continue;
    busy += worker.busy;
    if (worker.state === 'live') slots += worker.slots;
    if (typeof worker.cpu === 'number') {
      cores += worker.cpu;
      coresKnown += 1;
    }
    if (typeof worker.memoryShare === 'number') memoryShare = Math.max(memoryShare ?? 0, worker.memoryShare);
  }
  return { slotShare: slots === 0 ? null : Math.min(1, busy / slots), cores, coresKnown, memoryShare };
}
