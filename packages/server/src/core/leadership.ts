// What a master makes of its leadership. Pure decisions over times of one monotonic clock; master/elector.ts acts on them.
//
//   follower ── the lease is free, the store answers ──► holds a lease ── the store records a larger token ──► LEADER
//      ▲                                                    │ refused                                            │
//      └──────────── backs off ◄────────────────────────────┴── the lease is lost · fenced · the store is silent ┘
//                                                                · stepped down · stopped
//
// A leader whose coordinator does not answer is no longer trusted but goes on UNTIL FENCED: another one can only lead after it has
// recorded its term in the store, and from that moment every write of this one is refused there. So an outage of the coordinator
// stops changes of leadership, not the duties. What is not fenced by the store must not be begun without trust.

/** Why a term ended. `superseded`: its leader did not say; the next one found it open. `store-promoted`: a standby of the store became its primary. */
export const termEnds = [
  'stopped',
  'stepped-down',
  'transferred',
  'lease-lost',
  'fenced',
  'store-silent',
  'store-promoted',
  'superseded',
] as const;
export type TermEnd = (typeof termEnds)[number];

/** A leader that cannot reach the store is of no use, yet would keep others from leading. */
export const storeSilenceMs = 3000;
/** How long whoever resigned because of itself lets others go first. */
const standBackMs = 5000;
/** Candidates start within this, at random, so that seldom two of them meet. */
const spreadMs = 300;

export interface Leading {
  readonly trustedUntilMs: number;
  /** When the last call began that the store answered. */
  readonly storeSeenMs: number;
}

export type Standing = 'trusted' | 'until-fenced';

export function standingOf(leading: Leading, nowMs: number): Standing {
  return nowMs < leading.trustedUntilMs ? 'trusted' : 'until-fenced';
}

export function storeIsSilent(leading: Leading, nowMs: number): boolean {
  return nowMs - leading.storeSeenMs >= storeSilenceMs;
}

/** When a leader looks again: for its renewal, or because the store may have been silent for too long by then. */
export function keepAfterMs(leading: Leading, startedMs: number, nowMs: number, renewEveryMs: number): number {
  const renewal = startedMs + renewEveryMs - nowMs;
  const silence = leading.storeSeenMs + storeSilenceMs - nowMs;
  return Math.max(0, Math.min(renewal, silence));
}

/** How long a follower waits while another one holds the lease; hints wake it sooner. `fraction` is random in [0, 1). */
export function followForMs(remainingMs: number | null, ttlMs: number, fraction: number): number {
  return Math.min(Math.max(remainingMs ?? ttlMs, 0), ttlMs) + fraction * spreadMs;
}

/** How long to stay out of elections after a term of one's own. */
export function backOffMs(end: TermEnd, fraction: number): number {
  const ownFault = end === 'store-silent' || end === 'stepped-down' || end === 'transferred';
  return (ownFault ? standBackMs : 0) + fraction * spreadMs;
}

/** How long after a candidacy that came to nothing. */
export function retryAfterMs(ttlMs: number, fraction: number): number {
  return ttlMs / 4 + fraction * spreadMs;
}
