// How long a lease may be trusted, and when to renew it. Trust counts from the START of the call that got or renewed it, because
// the lease may have begun to run at that moment; it ends a margin before the lease does, for clocks drift and answers need time.
// Times are of one monotonic clock. A call that failed or has not answered extends nothing.

/** Sixths of a lease: a renewal every second sixth, a call given up after a sixth and a half, the last sixth not trusted. */
export function leaseTiming(ttlMs: number): { renewEveryMs: number; callTimeoutMs: number; marginMs: number } {
  return { renewEveryMs: ttlMs / 3, callTimeoutMs: ttlMs / 4, marginMs: ttlMs / 6 };
}

export function trustedUntil(callStartedMs: number, ttlMs: number): number {
  return callStartedMs + ttlMs - leaseTiming(ttlMs).marginMs;
}

/** A renewal can only lengthen trust: answers may come out of order. */
export function trustRenewed(untilMs: number, callStartedMs: number, ttlMs: number): number {
  return Math.max(untilMs, trustedUntil(callStartedMs, ttlMs));
}
