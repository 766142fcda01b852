// How tables of the store, holds and rules look in a table.

import { bytesText, type HoldView, type Keep, keepText, type StoreStatus } from '@tidewheel/protocol';
import type { Listing } from './output.ts';

export const tableSizeListing: Listing<StoreStatus['tables'][number]> = {
  name: ({ table }) => `table/${table}`,
  empty: 'the store has no tables',
  columns: () => [
    { title: 'TABLE', value: ({ table }) => table },
    { title: 'SIZE', value: ({ bytes }) => bytesText(bytes), right: true },
    { title: 'ROWS', value: ({ rows }) => Math.round(rows).toLocaleString('en'), right: true },
    { title: 'BLOAT', value: ({ bloatBytes }) => (bloatBytes === 0 ? '' : bytesText(bloatBytes)), right: true },
    { title: 'PARTITIONS', value: ({ partitions }) => (partitions === 0 ? '' : String(partitions)), right: true },
  ],
};

export const holdListing: Listing<HoldView> = {
  name: (hold) => `hold/${hold.id}`,
  empty: 'nothing is held',
  columns: (times) => [
    { title: 'ID', value: (hold) => hold.id },
    { title: 'HOLDS', value: (hold) => hold.run ?? hold.job ?? 'the namespace', shrink: true },
    { title: 'WHAT', value: (hold) => hold.what },
    { title: 'BY', value: (hold) => hold.placedBy },
    { title: 'SINCE', value: (hold) => times(hold.placedAt) },
    { title: 'REASON', value: (hold) => hold.reason, shrink: true },
  ],
};

export interface RuleRow {
  readonly of: string;
  readonly keep: { readonly [Outcome in keyof Keep]?: number | undefined };
}

export const ruleListing: Listing<RuleRow> = {
  name: ({ of }) => of,
  empty: 'no rules',
  columns: () => [
    { title: 'OF', value: ({ of }) => of, shrink: true },
    { title: 'SUCCEEDED', value: ({ keep }) => keepOf(keep.succeeded), right: true },
    { title: 'FAILED', value: ({ keep }) => keepOf(keep.failed), right: true },
    { title: 'CANCELED', value: ({ keep }) => keepOf(keep.canceled), right: true },
  ],
};

function keepOf(ms: number | undefined): string {
  return ms === undefined ? '' : keepText(ms);
}
