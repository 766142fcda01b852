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
    const due = performance.now() + delayMs;
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timeout = setTimeout(
        () => {
          // Node counts from the start of its loop's round, so it fires up to a few ms early. Two heartbeats would then have waited for
          // a little less than two intervals, and a silent master would keep its worker until the lease ends.
          const left = due - performance.now();
          if (left > 0) arm(left);
          else fire();
        },
        Math.min(Math.ceil(leftMs), longestMs),
      );
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};

export const systemRandom: WorkerRandom = { fraction: Math.random, uuid: () => randomUUID() };
