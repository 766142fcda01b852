// What would be lost if the primary of the store were gone now, from what it says of itself and its standbys; and whether that is what
// the configuration demands.

import type { ClusterStatus, Durability, ReplicationMode } from '@tidewheel/protocol';

export type Standby = ClusterStatus['store']['replicas'][number];
export type DurabilityNow = ClusterStatus['store']['durability'];

export interface ReplicationFacts {
  readonly fsync: boolean;
  /** `synchronous_commit` of our own sessions. */
  readonly commit: string;
  /** Whether commits wait for standbys: `synchronous_standby_names` is not empty. */
  readonly waits: boolean;
  readonly standbys: readonly Standby[];
}

/** Levels at which a commit waits for a standby, if any is named. */
const waitingLevels: ReadonlySet<string> = new Set(['remote_write', 'on', 'remote_apply']);

export function durabilityOf(facts: ReplicationFacts, demanded: Durability): DurabilityNow {
  const { fsync, commit, waits, standbys } = facts;
  const said = (
    mode: ReplicationMode,
    rpo: { ms: number | null; bytes: number | null },
    synchronous = 0,
  ): DurabilityNow => ({ mode, rpoMs: rpo.ms, rpoBytes: rpo.bytes, synchronous, demanded });
  const nothing = { ms: 0, bytes: 0 };
  const anything = { ms: null, bytes: null };
  if (!fsync || commit === 'off') return said('unsafe', anything);
  const streaming = standbys.filter(({ state }) => state === 'streaming');
  if (waits && waitingLevels.has(commit)) {
    const confirming = streaming.filter(({ sync }) => sync === 'sync' || sync === 'quorum');
    if (confirming.length > 0) return said('synchronous', nothing, confirming.length);
    // Rows without content: they are there, but not for us.
    return standbys.some(({ state }) => state === 'unknown') ? said('unknown', anything) : said('blocked', nothing);
  }
  if (streaming.length === 0)
    return said(standbys.some(({ state }) => state === 'unknown') ? 'unknown' : 'local', anything);
  // The one that is furthest would be promoted.
  const best = streaming.reduce((one, other) => (bytesOf(other) < bytesOf(one) ? other : one));
  return said('asynchronous', { ms: best.lagMs, bytes: best.lagBytes });
}

function bytesOf({ lagBytes }: Standby): number {
  return lagBytes ?? Number.POSITIVE_INFINITY;
}

/** What of the demand is not so; null when it is met. */
export function durabilityFault({ mode, demanded }: DurabilityNow): string | null {
  if (demanded === 'none') return null;
  if (mode === 'unsafe')
    return 'a crash of PostgreSQL may lose what it has confirmed: fsync or synchronous_commit is off';
  if (mode === 'unknown') return 'the role in use may not see the replication: grant it pg_monitor';
  if (demanded === 'local' || mode === 'synchronous') return null;
  if (mode === 'blocked') return 'no standby is there to confirm commits: they wait until one is';
  return 'commits are confirmed without a standby: the loss of the primary would lose some';
}

/** For people: what the loss of the primary would cost. */
export function rpoText({ mode, rpoMs, rpoBytes, synchronous }: DurabilityNow): string {
  switch (mode) {
    case 'synchronous':
      return `0: synchronous to ${synchronous === 1 ? 'one standby' : `${synchronous} standbys`}`;
    case 'blocked':
      return '0: commits wait for a standby';
    case 'asynchronous':
      return rpoMs === null || rpoBytes === null
        ? 'asynchronous, lag unknown'
        : `up to ${(rpoMs / 1000).toFixed(1)} s (${rpoBytes} bytes), asynchronous`;
    case 'local':
      return 'everything since the last backup: no standby';
    case 'unsafe':
      return 'unknown: a crash may lose confirmed commits';
    case 'unknown':
      return 'unknown: the role in use may not see the replication';
  }
}
