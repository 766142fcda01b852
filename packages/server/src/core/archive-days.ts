// Which partitions an archive on PostgreSQL should have, and which of them can be made small or dropped. A partition holds the runs
// whose ids begin with a time in [from, to):
//
//   ◄── old ──┤ day │ day │ … │ today │ tomorrow │ … │ rest: whatever has no partition ──►
//
// `old` is what the archive was before it had days. Days that have passed out of their time are dropped; what has to stay of them is
// copied into one small partition first, and small neighbours become one, so that their number stays small too.

export interface ArchivePart {
  readonly name: string;
  /** Null: from the beginning. */
  readonly from: number | null;
  /** Null: of the rest, which has no bounds. */
  readonly to: number | null;
  readonly isRest: boolean;
  /** As far as the engine's statistics know. */
  readonly rows: number;
  /** How often what had to stay was copied into it: 0 of a day as it was. */
  readonly generation: number;
}

export const dayMs = 86_400_000;
/** Days that have their partition before they begin, so that a leaderless cluster goes on for so long. */
const daysAhead = 4;

export const dayOf = (ms: number): number => Math.floor(ms / dayMs) * dayMs;

/** Where the days shall begin when there are none yet: behind every id that may be made while that is being done. */
export function firstDay(now: number, newestId: number | null, patienceMs: number): number {
  return dayOf(Math.max(now, newestId ?? now) + patienceMs) + dayMs;
}

/** Days that need a partition, oldest first. Nothing before the first boundary is ever made. */
export function missingDays(parts: readonly ArchivePart[], now: number): number[] {
  const ends = parts.flatMap(({ to }) => to ?? []);
  if (ends.length === 0) return [];
  // Behind a gap (nobody led for a week) days begin anew today: what fell into the gap is in the rest.
  const first = Math.max(dayOf(Math.max(...ends)), dayOf(now));
  const last = dayOf(now) + daysAhead * dayMs;
  const days: number[] = [];
  for (let day = first; day <= last; day += dayMs) days.push(day);
  return days;
}

export interface Compaction {
  readonly sources: readonly ArchivePart[];
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** The oldest day that ended before `horizon` and was not made small yet, together with a small neighbour before it. */
export function nextCompaction(
  table: string,
  parts: readonly ArchivePart[],
  horizon: number,
  { rowsMost, skip }: { rowsMost: number; skip: ReadonlySet<string> },
): Compaction | null {
  const bounded = parts
    .filter((part): part is ArchivePart & { from: number; to: number } => part.from !== null && part.to !== null)
    .sort((a, b) => a.from - b.from);
  const index = bounded.findIndex((part) => part.generation === 0 && part.to <= horizon && !skip.has(part.name));
  const day = bounded[index];
  if (day === undefined) return null;
  const before = bounded[index - 1];
  const joins = before !== undefined && before.generation > 0 && before.to === day.from && before.rows < rowsMost;
  const sources = joins ? [before, day] : [day];
  const generation = Math.max(...sources.map((part) => part.generation)) + 1;
  const from = joins ? before.from : day.from;
  return { sources, from, to: day.to, name: partName(table, from, generation) };
}

/** `run_archive_20261201`, `run_archive_20261201_g2`. */
export function partName(table: string, from: number, generation: number): string {
  const day = new Date(from).toISOString().slice(0, 10).replaceAll('-', '');
  return `${table}_${day}${generation === 0 ? '' : `_g${generation}`}`;
}

export function generationOf(name: string): number {
  return Number(/_g(\d+)$/.exec(name)?.[1] ?? 0);
}
