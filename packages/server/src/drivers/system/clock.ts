// The clock of the machine. The only place where services' time comes from.

import type { Clock, Timer } from '../../ports/clock.ts';

/** Node's timers hold no longer delay and would fire at once. */
const timerMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  timer: (delayMs, fire, options = {}) => {
    if (!(delayMs >= 0)) delayMs = 0;
    const due = performance.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      handle = setTimeout(
        () => {
          const left = due - performance.now();
          // Node rounds delays down to whole milliseconds; a timer of ours never fires early.
          if (left > 0) arm(Math.max(1, left));
          else fire();
        },
        Math.min(Math.ceil(leftMs), timerMaxMs),
      );
      if (options.background === true) handle.unref();
    };
    arm(delayMs);
    const timer: Timer = { cancel: () => clearTimeout(handle) };
    return timer;
  },
};

/** Resolves when the event loop has gone round once: what waits at sockets and timers was served meanwhile. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
