// How many slots it takes so that runs of several lengths, which come together, all begin within the time that they may wait.
//
// Kept apart by length, n slots bring n × rounds runs of one length to begin: rounds = 1 + ⌊wait / length⌋. But nobody keeps them apart: a slot
// takes whatever is next, and one with a short run is soon free for a long one. How many a slot begins then is the renewal equation: those that begin
// up to t are the first, and, for each length that it may have had, those that begin in what is left of t.

export interface RunsOfLength {
  readonly runs: number;
  readonly runMs: number;
}

/** Into so many parts the wait is cut for the equation; a length counts as the next whole part. */
const parts = 64;

export function slotsForBurst(mix: readonly RunsOfLength[], waitMs: number): number {
  const apart = slotsApart(mix, waitMs);
  let runs = 0;
  let flowing = 0;
  for (const each of mix) {
    runs += each.runs;
    // What n slots can do at most, if never one of them rests.
    flowing += (each.runs * each.runMs) / (each.runMs + waitMs);
  }
  if (mix.length < 2 || runs === 0) return apart;
  return Math.min(apart, Math.max(flowing, runs / begunBySlot(mix, runs, waitMs)));
}

/** As if they were kept apart by length: never fewer than for the mix. */
export function slotsApart(mix: readonly RunsOfLength[], waitMs: number): number {
  return mix.reduce((sum, { runs, runMs }) => sum + runs / roundsOf(runMs, waitMs), 0);
}

/** Runs of this length that one slot begins within the wait, one after the other. */
export function roundsOf(runMs: number, waitMs: number): number {
  return 1 + Math.floor(waitMs / runMs);
}

function begunBySlot(mix: readonly RunsOfLength[], runs: number, waitMs: number): number {
  const lengths = mix.map(({ runs: count, runMs }) => ({
    share: count / runs,
    parts: Math.ceil((runMs * parts) / waitMs),
  }));
  const begun = new Float64Array(parts + 1);
  for (let at = 0; at <= parts; at += 1) {
    let sum = 1;
    for (const length of lengths) if (length.parts <= at) sum += length.share * (begun[at - length.parts] ?? 0);
    begun[at] = sum;
  }
  return begun[parts] ?? 1;
}
