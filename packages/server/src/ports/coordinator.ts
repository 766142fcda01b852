// Named leases with tokens that only grow: how masters find out which one of them leads. A coordinator detects, it never decides:
// whoever acts by a lease has its token checked in the transaction that writes (store/terms.ts). All calls may hang or fail;
// callers bound them by their own clock and count trust from the moment they made the call (core/lease.ts).

/** A lease as its holder knows it. */
export interface LeaseGrant {
  readonly name: string;
  readonly holder: string;
  /** Larger than that of every earlier grant of this name, also over restarts of the coordinator. */
  readonly token: number;
  /** As granted, which may be more than was asked for. */
  readonly ttlMs: number;
  /** Where tokens come from: tokens of different origins cannot be compared. */
  readonly origin: string;
  /** What the driver itself calls it; meaningless to others. */
  readonly handle: string;
}

/** A lease as others see it. */
export interface HeldLease {
  readonly holder: string;
  readonly token: number;
  /** Until it ends unless it is renewed; null where only `watch` tells. */
  readonly remainingMs: number | null;
}

export interface CoordinatorMember {
  readonly endpoint: string;
  readonly version: string | null;
  /** Whether it leads the coordinator's own cluster; null when it did not answer. */
  readonly leads: boolean | null;
  /** Why it cannot be counted on; null when it is well. */
  readonly trouble: string | null;
}

export interface Coordinator {
  readonly kind: 'store' | 'etcd';
  /** How long leases of this coordinator should last: as short as it detects reliably. */
  readonly ttlMs: number;
  /**
   * Takes a lease that is free, or that `holder` itself holds, which then gets a new token. Null: another one holds it.
   * `holder` names one life of one process, never to be used again.
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<LeaseGrant | null>;
  /** False: it is lost for certain. A lease that has run out is never renewed, even when nobody has taken it. */
  renew(grant: LeaseGrant): Promise<boolean>;
  /** Frees it for others at once. Releasing what is no longer held changes nothing. */
  release(grant: LeaseGrant): Promise<void>;
  holder(name: string): Promise<HeldLease | null>;
  /** A hint that the holder of `name` may have changed. May come late, twice or never; a lease that runs out may give none. */
  watch(name: string, changed: () => void): () => void;
  /** One round trip, and what the coordinator says of its members (none where it has no members). */
  probe(): Promise<readonly CoordinatorMember[]>;
  close(): Promise<void>;
}

/** It did not answer, or not in a way that tells what happened: nothing may be concluded, and nothing is trusted for longer. */
export class CoordinatorUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CoordinatorUnavailable';
  }
}

/** It answers, but not to this master: its credentials, rights or certificates are wrong. Nothing was done, and waiting mends nothing. */
export class CoordinatorRefused extends CoordinatorUnavailable {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CoordinatorRefused';
  }
}
