// How shares of cost and plans of capacity look in a table.

import { formatDuration } from '@tidewheel/protocol';
import type { CostShare } from '../core/scaling/cost-shares.ts';
import type { GrowthRow } from '../core/scaling/growth-plan.ts';
import type { Listing } from './output.ts';

/** A share of one pool. */
export type CostRow = CostShare & { readonly pool: string; readonly unit: string | null };

const number = (value: number | null, places: number): string => (value === null ? '' : value.toFixed(places));
const wait = (ms: number): string => formatDuration(ms < 1000 ? Math.round(ms) : Math.round(ms / 100) * 100);

export const costListing: Listing<CostRow> = {
  name: ({ pool, queue, job }) => [pool, queue ?? 'unused', ...(job === null ? [] : [job])].join('/'),
  empty: 'no runs and no workers in this range',
  columns: () => [
    { title: 'POOL', value: ({ pool }) => pool, shrink: true },
    { title: 'QUEUE', value: ({ queue }) => queue ?? '(unused)', shrink: true },
    { title: 'JOB', value: ({ job }) => job ?? '', shrink: true },
    { title: 'RUNS', value: ({ runs }) => String(runs), right: true },
    { title: 'SLOT HOURS', value: ({ slotHours }) => number(slotHours, 2), right: true },
    { title: 'WORKER HOURS', value: ({ workerHours }) => number(workerHours, 2), right: true },
    {
      title: 'COST',
      value: ({ cost, unit }) => (cost === null ? '' : `${number(cost, 2)} ${unit ?? ''}`),
      right: true,
    },
  ],
};

export const capacityListing: Listing<GrowthRow> = {
  name: ({ what }) => what,
  empty: 'nothing to show',
  columns: () => [
    { title: '', value: ({ what }) => what },
    { title: 'RUNS', value: ({ waits }) => String(waits.runs), right: true },
    { title: 'P50', value: ({ waits }) => wait(waits.p50Ms), right: true },
    { title: 'P95', value: ({ waits }) => wait(waits.p95Ms), right: true },
    { title: 'IN TIME', value: ({ waits }) => `${number(waits.held * 100, 1)} %`, right: true },
    { title: 'MOST', value: ({ most }) => String(most), right: true },
    { title: 'WORKER HOURS', value: ({ workerHours }) => number(workerHours, 2), right: true },
    { title: 'COST', value: ({ cost }) => number(cost, 2), right: true },
    { title: 'NEVER BEGUN', value: ({ unserved }) => String(unserved), right: true, wide: true },
  ],
};
