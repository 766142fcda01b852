// Runs to be replayed, in columns: millions of them fit into a few dozen bytes each, and the simulation looks at numbers only.

export interface ReplayLane {
  readonly queue: string;
  readonly handler: string;
  readonly selector: Readonly<Record<string, string>>;
}

export interface ReplayRun {
  /** When it was due. */
  readonly at: number;
  /** Its place among the lanes. */
  readonly lane: number;
  /** Runs of one job are thought to be equally long; by default those of a lane. */
  readonly job?: number;
  readonly durationMs: number;
  /** A calendar knew of it before. */
  readonly foreseen?: boolean;
}

/** By time. */
export interface ReplayWork {
  readonly lanes: readonly ReplayLane[];
  readonly at: Float64Array;
  readonly lane: Uint16Array;
  readonly job: Uint32Array;
  readonly durationMs: Float32Array;
  readonly foreseen: Uint8Array;
}

export function replayWork(lanes: readonly ReplayLane[], runs: readonly ReplayRun[]): ReplayWork {
  const sorted = runs.toSorted((a, b) => a.at - b.at);
  return {
    lanes,
    at: Float64Array.from(sorted, ({ at }) => at),
    lane: Uint16Array.from(sorted, ({ lane }) => lane),
    job: Uint32Array.from(sorted, ({ lane, job }) => job ?? lane),
    durationMs: Float32Array.from(sorted, ({ durationMs }) => durationMs),
    foreseen: Uint8Array.from(sorted, ({ foreseen }) => Number(foreseen ?? false)),
  };
}

/** Usual length of a run, by lane or by job: their mean. */
export function usualLengths(of: Uint16Array | Uint32Array, durationMs: Float32Array): Float64Array {
  let most = 0;
  for (const each of of) most = Math.max(most, each);
  const sums = new Float64Array(most + 1);
  const counts = new Float64Array(most + 1);
  for (const [index, ms] of durationMs.entries()) {
    const each = of[index] ?? 0;
    sums[each] = (sums[each] ?? 0) + ms;
    counts[each] = (counts[each] ?? 0) + 1;
  }
  return sums.map((sum, each) => Math.max(1, sum / Math.max(1, counts[each] ?? 1)));
}
