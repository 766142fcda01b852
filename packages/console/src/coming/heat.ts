// Buckets of coming fires as rows and columns of a heat map, in the reader's zone: hours by five minutes, or days by hours.

import type { ComingBucket, ComingFires } from '@tidewheel/protocol';
import type { ComingRange } from '../routing/route.ts';
import { clockTime, fullInstant } from '../time/format.ts';

export interface HeatRow {
  /** `2026-11-21` or `14:00`. */
  readonly name: string;
  readonly cells: readonly (ComingBucket | null)[];
}

const columnsOf = { '24h': 12, '7d': 24, '35d': 24 } as const satisfies Record<ComingRange, number>;

export function heatRows(buckets: readonly ComingBucket[], range: ComingRange, zone: string): HeatRow[] {
  const rows = new Map<string, { name: string; cells: (ComingBucket | null)[] }>();
  for (const bucket of buckets) {
    const date = fullInstant(bucket.at, zone).slice(0, 10);
    const time = clockTime(bucket.at, zone);
    const hour = Number(time.slice(0, 2));
    const byHour = range === '24h';
    const key = byHour ? `${date} ${hour}` : date;
    const column = byHour ? Math.floor(Number(time.slice(3, 5)) / 5) : hour;
    const row = rows.get(key) ?? {
      name: byHour ? `${time.slice(0, 2)}:00` : date,
      cells: Array.from({ length: columnsOf[range] }, () => null),
    };
    rows.set(key, row);
    const there = row.cells[column] ?? null;
    // Of an hour that shows twice, the busier one.
    if (there === null || there.fires < bucket.fires) row.cells[column] = bucket;
  }
  return [...rows.values()];
}

export interface Scale {
  readonly low: number;
  readonly span: number;
}

/**
 * From the few of most buckets to the most of any: what always comes would drown what stands out. Buckets that hardly differ must not
 * look as if they did.
 */
export function scaleOf(buckets: readonly Pick<ComingBucket, 'fires'>[]): Scale {
  const counts = buckets.flatMap(({ fires }) => (fires === 0 ? [] : fires)).toSorted((a, b) => a - b);
  const most = counts.at(-1) ?? 1;
  const usual = counts[Math.floor(counts.length / 10)] ?? 0;
  const low = counts.length < buckets.length ? 0 : usual;
  return { low, span: Math.max(most - low, most / 4) };
}

/** 0: nothing; 1 to 5 along the scale. */
export function heatOf(fires: number, { low, span }: Scale): number {
  return fires === 0 ? 0 : 1 + Math.max(0, Math.min(4, Math.floor(((fires - low) / span) * 5)));
}

export const isCrowded = ({ load }: ComingBucket): boolean => load !== null && load > 1;

export interface TopSchedule {
  readonly schedule: string;
  readonly job: string;
  readonly fires: number;
  readonly workMs: number;
}

/** Those that bring the most work, among the first of each bucket. */
export function topSchedules({ buckets }: Pick<ComingFires, 'buckets'>, count: number): TopSchedule[] {
  const sums = new Map<string, { schedule: string; job: string; fires: number; workMs: number }>();
  for (const { schedule, job, fires, workMs } of buckets.flatMap(({ top }) => top)) {
    const sum = sums.get(schedule) ?? { schedule, job, fires: 0, workMs: 0 };
    sums.set(schedule, { schedule, job, fires: sum.fires + fires, workMs: sum.workMs + workMs });
  }
  return [...sums.values()].toSorted((a, b) => b.workMs - a.workMs || b.fires - a.fires).slice(0, count);
}
