// What needs attention, without saying the same thing ten times: failed runs of one job are one item. Pure.

import type { Overview } from '@tidewheel/protocol';

type Item = Overview['attention'][number];

export interface AttentionGroup {
  /** The newest of them. */
  readonly item: Item;
  readonly count: number;
  /** There may be more: the server lists no more than so many of a kind. */
  readonly atLeast: boolean;
}

/** The server's bound of each kind; a test compares. */
export const listedOfAKind = 10;

/** Order and newest item are those of the server, which lists the newest first. */
export function grouped(items: readonly Item[]): AttentionGroup[] {
  const groups = new Map<string, AttentionGroup>();
  const ofKind = Map.groupBy(items, (item) => item.kind);
  for (const item of items) {
    const key = `${item.kind} ${item.subject}`;
    const known = groups.get(key);
    const atLeast = (ofKind.get(item.kind)?.length ?? 0) >= listedOfAKind;
    groups.set(key, known === undefined ? { item, count: 1, atLeast } : { ...known, count: known.count + 1 });
  }
  return [...groups.values()];
}
