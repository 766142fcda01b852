// The figures of a decision as its row keeps them: few, flat and rounded, so that a year of rows can be read and compared.

import type { Demand } from './demand.ts';
import type { Wish } from './wish.ts';

export function inputsOf(demand: Demand, wish: Wish, startupMs: number): Record<string, number | string | null> {
  return {
    reason: wish.reason,
    ready: rounded(demand.ready),
    running: rounded(demand.running),
    oldestWaitMs: Math.round(demand.oldestWaitMs),
    waitingSeconds: rounded(demand.waitingSeconds),
    runningSeconds: rounded(demand.runningSeconds),
    arrivalsPerSecond: rounded(demand.arrivalsPerSecond),
    runMs: Math.round(demand.runMs),
    offeredSlots: rounded(demand.offered),
    steadySlots: rounded(demand.steady),
    waitingSlots: rounded(demand.waiting),
    comingSlots: rounded(demand.coming),
    comingRuns: rounded(demand.comingRuns),
    comingInMs: demand.comingInMs === null ? null : Math.round(demand.comingInMs),
    slotsPerWorker: rounded(wish.slotsPerWorker),
    slotShare: roundedOrNull(wish.usage.slotShare),
    cores: wish.usage.coresKnown === 0 ? null : rounded(wish.usage.cores),
    memoryShare: roundedOrNull(wish.usage.memoryShare),
    startupMs: Math.round(startupMs),
  };
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
