// Real time and randomness for the client and the worker. A timer of 0 ms fires after the events that are at hand, and so
// gathers what they say.

import { randomUUID } from 'node:crypto';
import type { WorkerClock, WorkerRandom } from '../worker/session-ports.ts';

/** setTimeout fires at once when it is asked for longer. */
const longestMs = 2 ** 31 - 1;

export const systemClock: WorkerClock = {
  monotonicMs: () => performance.now(),
  timer(delayMs, fire) {
    if (delayMs <= 0) {
      const soon = setImmediate(fire);
      return { cancel: () => clearImmediate(soon) };
    }
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stretch = Math.min(leftMs, longestMs);
      timeout = setTimeout(() => (leftMs > stretch ? arm(leftMs - stretch) : fire()), stretch);
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};

export const systemRandom: WorkerRandom = { fraction: Math.random, uuid: () => randomUUID() };
