// Which history a replicated store follows. A promoted replica begins a new timeline: what its predecessor had confirmed to nobody but
// itself is not in it. Whoever remembers something of the store compares the lineage before acting on it (master/store-change.ts).

/** Where the store's history is at. Two are the same when all three are. */
export interface Lineage {
  /** Of the servers that share one history; a copy that was restored elsewhere has the same, a new database another. */
  readonly systemId: string;
  /** Grows with each promotion. */
  readonly timeline: number;
  /** When the server that answers began to serve: after a restart, too, commits may be there that no standby has. */
  readonly startedAt: string;
}

export interface StoreHistory {
  /** Of the server that answered last; null before the first answer. */
  readonly lineage: Lineage | null;
  /** Told of each change after the first answer. Returns how to stop that. */
  watch(changed: (now: Lineage, before: Lineage) => void): () => void;
  /** Servers that hold the data of another cluster are refused from now on. */
  pin(cluster: string): void;
}

export function sameLineage(one: Lineage, other: Lineage): boolean {
  return one.startedAt === other.startedAt && sameTimeline(one, other);
}

/** False: something that was confirmed may be gone. */
export function sameTimeline(one: Lineage, other: Lineage): boolean {
  return one.systemId === other.systemId && one.timeline === other.timeline;
}
