// Time as services see it. The monotonic clock measures waiting and trust; the wall clock only labels log lines.
// What is due or expired is decided by the store's clock (`now_ms()`), never by this one.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary start; never steps. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may step. */
  wallMs(): number;
  /** Calls `fire` once after `delayMs`. Timers do not keep the process alive when `background` is true. */
  timer(delayMs: number, fire: () => void, options?: { background?: boolean }): Timer;
}

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(delayMs, resolve);
  });
}
