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

/** 0: nothing; 1 to 5: by share of the most. */
export function heatOf(fires: number, most: number): number {
  return fires === 0 ? 0 : Math.max(1, Math.min(5, Math.ceil((fires / Math.max(1, most)) * 5)));
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
